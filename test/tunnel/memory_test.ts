import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch } from "../../src/packet/mod.ts";
import { memoryPipe } from "../../src/tunnel/mod.ts";
import { bytes, firstsOf, idle } from "./_doubles.ts";

function batchOf(...packets: Uint8Array[]): Batch {
  const batch = new Batch({ capacity: 8, slotSize: 64 });
  for (const packet of packets) batch.push(packet);
  return batch;
}

test("what one end writes, the other reads, both ways and in order", () => {
  const [left, right] = memoryPipe();
  assert.equal(left.write(batchOf(...bytes(1, 2, 3))), 3);
  assert.equal(right.write(batchOf(...bytes(9))), 1);
  const batch = batchOf();
  assert.equal(right.read(batch), 3);
  assert.deepEqual(firstsOf(batch), [1, 2, 3]);
  assert.equal(left.read(batch), 1);
  assert.deepEqual(firstsOf(batch), [1, 2, 3, 9]);
  assert.equal(left.read(batch), 0);
});

test("it takes no more than its capacity until somebody reads", async () => {
  const [left, right] = memoryPipe({ capacity: 2 });
  const batch = batchOf(...bytes(1, 2, 3));
  assert.equal(left.write(batch), 2);
  assert.equal(left.write(batch, 2), 0);
  let writable = false;
  const waiting = left.writable().then(() => writable = true);
  await idle();
  assert.equal(writable, false);
  assert.equal(right.read(batchOf()), 2);
  await waiting;
  assert.equal(left.write(batch, 2), 1);
});

test("what is written is a copy", () => {
  const [left, right] = memoryPipe();
  const batch = batchOf(...bytes(1));
  left.write(batch);
  batch.packet(0)[0] = 7;
  const read = batchOf();
  right.read(read);
  assert.deepEqual(firstsOf(read), [1]);
});

test("a packet that does not fit the reader's slots is dropped", () => {
  const [left, right] = memoryPipe();
  const wide = new Batch({ capacity: 2, slotSize: 100 });
  wide.push(new Uint8Array(65));
  wide.push(new Uint8Array([5]));
  left.write(wide);
  const batch = batchOf();
  assert.equal(right.read(batch), 1);
  assert.deepEqual(firstsOf(batch), [5]);
});

test("who waits to read wakes when something comes", async () => {
  const [left, right] = memoryPipe();
  const readable = right.readable();
  left.write(batchOf(...bytes(1)));
  await readable;
});

for (const wait of ["readable", "writable"] as const) {
  test(`an abort ends ${wait}()`, async () => {
    const [left] = memoryPipe({ capacity: 1 });
    left.write(batchOf(...bytes(1)));
    const stop = new AbortController();
    const waiting = left[wait](stop.signal);
    await idle();
    stop.abort();
    await assert.rejects(waiting, { name: "AbortError" });
    await assert.rejects(left[wait](stop.signal), { name: "AbortError" });
  });
}

test("closing an end wakes both, and the other finds it closed", async () => {
  const [left, right] = memoryPipe();
  const stream = left.batches().next();
  const other = right.batches().next();
  await idle();
  left.close();
  assert.equal((await stream).done, true);
  await assert.rejects(other, /closed/);
  assert.throws(() => right.write(batchOf(...bytes(1))), /closed/);
});
