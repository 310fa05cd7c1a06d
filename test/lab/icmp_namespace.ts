/** A namespace in which one kind of ICMP socket is to be had. */
import "../_support/isolated.ts";
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { createNetns, Netlink, withNetns } from "../../src/sys/mod.ts";

export type Transport = "dgram" | "raw";

/** Why a test that makes namespaces cannot run here, else `false`. */
export const skip: string | false = process.geteuid?.() === 0
  ? false
  : "needs root";

/**
 * Why a test that makes TUN devices cannot run here, else `false`: in a user
 * namespace `/dev/net/tun` may be somebody else's.
 */
export const skipTun: string | false = skip ||
  !mayOpenTun() && "needs /dev/net/tun to be everybody's";

function mayOpenTun(): boolean {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export interface IcmpNamespace extends Disposable {
  /** Its descriptor; pass it as `netns`. */
  readonly fd: number;
  readonly netlink: Netlink;
}

/** Makes one with loopback up; `"raw"` is what a fresh namespace has. */
export function icmpNamespace(transport: Transport): IcmpNamespace {
  const netns = createNetns();
  try {
    const netlink = Netlink.open({ netns: netns.fd });
    netlink.setLink("lo", { up: true });
    if (transport === "dgram") allowEverybody(netns.fd);
    return {
      fd: netns.fd,
      netlink,
      [Symbol.dispose]() {
        netlink.close();
        netns.close();
      },
    };
  } catch (error) {
    netns.close();
    throw error;
  }
}

/** Lets every group open ping sockets; a user namespace knows only one. */
export function allowEverybody(netns: number): void {
  try {
    setSysctl(netns, "ipv4/ping_group_range", "0 2147483647");
  } catch {
    setSysctl(netns, "ipv4/ping_group_range", "0 0");
  }
}

/** Writes `net.KEY` of a namespace, which is the writing thread's. */
export function setSysctl(netns: number, key: string, value: string): void {
  withNetns(netns, () => writeFileSync(`/proc/sys/net/${key}`, value));
}

/** Reads it. */
export function getSysctl(netns: number, key: string): string {
  return withNetns(
    netns,
    () => readFileSync(`/proc/sys/net/${key}`, "utf8").trim(),
  );
}

/**
 * Resolves once an address works. The kernel takes a few milliseconds with one
 * of IPv6, even if it asks no neighbour whether it is free.
 */
export async function addressWorks(
  netlink: Netlink,
  address: string,
): Promise<void> {
  const local = 255;
  for (let waited = 0; waited < 1000; waited += 2) {
    const routes = netlink.routes({ table: local });
    if (routes.some((each) => each.destination.startsWith(`${address}/`))) {
      return;
    }
    await sleep(2);
  }
  throw new Error(`Cannot use ${address}: it is not there after 1 s`);
}
