import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createNetns, Netlink, withNetns } from "../../src/sys/mod.ts";
import { openTun, type TunOptions } from "../../src/tunnel/mod.ts";
import { asNobody, noNobody, run } from "../lab/command.ts";
import { inventory, leavesNothing } from "../lab/leftovers.ts";
import { skip } from "../lab/two_namespaces.ts";

/** Runs `work` with a namespace of its own. */
async function inNetns(
  work: (fd: number, netlink: Netlink) => unknown,
): Promise<void> {
  const netns = createNetns();
  const netlink = Netlink.open({ netns: netns.fd });
  try {
    await work(netns.fd, netlink);
  } finally {
    netlink.close();
    netns.close();
  }
}

test(
  "a device has its name, addresses, routes and MTU, and is up",
  { skip },
  () =>
    inNetns(async (netns, netlink) => {
      await leavesNothing([netns], async () => {
        const tun = await openTun({
          name: "tun7",
          addresses: ["10.7.0.2/24", "fd07::2/64"],
          mtu: 1420,
          netns,
        });
        const { name, mtu, addresses } = tun;
        assert.deepEqual({ name, mtu, addresses }, {
          name: "tun7",
          mtu: 1420,
          addresses: ["10.7.0.2/24", "fd07::2/64"],
        });
        const link = netlink.link("tun7");
        assert.deepEqual([link?.up, link?.mtu, link?.kind], [
          true,
          1420,
          "tun",
        ]);
        const listed = netlink.addresses({ link: "tun7" }).map((at) =>
          at.address
        );
        assert.ok(listed.includes("10.7.0.2/24"), String(listed));
        assert.ok(listed.includes("fd07::2/64"), String(listed));
        assert.equal(netlink.routeTo("10.7.0.77").link, "tun7");
        assert.equal(netlink.routeTo("fd07::77").link, "tun7");
        await tun[Symbol.asyncDispose]();
        assert.equal(netlink.link("tun7"), undefined);
      });
    }),
);

test(
  "an IPv6 address is the system's own once its device is open",
  { skip },
  () =>
    inNetns(async (netns, netlink) => {
      for (let i = 0; i < 30; i++) {
        const address = `fd07::${i + 2}`;
        const tun = await openTun({ addresses: [`${address}/64`], netns });
        const { table } = netlink.routeTo(address);
        tun.close();
        assert.equal(table, 255, `the local table, at device ${i}`);
      }
    }),
);

test(
  "without a name the kernel gives the first free one",
  { skip },
  () =>
    inNetns(async (netns) => {
      await leavesNothing([netns], async () => {
        const first = await openTun({ netns });
        const second = await openTun({ netns, name: "duct%d" });
        const third = await openTun({ netns });
        assert.deepEqual(
          [first.name, second.name, third.name],
          ["tun0", "duct0", "tun1"],
        );
        for (const tun of [first, second, third]) tun.close();
      });
    }),
);

test(
  "what the system sends to a device can be read, and answered",
  { skip },
  () =>
    inNetns(async (netns) => {
      const tun = await openTun({ netns, addresses: ["10.7.0.1/24"] });
      const ping = withNetns(
        netns,
        () => run(["ping", "-c1", "-W5", "10.7.0.9"], { netns }),
      );
      for await (const packet of tun.packets()) {
        if (packet.destination !== "10.7.0.9") continue;
        // Back to where it came from, as a reply (RFC 792): addresses change
        // places, and the checksum grows by the 8 that the type loses.
        const { bytes } = packet;
        const reply = Uint8Array.from(bytes);
        reply.set(bytes.subarray(12, 16), 16);
        reply.set(bytes.subarray(16, 20), 12);
        reply[20] = 0;
        const sum = (bytes[22] << 8 | bytes[23]) + 0x0800;
        reply[22] = sum >> 8;
        reply[23] = sum + (sum >> 16);
        await tun.sink()([reply]);
        break;
      }
      const { code, stdout } = await ping;
      assert.equal(code, 0, stdout);
      assert.ok(tun.counters.rxPackets >= 1);
      assert.deepEqual([tun.counters.txPackets, tun.counters.txBytes], [1, 84]);
      tun.close();
    }),
);

const failures: readonly [string, TunOptions, object][] = [
  ["an invalid address", { addresses: ["10.7.0.2/33"] }, {
    message: /10\.7\.0\.2\/33/,
  }],
  ["an address without a prefix", { addresses: ["10.7.0.2/24", "nonsense"] }, {
    name: "TypeError",
    message: /"nonsense"/,
  }],
  ["an MTU too small", { mtu: 67 }, { name: "RangeError", message: /is 67$/ }],
  ["an MTU too small for IPv6", { mtu: 1279, addresses: ["fd07::1/64"] }, {
    name: "RangeError",
    message: /1280 \(IPv6/,
  }],
  ["an MTU too large", { mtu: 65_536 }, {
    name: "RangeError",
    message: /65535, current value is 65536/,
  }],
  ["an MTU that is no whole number", { mtu: 1400.5 }, { name: "RangeError" }],
  ["a name too long", { name: "sixteen-bytes-ab" }, { name: "RangeError" }],
  ["an empty name", { name: "" }, { name: "RangeError" }],
  ["a name with a slash", { name: "a/b" }, { name: "RangeError" }],
  ["a name that is taken", { name: "lo" }, {
    name: "SystemCallError",
    code: "EBUSY",
    message: /'lo': an interface of that name is there already/,
  }],
  ["an address given twice", { addresses: ["10.7.0.2/24", "10.7.0.2/24"] }, {
    name: "SystemCallError",
    code: "EEXIST",
  }],
];

for (const [what, options, expected] of failures) {
  test(
    `${what} is refused and leaves nothing`,
    { skip },
    () =>
      inNetns(async (netns) => {
        await leavesNothing([netns], async () => {
          await assert.rejects(openTun({ ...options, netns }), expected);
        });
      }),
  );
}

test("a namespace that is not there is refused", { skip }, async () => {
  await leavesNothing([undefined], async () => {
    await assert.rejects(openTun({ netns: "no-such-namespace" }), {
      name: "SystemCallError",
      code: "ENOENT",
      message: /\/run\/netns\/no-such-namespace/,
    });
  });
});

test("who may not make devices is told what would allow it", {
  skip: skip || noNobody,
}, async () => {
  const before = inventory([undefined]).network;
  const { code, stdout, stderr } = await run(
    asNobody([
      "tunnel",
      "plain",
      "--address=10.7.0.1/24",
      "--listen=127.0.0.1:0",
    ]),
  );
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(
    stderr,
    /^echoduct: Cannot .*\(EPERM, ioctl\).*CAP_NET_ADMIN.*unshare -Urnm/,
  );
  assert.deepEqual(inventory([undefined]).network, before);
});
