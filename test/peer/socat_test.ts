import assert from "node:assert/strict";
import { test } from "node:test";
import { lacks } from "../_support/lacks.ts";
import { openPlainTunnel } from "../../src/tunnel/mod.ts";
import { start } from "../lab/command.ts";
import { eventually } from "../lab/eventually.ts";
import { assertCarries, endOptions, inside } from "../lab/tunnel_pair.ts";
import { skip, twoNamespaces } from "../lab/two_namespaces.ts";

for (const gear of ["worker", "async"] as const) {
  test(`the ${gear} gear talks to socat: one bare packet a datagram`, {
    skip: skip || lacks("socat"),
  }, async () => {
    const lab = twoNamespaces();
    try {
      const { left, right } = lab;
      // First: socat gives up where nobody listens.
      await using _tunnel = await openPlainTunnel({
        ...endOptions(lab, "left"),
        gear,
      });
      await using socat = start([
        "socat",
        `UDP4:${left.v4}:7001,bind=${right.v4}:7001`,
        "TUN:10.7.0.2/24,up,iff-no-pi,tun-type=tun,tun-name=duct0",
      ], { netns: right.fd });
      await eventually(() => right.netlink.link("duct0")?.up, () => true);
      right.netlink.addAddress({ link: "duct0", address: "fd07::2/64" });
      right.netlink.setLink("duct0", { mtu: 1420 });
      await assertCarries(left, inside.right);
      await assertCarries(right, inside.left);
      assert.equal(socat.stderr, "");
    } finally {
      lab[Symbol.dispose]();
    }
  });
}
