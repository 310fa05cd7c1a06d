import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../src/packet/mod.ts";
import {
  type BatchStage,
  drive,
  memoryPipe,
  Pump,
} from "../../src/tunnel/mod.ts";
import { bytes, Drain, firsts, firstsOf, idle, Spring } from "./_doubles.ts";

function pumpOf(options: {
  room?: number;
  stages?: BatchStage[];
  batch?: number;
} = {}) {
  const source = new Spring(), sink = new Drain(options.room);
  const { stages, batch } = options;
  const pump = new Pump({ source, sink, stages, batch, maxPacket: 100 });
  return { pump, source, sink };
}

test("a step moves what is ready, a batch at most", () => {
  const { pump, source, sink } = pumpOf({ batch: 2 });
  assert.equal(pump.step(), 0);
  assert.equal(pump.blocked, "source");
  source.give(...bytes(1, 2, 3));
  assert.ok(pump.step() > 0);
  assert.deepEqual(firsts(sink.packets), [1, 2]);
  assert.ok(pump.step() > 0);
  assert.deepEqual(firsts(sink.packets), [1, 2, 3]);
  assert.equal(pump.step(), 0);
  assert.equal(pump.blocked, "source");
});

test("what the sink would not take goes first the next time", () => {
  const { pump, source, sink } = pumpOf({ room: 2 });
  source.give(...bytes(1, 2, 3));
  assert.ok(pump.step() > 0);
  assert.deepEqual(firsts(sink.packets), [1, 2]);
  assert.equal(pump.blocked, "sink");

  source.give(...bytes(4));
  const { reads } = source;
  assert.equal(pump.step(), 0);
  assert.equal(pump.blocked, "sink");
  assert.equal(source.reads, reads, "it read although the sink was full");

  sink.allow(2);
  assert.ok(pump.step() > 0);
  assert.deepEqual(firsts(sink.packets), [1, 2, 3]);
  assert.ok(pump.step() > 0);
  assert.deepEqual(firsts(sink.packets), [1, 2, 3, 4]);
});

test("stages see each batch once, in order, whatever the sink takes", () => {
  const seen: number[][] = [];
  const { pump, source, sink } = pumpOf({
    room: 1,
    stages: [
      (batch) => {
        seen.push(firstsOf(batch));
        for (let i = 0; i < batch.count; i++) batch.packet(i)[0] += 10;
      },
      (batch) => void batch.keep((i) => batch.packet(i)[0] !== 12),
    ],
  });
  source.give(...bytes(1, 2, 3));
  pump.step();
  sink.allow(5);
  pump.step();
  assert.deepEqual(seen, [[1, 2, 3]]);
  assert.deepEqual(firsts(sink.packets), [11, 13]);
});

test("a batch of which nothing is left is done with", () => {
  const { pump, source, sink } = pumpOf({
    stages: [(batch: Batch) => void batch.keep(() => false)],
  });
  source.give(...bytes(1, 2));
  assert.ok(pump.step() > 0, "packets came in");
  assert.equal(pump.blocked, "source");
  source.give(...bytes(3));
  assert.ok(pump.step() > 0);
  assert.equal(source.packets.length, 0);
  assert.deepEqual(sink.packets, []);
});

test("driving moves what comes, waits at both ends, and ends on abort", async () => {
  const { pump, source, sink } = pumpOf({ room: 2 });
  const stop = new AbortController();
  const driven = drive(pump, { signal: stop.signal });
  driven.catch(() => {});
  await idle();
  assert.deepEqual([source.waiting, sink.waiting], [1, 0]);
  source.give(...bytes(1, 2, 3));
  await idle();
  assert.deepEqual(firsts(sink.packets), [1, 2]);
  assert.deepEqual([source.waiting, sink.waiting], [0, 1]);
  sink.allow(2);
  await idle();
  assert.deepEqual(firsts(sink.packets), [1, 2, 3]);
  const reason = new Error("enough");
  stop.abort(reason);
  await assert.rejects(driven, reason);
  assert.deepEqual([source.waiting, sink.waiting], [0, 0]);
});

test("an abort ends driving while the sink blocks, and before it begins", async () => {
  const { pump, source, sink } = pumpOf({ room: 0 });
  const stop = new AbortController();
  source.give(...bytes(1));
  const driven = drive(pump, { signal: stop.signal });
  driven.catch(() => {});
  await idle();
  assert.equal(sink.waiting, 1);
  stop.abort();
  await assert.rejects(driven, { name: "AbortError" });
  assert.equal(sink.waiting, 0);
  const { reads } = source;
  const { signal } = stop;
  await assert.rejects(drive(pump, { signal }), { name: "AbortError" });
  assert.equal(source.reads, reads);
});

test("driving rejects with what an end or a stage fails with", async () => {
  const broken = pumpOf();
  broken.source.failure = new Error("source gone");
  await assert.rejects(drive(broken.pump), { message: "source gone" });

  const bad = pumpOf({
    stages: [() => {
      throw new Error("bad stage");
    }],
  });
  bad.source.give(...bytes(1));
  await assert.rejects(drive(bad.pump), { message: "bad stage" });
});

test("driving a source without end lets timers run", async () => {
  const stop = new AbortController();
  const { pump, source, sink } = pumpOf({
    stages: [() => {
      source.packets.push(...bytes(1));
      if (Date.now() > until) throw new Error("no timer ran");
    }],
  });
  const until = Date.now() + 2000;
  source.give(...bytes(1));
  setTimeout(() => stop.abort(), 10);
  const { signal } = stop;
  await assert.rejects(drive(pump, { signal }), { name: "AbortError" });
  assert.ok(sink.packets.length > 1);
});

test("two pumps join two pipes into one", async () => {
  const [device, system] = memoryPipe({ capacity: 4 });
  const [link, peer] = memoryPipe({ capacity: 4 });
  const stop = new AbortController();
  const { signal } = stop;
  const driven = [
    drive(new Pump({ source: device, sink: link, maxPacket: 64 }), { signal }),
    drive(new Pump({ source: link, sink: device, maxPacket: 64 }), { signal }),
  ];
  for (const each of driven) each.catch(() => {});
  const count = 200;
  const numbers = Array.from({ length: count }, (_, i) => i % 256);
  const got: number[] = [], back: number[] = [];
  const receive = async (port: typeof peer, into: number[]) => {
    for await (const batch of port.batches()) {
      into.push(...firstsOf(batch));
      if (into.length >= count) break;
    }
  };
  await Promise.all([
    system.sink()(bytes(...numbers)),
    peer.sink()(bytes(...numbers)),
    receive(peer, got),
    receive(system, back),
  ]);
  assert.deepEqual([got, back], [numbers, numbers]);
  stop.abort();
  for (const each of driven) {
    await assert.rejects(each, { name: "AbortError" });
  }
});
