import assert from "node:assert/strict";
import { test } from "node:test";
import { plainSum } from "../../src/packet/_plain_sum.ts";
import {
  addressToBytes,
  checksum,
  finish,
  pseudoHeaderSum,
  sum,
} from "../../src/packet/mod.ts";
import { hex, Random } from "./_util.ts";

test("sum gives the sum of RFC 1071's example", () => {
  const bytes = hex("0001 f203 f4f5 f6f7");
  assert.equal(sum(bytes), 0xddf2);
  assert.equal(checksum(bytes), 0x220d);
});

test("checksum over a header with its own checksum is 0", () => {
  const header = hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7");
  assert.equal(checksum(header), 0);
  header[10] = header[11] = 0;
  assert.equal(checksum(header), 0xb861);
});

test("sum agrees with the plain version at every offset and length", () => {
  const arena = new Random(1).bytes(400);
  for (let skew = 0; skew < 8; skew++) {
    const bytes = arena.subarray(skew);
    for (let start = 0; start < 9; start++) {
      for (let end = start; end <= 330; end++) {
        const fast = sum(bytes, 0, start, end);
        if (fast === plainSum(bytes, 0, start, end)) continue;
        assert.fail(`differs for skew ${skew}, ${start} to ${end}`);
      }
    }
  }
});

test("sum agrees with the plain version on random ranges", () => {
  const random = new Random(2);
  for (let i = 0; i < 2000; i++) {
    const bytes = random.bytes(random.below(3000)).subarray(random.below(9));
    const start = random.below(bytes.length + 1);
    const end = start + random.below(bytes.length - start + 1);
    const initial = random.below(2 ** 31);
    assert.equal(
      sum(bytes, initial, start, end),
      plainSum(bytes, initial, start, end),
    );
  }
});

test("sum does not overflow on large inputs of ones", () => {
  for (const length of [65_535, 65_536, 65_537, 1_000_003]) {
    const bytes = new Uint8Array(length).fill(0xff);
    assert.equal(sum(bytes), plainSum(bytes), `${length} bytes`);
    assert.equal(sum(bytes, 0, 1), plainSum(bytes, 0, 1), `${length} odd`);
  }
});

test("sum of zeros is 0, and of ones 0xffff", () => {
  assert.equal(sum(new Uint8Array(1400)), 0);
  assert.equal(sum(new Uint8Array(1400).fill(0xff)), 0xffff);
  assert.equal(sum(new Uint8Array(0)), 0);
});

test("sum combines partial sums of even length", () => {
  const random = new Random(3);
  for (let i = 0; i < 500; i++) {
    const bytes = random.bytes(random.below(400));
    const cut = random.below(bytes.length / 2 + 1) & ~1;
    const both = sum(bytes, sum(bytes, 0, 0, cut), cut);
    assert.equal(both, sum(bytes));
    assert.equal(
      finish(sum(bytes, 0, 0, cut) + sum(bytes, 0, cut)),
      finish(both),
    );
  }
});

test("sum takes turns between buffers and survives a detached one", () => {
  const random = new Random(4);
  const [a, b] = [random.bytes(1001), random.bytes(777)];
  for (let i = 0; i < 3; i++) {
    assert.equal(sum(a), plainSum(a));
    assert.equal(sum(b), plainSum(b));
  }
  structuredClone(b.buffer, { transfer: [b.buffer] });
  assert.equal(sum(b), 0);
  assert.equal(sum(a), plainSum(a));
});

test("sum follows a buffer that grows", () => {
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(length: number): void };
  const buffer = new Resizable(100, { maxByteLength: 1000 });
  if (typeof buffer.resize !== "function") return;
  assert.equal(sum(new Uint8Array(buffer)), 0);
  buffer.resize(1000);
  const bytes = new Uint8Array(buffer).fill(7);
  assert.equal(sum(bytes), plainSum(bytes));
  buffer.resize(100);
  assert.equal(sum(bytes.subarray(0, 100)), plainSum(bytes, 0, 0, 100));
});

test("sum works on shared memory", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(500)).fill(3);
  assert.equal(sum(bytes), plainSum(bytes));
});

test("sum refuses a range outside of the bytes", () => {
  const bytes = new Uint8Array(10);
  assert.throws(() => sum(bytes, 0, 0, 11), RangeError);
  assert.throws(() => sum(bytes, 0, -1), RangeError);
  assert.throws(() => sum(bytes, 0, 6, 5), RangeError);
});

test("finish folds what exceeds 16 bits and complements it", () => {
  assert.equal(finish(0), 0xffff);
  assert.equal(finish(0xffff), 0);
  assert.equal(finish(0x1fffe), 0);
  assert.equal(finish(0xffffffff), 0);
});

test("pseudoHeaderSum sums the pseudo-headers of both versions", () => {
  const v4 = hex("0a070002 0a070001 0011 0008");
  const source = addressToBytes("10.7.0.2");
  const destination = addressToBytes("10.7.0.1");
  assert.equal(pseudoHeaderSum(source, destination, 17, 8), plainSum(v4));
  const addresses = hex("fd00".padEnd(31, "0") + "2fd00".padEnd(33, "0") + "1");
  const from = addresses.subarray(0, 16);
  const to = addresses.subarray(16);
  const tail = hex("00012345 0000003a");
  assert.equal(
    pseudoHeaderSum(from, to, 58, 0x12345),
    plainSum(tail, plainSum(addresses)),
  );
  assert.throws(() => pseudoHeaderSum(source, to, 17, 8), RangeError);
});
