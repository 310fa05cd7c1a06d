import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, PEER_SIZE } from "../../src/packet/mod.ts";
import { Random } from "./_util.ts";

function fill(batch: Batch, values: readonly number[]) {
  for (const value of values) {
    assert(batch.push(new Uint8Array(value).fill(value)));
  }
}

function lengths(batch: Batch): number[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const packet = batch.packet(i);
    assert(packet.every((byte) => byte === packet.length));
    return packet.length;
  });
}

test("Batch lays slots out at multiples of 64 bytes, head room first", () => {
  const batch = new Batch({
    capacity: 3,
    slotSize: 100,
    headroom: 16,
    tailroom: 20,
  });
  assert.equal(batch.stride, 192);
  assert.equal(batch.arena.length, 576);
  assert.equal(batch.arena.byteOffset, 0);
  assert.deepEqual([...batch.starts], [16, 208, 400]);
});

test("Batch holds what is pushed until it is full", () => {
  const batch = new Batch({ capacity: 2, slotSize: 4 });
  fill(batch, [3, 4]);
  assert.equal(batch.push(new Uint8Array(1)), false);
  assert.deepEqual(lengths(batch), [3, 4]);
  batch.clear();
  assert.equal(batch.count, 0);
  assert(batch.push(new Uint8Array(0)));
  assert.equal(batch.packet(0).length, 0);
});

test("Batch refuses a packet longer than a slot", () => {
  const batch = new Batch({ capacity: 2, slotSize: 4, tailroom: 60 });
  assert.throws(() => batch.push(new Uint8Array(5)), RangeError);
  assert.equal(batch.count, 0);
});

test("Batch.packet borrows and Batch.copy owns", () => {
  const batch = new Batch({ capacity: 2, slotSize: 4 });
  fill(batch, [2]);
  const copy = batch.copy(0);
  batch.packet(0)[0] = 9;
  assert.equal(batch.packet(0)[0], 9);
  assert.equal(copy[0], 2);
  assert.equal(copy.buffer.byteLength, 2);
});

test("Batch.copies owns every packet, in order", () => {
  const batch = new Batch({ capacity: 3, slotSize: 4 });
  assert.deepEqual(batch.copies(), []);
  for (const bytes of [[1, 2], [], [3, 4, 5]]) {
    batch.push(new Uint8Array(bytes));
  }
  const copies = batch.copies();
  batch.arena.fill(0xff);
  assert.deepEqual(copies.map((copy) => [...copy]), [[1, 2], [], [3, 4, 5]]);
  copies[0].fill(7);
  assert.deepEqual([...copies[2]], [3, 4, 5]);
});

test("Batch refuses an index without a packet", () => {
  const batch = new Batch({ capacity: 2, slotSize: 4 });
  fill(batch, [2]);
  for (const index of [-1, 1, 2, NaN]) {
    assert.throws(() => batch.packet(index), RangeError);
    assert.throws(() => batch.copy(index), RangeError);
  }
});

test("Batch.keep is stable, copies no packet and loses no slot", () => {
  const random = new Random(9);
  const batch = new Batch({ capacity: 50, slotSize: 60, headroom: 8 });
  for (let round = 0; round < 200; round++) {
    const model = lengths(batch);
    while (random.below(8) > 0 && batch.count < batch.capacity) {
      const value = 1 + random.below(60);
      fill(batch, [value]);
      model.push(value);
    }
    const modulus = 1 + random.below(4);
    const kept = model.filter((value) => value % modulus !== 0);
    const before = new Set(batch.starts);
    const held = kept.length;
    assert.equal(batch.keep((i) => batch.lengths[i] % modulus !== 0), held);
    assert.deepEqual(lengths(batch), kept);
    assert.deepEqual(new Set(batch.starts), before);
    if (random.below(10) === 0) batch.clear();
  }
});

test("Batch.keep leaves everything not looked at when the predicate throws", () => {
  const batch = new Batch({ capacity: 4, slotSize: 4 });
  fill(batch, [1, 2, 3, 4]);
  assert.throws(() =>
    batch.keep((index) => {
      if (index === 2) throw new Error("stop");
      return index !== 0;
    }), /stop/);
  assert.deepEqual(lengths(batch), [2, 3, 4]);
});

test("Batch gives a slot its head room back when it is used again", () => {
  const batch = new Batch({
    capacity: 2,
    slotSize: 10,
    headroom: 16,
    tailroom: 16,
  });
  fill(batch, [5, 6]);
  batch.starts[0] -= 16;
  batch.lengths[0] += 32;
  batch.starts[1] += 3;
  assert.equal(batch.packet(0).length, 37);
  batch.keep(() => false);
  assert.deepEqual(new Set(batch.starts), new Set([16, 80]));
  fill(batch, [10, 9]);
  assert.deepEqual(lengths(batch), [10, 9]);
  batch.starts[0] += 5;
  batch.clear();
  assert.deepEqual([...batch.starts], [16, 80]);
});

test("Batch keeps peers beside their packets, only if asked", () => {
  assert.equal(new Batch({ capacity: 1, slotSize: 1 }).peers, undefined);
  const batch = new Batch({ capacity: 3, slotSize: 8, peers: true });
  const { peers, peerLengths } = batch;
  assert(peers !== undefined && peerLengths !== undefined);
  assert.equal(peers.length, 3 * PEER_SIZE);
  fill(batch, [1, 2, 3]);
  for (let i = 0; i < 3; i++) {
    peers.fill(i + 1, i * PEER_SIZE, (i + 1) * PEER_SIZE);
    peerLengths[i] = i === 2 ? 28 : 16;
  }
  batch.keep((index) => index !== 0);
  assert.deepEqual(lengths(batch), [2, 3]);
  assert.deepEqual([peers[0], peers[PEER_SIZE - 1]], [2, 2]);
  assert.deepEqual([peers[PEER_SIZE], peers[PEER_SIZE * 2 - 1]], [3, 3]);
  assert.deepEqual([...peerLengths.subarray(0, 2)], [16, 28]);
});

test("Batch never lives on the engine's heap, however small it is", () => {
  const batch = new Batch({ capacity: 1, slotSize: 1, peers: true });
  const arrays = [batch.arena, batch.starts, batch.lengths, batch.peers];
  for (const array of arrays) {
    assert.equal(array?.byteLength, array?.buffer.byteLength);
  }
});

test("Batch refuses silly sizes and names them", () => {
  const good = { capacity: 4, slotSize: 4 };
  const bad = [
    { capacity: 0 },
    { capacity: 1.5 },
    { capacity: 65_537 },
    { slotSize: 0 },
    { slotSize: NaN },
    { slotSize: 1_048_577 },
    { headroom: -1 },
    { tailroom: Infinity },
    { capacity: 65_536, slotSize: 65_536 },
  ];
  for (const sizes of bad) {
    assert.throws(() => new Batch({ ...good, ...sizes }), {
      name: "RangeError",
      message: /^Cannot create a batch, .*: current value is /,
    });
  }
});
