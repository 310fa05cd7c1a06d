import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, buildIp, buildUdp, Packet } from "../../src/packet/mod.ts";
import { filter, map, pipe, take } from "../../src/stream/mod.ts";
import { memoryPipe, Port } from "../../src/tunnel/mod.ts";
import { bytes, Double, firsts, firstsOf, idle } from "./_doubles.ts";

function datagram(port: number, version: 4 | 6 = 4): Uint8Array {
  const [source, destination] = version === 4
    ? ["10.7.0.1", "10.7.0.2"]
    : ["fd07::1", "fd07::2"];
  const payload = buildUdp({
    source,
    destination,
    sourcePort: port,
    destinationPort: 9,
    payload: new Uint8Array(4),
  });
  return buildIp({ source, destination, protocol: 17, payload });
}

function portOver(room?: number): { port: Port; double: Double } {
  const double = new Double(room);
  return { port: new Port(double, 1500), double };
}

test("packets() gives every packet, in order, as a copy of its own", async () => {
  const { port, double } = portOver();
  double.spring.give(datagram(1), datagram(2, 6), datagram(3));
  const kept: Packet[] = [];
  for await (const packet of port.packets({ batch: 2 })) {
    if (kept.push(packet) === 2) double.spring.give(datagram(4));
    if (kept.length === 4) break;
  }
  assert.deepEqual(kept.map((packet) => packet.version), [4, 6, 4, 4]);
  assert.deepEqual(
    kept.map(({ bytes }) => bytes),
    [datagram(1), datagram(2, 6), datagram(3), datagram(4)],
  );
});

test("packets() leaves out and counts what is no IP packet", async () => {
  const { port, double } = portOver();
  double.spring.give(
    new Uint8Array(0),
    new Uint8Array([0x45, 0, 0]),
    datagram(1),
    new Uint8Array(40).fill(0x99),
    datagram(2),
  );
  const seen: Packet[] = [];
  for await (const packet of pipe(port.packets(), take(2))) seen.push(packet);
  assert.deepEqual(seen.map(({ bytes }) => bytes), [datagram(1), datagram(2)]);
  assert.equal(port.malformed, 3);
});

test("batches() lends one batch that holds at most what was asked", async () => {
  const { port, double } = portOver();
  double.spring.give(...bytes(1, 2, 3, 4, 5));
  const seen: number[][] = [], lent = new Set<Batch>();
  for await (const batch of port.batches({ batch: 2 })) {
    lent.add(batch);
    seen.push(firstsOf(batch));
    if (seen.length === 3) break;
  }
  assert.deepEqual(seen, [[1, 2], [3, 4], [5]]);
  assert.equal(lent.size, 1);
});

for (const how of ["break", "throw", "return"] as const) {
  test(`after ${how} nothing waits, and the port goes on`, async () => {
    const { port, double } = portOver();
    double.spring.give(datagram(1), datagram(2));
    const read = async () => {
      for await (const _ of port.packets({ batch: 1 })) {
        if (how === "break") break;
        if (how === "throw") throw new Error("enough");
        return;
      }
    };
    if (how === "throw") await assert.rejects(read, { message: "enough" });
    else await read();
    assert.equal(double.waiting, 0);
    assert.equal(double.closes, 0);
    const next = await port.packets().next();
    assert.deepEqual((next.value as Packet).bytes, datagram(2));
  });
}

test("an abort ends a stream that waits, with the signal's reason", async () => {
  const { port, double } = portOver();
  const stop = new AbortController();
  const next = port.packets({ signal: stop.signal }).next();
  await idle();
  assert.equal(double.waiting, 1);
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(next, reason);
  assert.equal(double.waiting, 0);
});

test("an abort ends a stream before it reads, and between reads", async () => {
  const { port, double } = portOver();
  const early = port.batches({ signal: AbortSignal.abort() });
  await assert.rejects(early.next(), { name: "AbortError" });
  assert.equal(double.spring.reads, 0);

  const stop = new AbortController();
  const stream = port.batches({ signal: stop.signal });
  double.spring.give(...bytes(1));
  await stream.next();
  double.spring.give(...bytes(2));
  stop.abort();
  await assert.rejects(stream.next(), { name: "AbortError" });
  assert.equal(double.spring.reads, 1);
});

test("closing ends the streams that wait, and closes the handle once", async () => {
  const { port, double } = portOver();
  const waiting = [port.packets().next(), port.batches().next()];
  await idle();
  assert.equal(double.waiting, 2);
  port.close();
  port.close();
  await port[Symbol.asyncDispose]();
  for (const next of waiting) assert.equal((await next).done, true);
  assert.equal((await port.packets().next()).done, true);
  assert.deepEqual([double.waiting, double.closes], [0, 1]);
});

test("what a read fails with ends the stream", async () => {
  const { port, double } = portOver();
  double.spring.failure = new Error("gone");
  await assert.rejects(port.packets().next(), { message: "gone" });
});

test("a stream of packets without end lets timers run", async () => {
  const { port, double } = portOver();
  let fired = false;
  const timer = setTimeout(() => fired = true, 5);
  const until = Date.now() + 2000;
  double.spring.give(...bytes(1));
  for await (const _ of port.batches()) {
    double.spring.packets.push(...bytes(1));
    if (fired || Date.now() > until) break;
  }
  clearTimeout(timer);
  assert.equal(fired, true);
});

test("a sink writes packets, bytes and batches, in order", async () => {
  const { port, double } = portOver();
  const batch = new Batch({ capacity: 4, slotSize: 100 });
  for (const packet of bytes(3, 4, 5)) batch.push(packet);
  const parsed = Packet.from(datagram(7));
  const empty = new Batch({ capacity: 1, slotSize: 1 });
  await port.sink()([...bytes(1, 2), batch, empty, parsed]);
  assert.deepEqual(firsts(double.drain.packets), [1, 2, 3, 4, 5, 0x45]);
  assert.deepEqual(double.drain.packets[5], datagram(7));
});

test("a sink pulls no faster than its port takes", async () => {
  const { port, double } = portOver(2);
  let pulled = 0;
  async function* source() {
    for (const packet of bytes(1, 2, 3, 4, 5)) {
      pulled++;
      yield packet;
    }
  }
  let ended = false;
  const written = port.sink()(source()).then(() => ended = true);
  await idle();
  assert.deepEqual([pulled, double.drain.packets.length, ended], [3, 2, false]);
  double.drain.allow(2);
  await idle();
  assert.deepEqual([pulled, double.drain.packets.length, ended], [5, 4, false]);
  double.drain.allow(1);
  await written;
  assert.deepEqual(firsts(double.drain.packets), [1, 2, 3, 4, 5]);
});

test("a sink writes the rest of a batch that its port took in part", async () => {
  const { port, double } = portOver(2);
  const batch = new Batch({ capacity: 5, slotSize: 100 });
  for (const packet of bytes(1, 2, 3, 4, 5)) batch.push(packet);
  const written = port.sink()([batch]);
  await idle();
  assert.deepEqual(firsts(double.drain.packets), [1, 2]);
  double.drain.allow(2);
  await idle();
  double.drain.allow(2);
  await written;
  assert.deepEqual(firsts(double.drain.packets), [1, 2, 3, 4, 5]);
});

/** A source of one packet after another that tells whether it was closed. */
function closable(count = Infinity) {
  const state = { closed: false };
  async function* source() {
    try {
      for (let i = 0; i < count; i++) yield new Uint8Array([i]);
      await new Promise(() => {});
    } finally {
      state.closed = true;
    }
  }
  return { state, source: source() };
}

test("an abort ends a sink that its port keeps waiting", async () => {
  const { port, double } = portOver(1);
  const stop = new AbortController();
  const { state, source } = closable();
  const written = port.sink({ signal: stop.signal })(source);
  await idle();
  assert.equal(double.waiting, 1);
  stop.abort();
  await assert.rejects(written, { name: "AbortError" });
  await idle();
  assert.deepEqual([double.waiting, state.closed], [0, true]);
});

test("an abort ends a sink that its source keeps waiting", async () => {
  const { port, double } = portOver();
  const stop = new AbortController();
  const { source } = closable(2);
  const written = port.sink({ signal: stop.signal })(source);
  await idle();
  assert.equal(double.drain.packets.length, 2);
  stop.abort();
  const late = new Promise((_, reject) =>
    setTimeout(reject, 1000, new Error("the sink did not end"))
  );
  await assert.rejects(Promise.race([written, late]), { name: "AbortError" });
});

test("closing a port ends its sink and closes the sink's source", async () => {
  const { port, double } = portOver(1);
  const { state, source } = closable();
  const written = port.sink()(source);
  await idle();
  port.close();
  await written;
  assert.deepEqual([double.waiting, state.closed], [0, true]);
  assert.deepEqual(firsts(double.drain.packets), [0]);
});

test("what a sink's source fails with ends it", async () => {
  const { port } = portOver();
  async function* source() {
    yield new Uint8Array([1]);
    throw new Error("source gone");
  }
  await assert.rejects(port.sink()(source()), { message: "source gone" });
});

test("a sink sends what stages made of borrowed batches", async () => {
  const [device, system] = memoryPipe();
  const { port, double } = portOver();
  await system.sink()(bytes(1, 2, 3, 4));
  await pipe(
    device.batches({ batch: 2 }),
    map((batch) => {
      batch.keep((i) => batch.packet(i)[0] !== 2);
      for (let i = 0; i < batch.count; i++) batch.packet(i)[0] += 10;
      return batch;
    }),
    take(2),
    port.sink(),
  );
  assert.deepEqual(firsts(double.drain.packets), [11, 13, 14]);
});

test("packets pass a filter on their way from port to port", async () => {
  const [device, system] = memoryPipe();
  const { port, double } = portOver();
  await system.sink()([datagram(1), datagram(2, 6), datagram(3)]);
  await pipe(
    device.packets(),
    filter((packet: Packet) => packet.version === 4),
    take(2),
    port.sink(),
  );
  assert.deepEqual(double.drain.packets, [datagram(1), datagram(3)]);
});
