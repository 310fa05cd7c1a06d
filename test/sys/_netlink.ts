/** A namespace to work in, and `ip` to check with. */
import "../_support/isolated.ts";
import { execFileSync } from "node:child_process";
import { lacks } from "../_support/lacks.ts";
import { Netlink } from "../../src/sys/netlink/mod.ts";
import { createNetns, withNetns } from "../../src/sys/netns.ts";
import process from "node:process";

/** Why a test that makes namespaces cannot run here, else `false`. */
export const skip: string | false = process.geteuid?.() !== 0
  ? "needs root"
  : lacks("ip");

export interface Lab {
  readonly fd: number;
  readonly netlink: Netlink;
  /** What `ip -j ARGS` says inside. */
  // deno-lint-ignore no-explicit-any
  ip(...args: string[]): any[];
}

/** Runs `work` with a new namespace, in which `lo` is up. */
export function inLab(work: (lab: Lab) => void): void {
  const netns = createNetns();
  const netlink = Netlink.open({ netns: netns.fd });
  try {
    netlink.setLink("lo", { up: true });
    work({
      fd: netns.fd,
      netlink,
      ip: (...args) => ipIn(netns.fd, ...args),
    });
  } finally {
    netlink.close();
    netns.close();
  }
}

/**
 * Links `a` and `b` that are up and have no addresses: the kernel is kept from
 * giving them some, which it would do at a time of its own.
 */
export function addPair({ netlink, ip }: Lab, mtu?: number): void {
  netlink.addVeth({ name: "a", peer: "b", mtu });
  for (const link of ["a", "b"]) {
    ip("link", "set", "dev", link, "addrgenmode", "none");
    netlink.setLink(link, { up: true });
  }
}

/** What `ip -j ARGS` says in a namespace. */
// deno-lint-ignore no-explicit-any
export function ipIn(netns: number | undefined, ...args: string[]): any[] {
  const text = withNetns(
    netns,
    () => execFileSync("ip", ["-j", ...args], { encoding: "utf8" }),
  );
  return JSON.parse(text || "[]").filter((item: object) =>
    Object.keys(item).length > 0
  );
}

/** For `assert.throws`: an error's class, code, and part of its text. */
export function failure(name: string, code: string | undefined, text: RegExp) {
  return (error: unknown): true => {
    const { name: actual, code: actualCode, message } = error as
      & Error
      & { code?: string };
    if (actual === name && actualCode === code && text.test(message)) {
      return true;
    }
    throw error;
  };
}
