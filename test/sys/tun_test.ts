import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Batch, buildIcmpEcho, buildIp, Packet } from "../../src/packet/mod.ts";
import { createNetns, Netlink, TunDevice } from "../../src/sys/mod.ts";
import { lacks } from "../_support/lacks.ts";
import {
  addressWorks,
  setSysctl,
  skipTun as skip,
} from "../lab/icmp_namespace.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { errorOf, runCode, withoutPrivilege } from "./_child.ts";

/** A namespace and, in it, a device that is up, 10.66.0.1/24, fd66::1/64. */
async function lab() {
  const netns = createNetns();
  const netlink = Netlink.open({ netns: netns.fd });
  const tun = TunDevice.open({ name: "lab", netns: netns.fd });
  netlink.setLink("lo", { up: true });
  netlink.setLink("lab", { up: true });
  netlink.addAddress({ link: "lab", address: "10.66.0.1/24" });
  netlink.addAddress({ link: "lab", address: "fd66::1/64" });
  await addressWorks(netlink, "fd66::1");
  return {
    netns,
    netlink,
    tun,
    [Symbol.dispose]() {
      tun.close();
      netlink.close();
      netns.close();
    },
  };
}

/** An echo request that the system answers, as it comes out of the device. */
function request(family: 4 | 6, sequence: number, size = 56): Uint8Array {
  const [source, destination] = family === 4
    ? ["10.66.0.2", "10.66.0.1"]
    : ["fd66::2", "fd66::1"];
  const payload = buildIcmpEcho({
    type: "request",
    identifier: 7,
    sequence,
    payload: new Uint8Array(size),
    source,
    destination,
  });
  const protocol = family === 4 ? 1 : 58;
  return buildIp({ source, destination, protocol, payload });
}

/** Echo replies that the device has within a second, `count` of them. */
async function replies(tun: TunDevice, count: number): Promise<Packet[]> {
  const batch = new Batch({ capacity: 8, slotSize: 2048 });
  const found: Packet[] = [];
  const signal = AbortSignal.timeout(1000);
  while (found.length < count) {
    await tun.readable(signal);
    batch.clear();
    tun.read(batch);
    for (let i = 0; i < batch.count; i++) {
      const packet = Packet.from(batch.copy(i));
      if (packet.icmp?.isEchoReply) found.push(packet);
    }
  }
  return found;
}

for (const family of [4, 6] as const) {
  test(
    `IPv${family} packets go in, and the system's come out`,
    { skip },
    async () => {
      using within = await lab();
      const { tun } = within;
      const batch = new Batch({ capacity: 20, slotSize: 2048 });
      for (let i = 0; i < 20; i++) batch.push(request(family, i, i * 50));
      const sum = batch.lengths.reduce((a, b) => a + b, 0);
      assert.equal(tun.write(batch), 20);
      assert.equal(tun.counters.txPackets, 20);
      assert.equal(tun.counters.txBytes, sum);
      const found = await replies(tun, 20);
      assert.deepEqual(
        found.map(({ icmp }) => [icmp!.sequence, icmp!.payload.length]),
        Array.from({ length: 20 }, (_, i) => [i, i * 50]),
      );
      assert.ok(found.every((packet) => packet.verifyChecksums()));
      assert.ok(tun.counters.rxPackets >= 20);
      assert.ok(tun.counters.rxBytes >= sum);
    },
  );
}

test(
  "a write from the middle of a batch leaves what is before it",
  { skip },
  async () => {
    using within = await lab();
    const batch = new Batch({ capacity: 5, slotSize: 256 });
    for (let i = 0; i < 5; i++) batch.push(request(4, i));
    assert.equal(within.tun.write(batch, 3), 2);
    const found = await replies(within.tun, 2);
    assert.deepEqual(found.map(({ icmp }) => icmp!.sequence), [3, 4]);
  },
);

test(
  "read fills a batch behind what it holds, and no further",
  { skip },
  async () => {
    using within = await lab();
    const requests = new Batch({ capacity: 5, slotSize: 256 });
    for (let i = 0; i < 5; i++) requests.push(request(4, i));
    const batch = new Batch({ capacity: 3, slotSize: 256 });
    // Without IPv6 the system says nothing on its own.
    setSysctl(within.netns.fd, "ipv6/conf/lab/disable_ipv6", "1");
    await sleep(20);
    do batch.clear(); while (within.tun.read(batch) > 0);
    within.tun.write(requests);
    batch.push(new Uint8Array([1]));
    await within.tun.readable(AbortSignal.timeout(1000));
    // A read may bring less than there is, as long as it brings something.
    assert.ok(within.tun.read(batch) > 0);
    while (batch.count < 3) assert.ok(within.tun.read(batch) > 0);
    assert.equal(within.tun.read(batch), 0);
    assert.equal(batch.count, 3);
    assert.deepEqual(batch.copy(0), new Uint8Array([1]));
    assert.equal(Packet.from(batch.packet(2)).icmp!.sequence, 1);
    batch.clear();
    while (batch.count < 3) assert.ok(within.tun.read(batch) > 0);
    assert.equal(Packet.from(batch.packet(0)).icmp!.sequence, 2);
    assert.equal(Packet.from(batch.packet(2)).icmp!.sequence, 4);
  },
);

test(
  "a packet longer than its slot is counted and dropped, those around it stay",
  { skip },
  async () => {
    for (const family of [4, 6] as const) {
      using within = await lab();
      const { tun } = within;
      const header = family === 4 ? 28 : 48;
      const batch = new Batch({ capacity: 4, slotSize: 1500 });
      // Too long, exactly as long as the slot, shorter.
      for (const [i, size] of [500, 200, 100].entries()) {
        batch.push(request(family, i, size - header));
      }
      tun.write(batch);
      const small = new Batch({ capacity: 64, slotSize: 200 });
      await sleep(20);
      while (tun.read(small) > 0);
      const found = [...Array(small.count).keys()]
        .map((i) => Packet.from(small.packet(i)).icmp!)
        .filter((icmp) => icmp.isEchoReply);
      assert.deepEqual(found.map((icmp) => icmp.sequence), [1, 2]);
      assert.equal(tun.counters.rxTruncated, 1);
    }
  },
);

test(
  "what is no IP packet is counted and dropped, what is one goes",
  { skip },
  async () => {
    using within = await lab();
    const { tun } = within;
    const batch = new Batch({ capacity: 8, slotSize: 2048 });
    batch.push(new Uint8Array(0));
    batch.push(request(4, 1));
    batch.push(new Uint8Array(100));
    batch.push(new Uint8Array(100).fill(0xff));
    batch.push(request(4, 2));
    batch.push(new Uint8Array([0x45]));
    batch.push(new Uint8Array([0x6f, 1, 2, 3]));
    batch.push(request(4, 3));
    assert.equal(tun.write(batch), 8);
    assert.equal(tun.counters.txInvalid, 3);
    // The system takes what begins like IP, and drops it later.
    assert.equal(tun.counters.txPackets, 5);
    const found = await replies(tun, 3);
    assert.deepEqual(found.map(({ icmp }) => icmp!.sequence), [1, 2, 3]);
  },
);

test("a packet of a mebibyte does no harm", { skip }, async () => {
  using within = await lab();
  const batch = new Batch({ capacity: 3, slotSize: 1 << 20 });
  const huge = new Uint8Array(1 << 20);
  for (const first of [0x45, 0x60, 0]) {
    huge[0] = first;
    batch.push(huge);
  }
  assert.equal(within.tun.write(batch), 3);
  const { txPackets, txInvalid, txNoBuffer } = within.tun.counters;
  assert.equal(txPackets + txInvalid + txNoBuffer, 3);
});

test(
  "a device that is down gives nothing and takes nothing",
  { skip },
  async () => {
    using within = await lab();
    const { tun, netlink } = within;
    netlink.setLink("lab", { up: false });
    const batch = new Batch({ capacity: 8, slotSize: 2048 });
    do batch.clear(); while (tun.read(batch) > 0);
    assert.equal(tun.read(batch), 0);
    const waiting = tun.readable().then(() => "readable");
    assert.equal(await Promise.race([waiting, sleep(30, "waits")]), "waits");
    batch.push(request(4, 1));
    assert.equal(tun.write(batch), 1);
    assert.equal(tun.counters.txUnreachable, 1);
    assert.equal(tun.counters.txPackets, 0);
    // Up again, it goes on. The kernel took the addresses of IPv6 away.
    netlink.setLink("lab", { up: true });
    assert.equal(tun.write(batch), 1);
    assert.equal((await replies(tun, 1))[0].icmp!.sequence, 1);
    tun.close();
    await waiting;
  },
);

test("a name is taken as given, or its number is found", { skip }, async () => {
  await leavesNothing([], () => {
    using netns = createNetns();
    const open = (name?: string) => TunDevice.open({ name, netns: netns.fd });
    const devices = [
      open(),
      open(),
      open("duct%d"),
      open("duct%d"),
      open("a"),
      open("fifteen-bytes-x"),
      open("ünï"),
      open("with.dot-and_1"),
    ];
    const names = devices.map(({ name }) => name);
    assert.deepEqual(names, [
      "tun0",
      "tun1",
      "duct0",
      "duct1",
      "a",
      "fifteen-bytes-x",
      "ünï",
      "with.dot-and_1",
    ]);
    const netlink = Netlink.open({ netns: netns.fd });
    const links = netlink.links().map(({ name }) => name);
    assert.deepEqual(links.sort(), ["lo", ...names].sort());
    devices[0].close();
    const again = open();
    assert.equal(again.name, "tun0");
    again.close();
    for (const device of devices) device.close();
    netlink.close();
  });
});

test("names that no interface can have are refused", async () => {
  await leavesNothing([], () => {
    for (
      const name of [
        "",
        "sixteen-bytes-xx",
        "ünïcödëünï",
        ".",
        "..",
        "a/b",
        "a:b",
        "a b",
        "a\n",
        "a\0b",
      ]
    ) {
      assert.throws(() => TunDevice.open({ name }), {
        name: "RangeError",
        message: "Cannot name a TUN device: 'name' must have 1 to 15 bytes " +
          "and no slash, colon, space or zero, current value is " +
          JSON.stringify(name),
      });
    }
  });
});

test("a name that is taken is refused, whoever has it", { skip }, async () => {
  using netns = createNetns();
  await leavesNothing([netns.fd], () => {
    using tun = TunDevice.open({ name: "taken", netns: netns.fd });
    for (const name of [tun.name, "lo"]) {
      assert.throws(() => TunDevice.open({ name, netns: netns.fd }), {
        name: "SystemCallError",
        code: "EBUSY",
        syscall: "ioctl",
        message: `Cannot make TUN device '${name}': an interface of that ` +
          "name is there already (EBUSY, ioctl)",
      });
    }
  });
});

test("closing removes the device, again and again", { skip }, async () => {
  using netns = createNetns();
  await leavesNothing([netns.fd], async () => {
    for (let i = 0; i < 20; i++) {
      const tun = TunDevice.open({ name: "again", netns: netns.fd });
      const waiting = i % 2 ? tun.readable() : undefined;
      tun.close();
      tun.close();
      await waiting;
      assert.equal(tun.fd, -1);
    }
  });
});

test(
  "a reader whose device is removed learns it at once",
  { skip },
  async () => {
    using within = await lab();
    const { tun, netlink } = within;
    const batch = new Batch({ capacity: 4, slotSize: 2048 });
    await sleep(20);
    do batch.clear(); while (tun.read(batch) > 0);
    const reading = (async () => {
      for (;;) {
        await tun.readable(AbortSignal.timeout(2000));
        batch.clear();
        tun.read(batch);
      }
    })();
    // Rejected below at the earliest: nobody must miss it until then.
    reading.catch(() => {});
    await sleep(20);
    netlink.removeLink("lab");
    await assert.rejects(reading, {
      name: "SystemCallError",
      code: "EBADFD",
      syscall: "readv",
      message: "Cannot read from TUN device 'lab': the interface was removed " +
        "(EBADFD, readv)",
    });
    batch.clear();
    batch.push(request(4, 1));
    assert.throws(() => tun.write(batch), {
      code: "EBADFD",
      message: "Cannot write to TUN device 'lab': the interface was removed " +
        "(EBADFD, writev)",
    });
  },
);

test("a closed device refuses to read and to write", { skip }, async () => {
  const within = await lab();
  within[Symbol.dispose]();
  const batch = new Batch({ capacity: 4, slotSize: 2048 });
  assert.throws(() => within.tun.read(batch), { code: "EBADF" });
  batch.push(request(4, 1));
  assert.throws(() => within.tun.write(batch), { code: "EBADF" });
});

test("a device in a namespace that is gone is refused", { skip }, () => {
  assert.throws(() => TunDevice.open({ netns: "nowhere" }), { code: "ENOENT" });
});

test("without privilege a device is refused, and it says what would help", {
  skip: lacks("setpriv"),
}, () => {
  const error = runCode(
    errorOf("src/sys/mod", "TunDevice", `TunDevice.open({ name: "mine" })`),
    { wrapper: withoutPrivilege },
  );
  assert.equal(error.name, "PermissionError");
  // Where the file is not everybody's, opening it is refused before that.
  assert.match(
    error.message,
    error.code === "EACCES"
      ? /^Cannot open \/dev\/net\/tun: .*; let this user open the file, .*: chmod 0666 \/dev\/net\/tun; or run as root$/
      : /^Cannot make TUN device 'mine': .*\(EPERM, ioctl\); run as root, with CAP_NET_ADMIN, or inside a user and network namespace of your own: unshare -Urnm COMMAND$/,
  );
});

test("without /dev/net/tun it says which module is missing", {
  skip: skip || lacks("unshare", "mount"),
}, () => {
  const error = runCode(
    errorOf("src/sys/mod", "TunDevice", "TunDevice.open()"),
    {
      wrapper: [
        ...["unshare", "-m", "sh", "-c"],
        'mount -t tmpfs none /dev/net && exec "$@"',
        "sh",
      ],
    },
  );
  assert.equal(error.name, "SystemCallError");
  assert.equal(error.code, "ENOENT");
  assert.match(
    error.message,
    /^Cannot open \/dev\/net\/tun: .*; load the kernel module: modprobe tun$/,
  );
});
