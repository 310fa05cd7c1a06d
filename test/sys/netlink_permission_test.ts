/**
 * Runs itself once more in a user namespace of its own, which has no say over
 * the network namespace that it finds itself in.
 */
import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PermissionError } from "../../src/sys/errors.ts";
import { Netlink } from "../../src/sys/netlink/mod.ts";
import { withNetns } from "../../src/sys/netns.ts";
import { lacks } from "../_support/lacks.ts";
import { inLab, skip } from "./_netlink.ts";

const key = "ECHODUCT_TEST_WITHOUT_PRIVILEGE";

/** Lists, then tries each change; prints how it fared. */
function tryAll(): void {
  const netlink = Netlink.open();
  const lists = [netlink.links(), netlink.routes(), netlink.rules()];
  const route = { destination: "10.0.0.0/8", link: "lo" };
  const address = { link: "lo", address: "10.0.0.1/32" };
  const rule = { family: 4, table: 9 } as const;
  const errors = [
    () => netlink.setLink("lo", { up: true }),
    () => netlink.addVeth({ name: "a", peer: "b" }),
    () => netlink.removeLink("lo"),
    () => netlink.addAddress(address),
    () => netlink.removeAddress(address),
    () => netlink.addRoute(route),
    () => netlink.removeRoute(route),
    () => netlink.addRule(rule),
    () => netlink.removeRule(rule),
  ].map((change) => {
    try {
      change();
      return "done";
    } catch (error) {
      return error instanceof PermissionError ? error.message : String(error);
    }
  });
  console.log(JSON.stringify({ links: lists[0].length, errors }));
}

function withoutPrivilege(netns: number): ReturnType<typeof spawnSync> {
  const program = [process.execPath];
  if (process.versions.deno) program.push("run", "-A");
  program.push(fileURLToPath(import.meta.url));
  const env = { ...process.env, [key]: "1" };
  return withNetns(
    netns,
    () => spawnSync("unshare", ["-U", ...program], { env, encoding: "utf8" }),
  );
}

if (process.env[key]) {
  tryAll();
} else {
  test("without privilege one may look, and is told what would help", {
    skip: skip || lacks("unshare"),
  }, () => {
    inLab(({ fd }) => {
      const { stdout, stderr } = withoutPrivilege(fd);
      const { links, errors } = JSON.parse(String(stdout) || String(stderr));
      assert.equal(links, 1);
      assert.equal(errors.length, 9);
      for (const message of errors) {
        assert.match(message, /^Cannot .*EPERM, RTM_\w+\); run as root, with/);
      }
    });
  });
}
