import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Batch } from "../../src/packet/mod.ts";
import {
  type SocketAddress,
  SystemCallError,
  UdpSocket,
} from "../../src/sys/mod.ts";
import { setSysctl } from "../lab/icmp_namespace.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { skip, twoNamespaces } from "../lab/two_namespaces.ts";

const hosts = { 4: "127.0.0.1", 6: "::1" } as const;
const any4 = { address: "127.0.0.1", port: 0 };

function batchOf(packets: readonly Uint8Array[], options = {}): Batch {
  const capacity = Math.max(1, packets.length);
  const batch = new Batch({ capacity, slotSize: 2048, ...options });
  for (const packet of packets) batch.push(packet);
  return batch;
}

const bytes = (length: number, first = 0) =>
  Uint8Array.from({ length }, (_, i) => first + i);

/** All that comes within a second, until there are `count`. */
async function receive(
  socket: UdpSocket,
  count: number,
  slotSize = 2048,
): Promise<{ bytes: Uint8Array; peer: SocketAddress | undefined }[]> {
  const batch = new Batch({ capacity: 16, slotSize, peers: true });
  const found = [];
  const signal = AbortSignal.timeout(1000);
  while (found.length < count) {
    await socket.readable(signal);
    batch.clear();
    socket.read(batch);
    for (let i = 0; i < batch.count; i++) {
      found.push({ bytes: batch.copy(i), peer: socket.peer(batch, i) });
    }
  }
  return found;
}

for (const family of [4, 6] as const) {
  const local = { address: hosts[family], port: 0 };

  test(`IPv${family}: a batch goes out in order, with its bytes and its peer`, async () => {
    using a = UdpSocket.open({ local });
    using b = UdpSocket.open({ local, remote: a.local });
    assert.ok(a.local.port > 0);
    assert.equal(a.local.address, hosts[family]);
    const packets = [1, 2000, 0, 100].map((length, i) => bytes(length, i));
    assert.equal(b.write(batchOf(packets)), 4);
    const found = await receive(a, 4);
    assert.deepEqual(found.map((each) => each.bytes), packets);
    for (const { peer } of found) assert.deepEqual(peer, b.local);
    const { txPackets, txBytes } = b.counters;
    assert.deepEqual([txPackets, txBytes], [4, 2101]);
    const { rxPackets, rxBytes } = a.counters;
    assert.deepEqual([rxPackets, rxBytes], [4, 2101]);
  });

  test(`IPv${family}: packets of one batch go to the peers they name`, async () => {
    using hub = UdpSocket.open({ local });
    using b = UdpSocket.open({ local });
    using c = UdpSocket.open({ local });
    for (const [socket, first] of [[b, 1], [c, 2], [b, 3]] as const) {
      using link = UdpSocket.open({ local, remote: hub.local });
      assert.notEqual(link.local.port, socket.local.port);
      // The batch's peers are filled by reading what the peers themselves sent.
      const hello = new Batch({ capacity: 1, slotSize: 64, peers: true });
      hello.push(bytes(4, first));
      setPeer(hello, 0, hub.local, family);
      assert.equal(socket.write(hello), 1);
    }
    await hub.readable();
    const batch = new Batch({ capacity: 8, slotSize: 64, peers: true });
    assert.equal(hub.read(batch), 3);
    assert.equal(hub.write(batch), 3);
    assert.deepEqual(
      (await receive(b, 2)).map((each) => each.bytes),
      [bytes(4, 1), bytes(4, 3)],
    );
    assert.deepEqual((await receive(c, 1))[0].bytes, bytes(4, 2));
    assert.equal(hub.counters.txPackets, 3);
  });

  test(`IPv${family}: without peers, packets go to whoever was heard from last`, async () => {
    using hub = UdpSocket.open({ local });
    using b = UdpSocket.open({ local, remote: hub.local });
    using c = UdpSocket.open({ local, remote: hub.local });
    const answer = batchOf([bytes(3)]);
    assert.equal(hub.write(answer), 1, "done with, though to nobody");
    assert.equal(hub.counters.txUnreachable, 1);
    for (const speaker of [b, c, b]) {
      speaker.write(batchOf([bytes(1)]));
      await receive(hub, 1);
      assert.equal(hub.write(answer), 1);
      assert.deepEqual((await receive(speaker, 1))[0].bytes, bytes(3));
    }
    assert.equal(hub.counters.txUnreachable, 1);
    assert.equal(hub.counters.txPackets, 3);
  });

  test(`IPv${family}: a peer that is absent is counted, and loses no packet`, async () => {
    const absent = UdpSocket.open({ local });
    using socket = UdpSocket.open({ local, remote: absent.local });
    absent.close();
    const batch = batchOf([bytes(1, 1), bytes(1, 2), bytes(1, 3)]);
    assert.equal(socket.write(batch), 3);
    await sleep(20);
    assert.equal(socket.read(batchOf([])), 0);
    assert.ok(socket.counters.txRefused >= 1);
    // One by one, each is told of the one before it.
    const before = socket.counters.txRefused;
    for (let i = 0; i < 4; i++) assert.equal(socket.write(batch), 3);
    assert.ok(socket.counters.txRefused >= before + 3);
    assert.equal(socket.counters.txPackets, 15);
    socket.read(batchOf([]));
    // It comes: from now on everything arrives.
    using present = UdpSocket.open({ local: socket.remote! });
    assert.equal(socket.write(batch), 3);
    const found = await receive(present, 3);
    assert.deepEqual(found.map((each) => each.bytes[0]), [1, 2, 3]);
  });

  test(`IPv${family}: what the path cannot take is counted and dropped alone`, () => {
    using a = UdpSocket.open({ local });
    using b = UdpSocket.open({ local, remote: a.local });
    const batch = batchOf([bytes(1), bytes(65_535), bytes(2)], {
      slotSize: 65_535,
    });
    assert.equal(b.write(batch), 3);
    assert.equal(b.counters.txTooBig, 1);
    assert.equal(b.counters.txPackets, 2);
    assert.equal(b.counters.txBytes, 3);
    const into = batchOf([], { capacity: 4 });
    assert.equal(a.read(into), 2);
    assert.deepEqual([...into.lengths.subarray(0, 2)], [1, 2]);
  });

  test(`IPv${family}: an address in use, and one that is not ours, say so`, async () => {
    await leavesNothing([], () => {
      using a = UdpSocket.open({ local });
      const shown = family === 4 ? "127.0.0.1" : "[::1]";
      assert.throws(() => UdpSocket.open({ local: a.local }), (error) => {
        assert.ok(error instanceof SystemCallError);
        assert.equal(error.code, "EADDRINUSE");
        assert.equal(error.syscall, "bind");
        assert.equal(
          error.message,
          `Cannot listen on ${shown}:${a.local.port}: ` +
            `Address already in use (EADDRINUSE, bind)`,
        );
        return true;
      });
      const foreign = family === 4 ? "192.0.2.99" : "2001:db8::99";
      assert.throws(
        () => UdpSocket.open({ local: { address: foreign, port: 1 } }),
        { code: "EADDRNOTAVAIL", message: /^Cannot listen on \S+:1: / },
      );
      assert.throws(
        () => UdpSocket.open({ local, remote: { address: foreign, port: 1 } }),
        { code: /^(ENETUNREACH|EINVAL|EADDRNOTAVAIL)$/ },
      );
    });
  });
}

test("a datagram longer than its slot is counted and dropped, those around it stay", async () => {
  using a = UdpSocket.open({ local: any4 });
  using b = UdpSocket.open({ local: any4, remote: a.local });
  b.write(
    batchOf([bytes(10, 1), bytes(101), bytes(100, 2), bytes(999), bytes(5, 3)]),
  );
  await sleep(5);
  const batch = new Batch({ capacity: 8, slotSize: 100, peers: true });
  batch.push(bytes(7, 9));
  assert.equal(a.read(batch), 3);
  assert.equal(a.counters.rxTruncated, 2);
  assert.equal(a.counters.rxPackets, 3);
  assert.equal(a.counters.rxBytes, 115);
  assert.deepEqual(
    Array.from({ length: batch.count }, (_, i) => batch.copy(i)),
    [bytes(7, 9), bytes(10, 1), bytes(100, 2), bytes(5, 3)],
  );
  for (let i = 1; i < 4; i++) assert.deepEqual(a.peer(batch, i), b.local);
  assert.equal(new Set(batch.starts).size, 8, "no slot is lost or doubled");
});

test("a full batch takes nothing and loses nothing", async () => {
  using a = UdpSocket.open({ local: any4 });
  using b = UdpSocket.open({ local: any4, remote: a.local });
  b.write(batchOf([bytes(1, 1), bytes(1, 2), bytes(1, 3)]));
  const batch = batchOf([bytes(2)]);
  assert.equal(a.read(batch), 0);
  const two = new Batch({ capacity: 2, slotSize: 8 });
  await a.readable();
  assert.equal(a.read(two), 2);
  two.clear();
  assert.equal(a.read(two), 1);
  assert.equal(two.packet(0)[0], 3);
  two.clear();
  assert.equal(a.read(two), 0);
});

test("more datagrams than one system call takes are all moved", async () => {
  using a = UdpSocket.open({ local: any4 });
  using b = UdpSocket.open({ local: any4, remote: a.local });
  const big = new Batch({ capacity: 1500, slotSize: 16 });
  for (let i = 0; i < 1500; i++) {
    big.push(new Uint8Array([i >> 8, i]));
  }
  let done = 0;
  while (done < big.count) done += b.write(big, done);
  assert.equal(done, 1500);
  const seen: number[] = [];
  while (seen.length < 1500) {
    await a.readable(AbortSignal.timeout(1000));
    big.clear();
    a.read(big);
    for (let i = 0; i < big.count; i++) {
      seen.push(big.packet(i)[0] << 8 | big.packet(i)[1]);
    }
  }
  assert.deepEqual(seen, Array.from({ length: 1500 }, (_, i) => i));
});

test(
  "a socket that is full takes what it can, and the rest later",
  { skip },
  async () => {
    using lab = twoNamespaces();
    const { left, right } = lab;
    setSysctl(left.fd, "ipv4/neigh/cable/retrans_time_ms", "100");
    setSysctl(left.fd, "ipv4/neigh/cable/mcast_solicit", "50");
    // Nobody has this address yet: what is sent waits for ARP, in the socket's
    // buffer.
    const port = 7001, address = "192.0.2.50";
    using socket = UdpSocket.open({
      local: { address: left.v4, port: 0 },
      remote: { address, port },
      bufferSize: 16_384,
      netns: left.fd,
    });
    const batch = batchOf(
      Array.from({ length: 100 }, (_, i) => new Uint8Array(1000).fill(i)),
    );
    const done = socket.write(batch);
    assert.ok(done > 0 && done < 100, `${done} of 100`);
    assert.equal(socket.counters.txPackets, done);
    assert.equal(socket.counters.txBytes, done * 1000);
    assert.equal(socket.write(batch, done), 0, "still full");
    right.netlink.addAddress({ link: "cable", address: `${address}/24` });
    using far = UdpSocket.open({ local: { address, port }, netns: right.fd });
    for (let at = done; at < 100; at += socket.write(batch, at)) {
      await socket.writable(AbortSignal.timeout(2000));
    }
    const found = await receive(far, 100);
    assert.deepEqual(
      found.map((each) => each.bytes[0]),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.equal(socket.counters.txPackets, 100);
  },
);

test("addresses of two families do not go together", async () => {
  await leavesNothing([], () => {
    assert.throws(
      () =>
        UdpSocket.open({ local: any4, remote: { address: "::1", port: 9 } }),
      {
        name: "TypeError",
        message: "Cannot send from 127.0.0.1:0 to [::1]:9: " +
          "both must be IPv4 or both IPv6",
      },
    );
  });
});

test("what is no address or port is refused before anything opens", async () => {
  await leavesNothing([], () => {
    for (const address of ["localhost", "", "10.0.0.256", "::1::"]) {
      assert.throws(
        () => UdpSocket.open({ local: { address, port: 0 } }),
        { name: "TypeError" },
        address,
      );
    }
    for (const port of [-1, 65_536, 1.5, NaN]) {
      assert.throws(
        () => UdpSocket.open({ local: { address: "127.0.0.1", port } }),
        { name: "RangeError" },
        String(port),
      );
    }
  });
});

test("a packet whose peer cannot be sent to costs only itself", async () => {
  using hub = UdpSocket.open({ local: any4 });
  using b = UdpSocket.open({ local: any4 });
  const batch = new Batch({ capacity: 4, slotSize: 64, peers: true });
  for (let i = 0; i < 4; i++) batch.push(bytes(1, i));
  setPeer(batch, 0, b.local, 4);
  // None at all, one of the other family, then a good one again.
  setPeer(batch, 2, { address: "::1", port: b.local.port }, 6);
  setPeer(batch, 3, b.local, 4);
  assert.equal(hub.write(batch), 4);
  assert.equal(hub.counters.txUnreachable, 2);
  assert.equal(hub.counters.txPackets, 2);
  const found = await receive(b, 2);
  assert.deepEqual(found.map((each) => each.bytes[0]), [0, 3]);
});

test("a closed socket refuses to read and to write", () => {
  const socket = UdpSocket.open({
    local: any4,
    remote: { ...any4, port: 9 },
  });
  socket.close();
  assert.throws(() => socket.read(batchOf([])), {
    name: "SystemCallError",
    code: "EBADF",
    message: /^Cannot receive: /,
  });
  assert.throws(() => socket.write(batchOf([bytes(1)])), {
    name: "SystemCallError",
    code: "EBADF",
    message: /^Cannot send: /,
  });
});

test("counters can be shared and are told as an object", () => {
  using socket = UdpSocket.open({ local: any4 });
  assert.ok(socket.counters.values.buffer instanceof SharedArrayBuffer);
  socket.write(batchOf([bytes(1)]));
  assert.deepEqual(socket.counters.toJSON(), {
    rxPackets: 0,
    rxBytes: 0,
    txPackets: 0,
    txBytes: 0,
    rxTruncated: 0,
    txTooBig: 0,
    txRefused: 0,
    txUnreachable: 1,
    txInvalid: 0,
    txNoBuffer: 0,
  });
});

/** Writes a peer as the kernel does: `sockaddr_in`, `sockaddr_in6`. */
function setPeer(
  batch: Batch,
  i: number,
  to: SocketAddress,
  family: 4 | 6,
): void {
  const at = i * 28;
  const view = new DataView(batch.peers!.buffer, at, 28);
  view.setUint16(0, family === 4 ? 2 : 10, true);
  view.setUint16(2, to.port);
  if (family === 4) batch.peers!.set([127, 0, 0, 1], at + 4);
  else batch.peers![at + 23] = 1;
  batch.peerLengths![i] = family === 4 ? 16 : 28;
}
