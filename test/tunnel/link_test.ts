import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../src/packet/mod.ts";
import {
  openUdp,
  type UdpLink,
  type UdpOptions,
} from "../../src/tunnel/mod.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { bytes, firsts, firstsOf, idle } from "./_doubles.ts";

/** The first `count` packets of a link. */
async function receive(link: UdpLink, count: number): Promise<number[]> {
  const got: number[] = [];
  for await (
    const batch of link.batches({ signal: AbortSignal.timeout(2000) })
  ) {
    got.push(...firstsOf(batch));
    if (got.length >= count) break;
  }
  return got;
}

for (const address of ["127.0.0.1", "[::1]"]) {
  test(`datagrams pass between two links on ${address}`, async () => {
    await leavesNothing([undefined], async () => {
      const a = await openUdp({ local: `${address}:0` });
      const b = await openUdp({ remote: `${address}:${a.local.port}` });
      assert.deepEqual(b.remote, a.local);
      assert.equal(a.remote, undefined);
      await b.sink()(bytes(1, 2, 3));
      assert.deepEqual(await receive(a, 3), [1, 2, 3]);
      await a.sink()(bytes(4));
      assert.deepEqual(await receive(b, 1), [4]);
      assert.deepEqual(
        [a.counters.rxPackets, a.counters.rxBytes, a.counters.txPackets],
        [3, 3, 1],
      );
      a.close();
      await b[Symbol.asyncDispose]();
    });
  });
}

test("without a remote, packets go to whoever was heard from last", async () => {
  const server = await openUdp({ local: "127.0.0.1:0" });
  const remote = `127.0.0.1:${server.local.port}`;
  const [a, b] = [await openUdp({ remote }), await openUdp({ remote })];
  await server.sink()(bytes(9));
  assert.equal(server.counters.txUnreachable, 1, "there was nobody yet");
  for (const [client, value] of [[a, 1], [b, 2], [a, 3]] as const) {
    await client.sink()(bytes(value));
    assert.deepEqual(await receive(server, 1), [value]);
    await server.sink()(bytes(value + 10));
    assert.deepEqual(await receive(client, 1), [value + 10]);
  }
  for (const link of [server, a, b]) link.close();
});

test("a datagram longer than asked for is dropped and counted", async () => {
  const a = await openUdp({ local: "127.0.0.1:0", maxDatagram: 100 });
  const b = await openUdp({ remote: `127.0.0.1:${a.local.port}` });
  await b.sink()([new Uint8Array(101), new Uint8Array(100).fill(7)]);
  const batch = new Batch({ capacity: 4, slotSize: 100 });
  while (batch.count === 0) {
    await a.readable(AbortSignal.timeout(2000));
    a.read(batch);
  }
  assert.deepEqual(firsts([batch.copy(0)]), [7]);
  assert.deepEqual([a.counters.rxTruncated, a.counters.rxPackets], [1, 1]);
  a.close();
  b.close();
});

test("a peer that is absent costs nothing but what is sent to it", async () => {
  const gone = await openUdp({ local: "127.0.0.1:0" });
  const local = `127.0.0.1:${gone.local.port}`;
  const link = await openUdp({ remote: local });
  gone.close();
  for (let i = 0; i < 3; i++) {
    await link.sink()(bytes(i));
    await idle();
  }
  assert.ok(link.counters.txRefused >= 1);
  const back = await openUdp({ local });
  await link.sink()(bytes(7));
  assert.deepEqual(await receive(back, 1), [7]);
  link.close();
  back.close();
});

const failures: readonly [string, UdpOptions, object][] = [
  ["no address at all", {}, { name: "TypeError", message: /'remote'/ }],
  ["a malformed remote", { remote: "192.0.2.1" }, {
    name: "TypeError",
    message: /"192\.0\.2\.1"/,
  }],
  ["a malformed local", { local: "[::1:7001" }, { name: "TypeError" }],
  ["an IPv6 address without brackets", { local: "::1:7001" }, {
    name: "TypeError",
  }],
  ["a port out of range", { remote: "192.0.2.1:65536" }, {
    name: "RangeError",
    message: /65536/,
  }],
  ["two IP versions", { local: "127.0.0.1:0", remote: "[::1]:7001" }, {
    name: "TypeError",
    message: /both must be IPv4 or both IPv6/,
  }],
  ["an address of another machine", { local: "192.0.2.77:0" }, {
    name: "SystemCallError",
    code: "EADDRNOTAVAIL",
    message: /192\.0\.2\.77:0/,
  }],
  ["a name without an address", { remote: "no-such-host.invalid:7001" }, {
    name: "ResolveError",
    message: /'no-such-host\.invalid'/,
  }],
  ["no room for a datagram", { local: "127.0.0.1:0", maxDatagram: 0 }, {
    name: "RangeError",
    message: /is 0$/,
  }],
  ["too much room", { local: "127.0.0.1:0", maxDatagram: 65_508 }, {
    name: "RangeError",
  }],
  ["an abort before", { local: "127.0.0.1:0", signal: AbortSignal.abort() }, {
    name: "AbortError",
  }],
];

for (const [what, options, expected] of failures) {
  test(`${what} is refused and leaves nothing`, async () => {
    await leavesNothing([undefined], async () => {
      await assert.rejects(openUdp(options), expected);
    });
  });
}

test("a port in use is refused and leaves nothing", async () => {
  const holder = await openUdp({ local: "127.0.0.1:0" });
  const local = `127.0.0.1:${holder.local.port}`;
  await leavesNothing([undefined], async () => {
    await assert.rejects(openUdp({ local }), {
      name: "SystemCallError",
      code: "EADDRINUSE",
      message:
        `Cannot listen on ${local}: Address already in use (EADDRINUSE, bind)`,
    });
  });
  holder.close();
});

test("an abort gives up resolving a name", async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const opening = openUdp({ remote: "no-such-host.invalid:7001", signal });
  stop.abort();
  await assert.rejects(opening, { name: "AbortError" });
});
