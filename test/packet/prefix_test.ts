import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatPrefix,
  networkOf,
  parsePrefix,
  prefixContains,
  prefixMask,
} from "../../src/packet/mod.ts";
import { Random } from "./_util.ts";

test("parsePrefix reads both families and keeps the host part", () => {
  assert.deepEqual(parsePrefix("10.7.0.2/24"), {
    family: 4,
    address: "10.7.0.2",
    bytes: new Uint8Array([10, 7, 0, 2]),
    length: 24,
  });
  assert.equal(formatPrefix(parsePrefix("FD00::0:1/64")), "fd00::1/64");
  assert.equal(formatPrefix(parsePrefix("fe80::1%eth0/64")), "fe80::1%eth0/64");
});

test("parsePrefix refuses what is not CIDR", () => {
  const wrong = [
    "",
    "/",
    "10.7.0.2",
    "10.7.0.2/",
    "10.7.0.2/024",
    "10.7.0.2/ 24",
    "10.7.0.2/24/8",
    "10.7.0.2/-1",
    "10.7.0.2/255.255.255.0",
    "10.7.0/24",
    "host/24",
    "::1/1.5",
  ];
  for (const text of wrong) {
    assert.throws(() => parsePrefix(text), TypeError, text);
  }
  for (const text of ["10.7.0.2/33", "::1/129", "::1/9999999999999"]) {
    assert.throws(() => parsePrefix(text), RangeError, text);
  }
});

test("parsePrefix takes a bare address for one host only if asked", () => {
  assert.equal(parsePrefix("10.7.0.2", { bare: true }).length, 32);
  assert.equal(parsePrefix("::1", { bare: true }).length, 128);
  assert.equal(parsePrefix("::1/64", { bare: true }).length, 64);
  assert.throws(() => parsePrefix("10.7.0.2/", { bare: true }), TypeError);
});

test("networkOf clears the host bits and leaves the prefix alone", () => {
  const prefix = parsePrefix("10.7.131.2/17");
  assert.equal(formatPrefix(networkOf(prefix)), "10.7.128.0/17");
  assert.equal(prefix.address, "10.7.131.2");
  assert.equal(formatPrefix(networkOf("fd00:1:2:3::9/0")), "::/0");
  assert.equal(formatPrefix(networkOf("10.7.0.2/32")), "10.7.0.2/32");
});

test("prefixContains agrees with masking every bit", () => {
  const random = new Random(8);
  for (let i = 0; i < 5000; i++) {
    const size = random.bool() ? 4 : 16;
    const length = random.below(size * 8 + 1);
    const family = size === 4 ? 4 : 6;
    const bytes = random.bytes(size);
    const other = bytes.slice();
    const flipped = random.below(size * 8);
    other[flipped >> 3] ^= 0x80 >> (flipped & 7);
    const prefix = { family, address: "", bytes, length } as const;
    assert(prefixContains(prefix, bytes));
    assert.equal(prefixContains(prefix, other), flipped >= length);
    const mask = prefixMask(family, length);
    const same = mask.every((m, k) => (bytes[k] & m) === (other[k] & m));
    assert.equal(same, flipped >= length);
  }
});

test("prefixContains never mixes families", () => {
  assert(!prefixContains("0.0.0.0/0", "::1"));
  assert(!prefixContains("::/0", "10.7.0.2"));
  assert(prefixContains("::/0", "::ffff:10.7.0.2"));
});

test("prefixMask refuses lengths out of range", () => {
  for (const length of [-1, 33, 1.5, NaN]) {
    assert.throws(() => prefixMask(4, length), RangeError);
  }
});
