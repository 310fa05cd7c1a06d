import assert from "node:assert/strict";
import {
  ICMP,
  ICMPv6,
  IPv4,
  IPv6,
  Packet,
  parseIcmpExtensions,
  parseOptions,
  TCP,
  UDP,
  type View,
} from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { packet } from "./_samples.ts";
import { Random } from "./_util.ts";

type Parser = (
  bytes: Uint8Array,
  options?: { truncated: boolean },
) => View | undefined;

/** Every parser of a view, with the bytes of packet before what it reads. */
export const parsers: Readonly<
  Record<string, [Parser, (ip: Packet) => number]>
> = {
  Packet: [Packet.parse, () => 0],
  IPv4: [IPv4.parse, () => 0],
  IPv6: [IPv6.parse, () => 0],
  ICMP: [ICMP.parse, upperStart],
  ICMPv6: [ICMPv6.parse, upperStart],
  UDP: [UDP.parse, upperStart],
  TCP: [TCP.parse, upperStart],
};

const GUARD = 64;

/**
 * Gives a parser random and mutated inputs, each in the middle of memory that
 * it has no business with, and reads everything that the views offer.
 *
 * @returns How many inputs were parsed.
 */
export function fuzz(name: string, count: number, seed = 1): number {
  const [parse, startOf] = parsers[name];
  const random = new Random(seed);
  const samples = Object.values(captured);
  let parsed = 0;
  for (let i = 0; i < count; i++) {
    const sample = random.below(3) > 0 ? packet(random) : random.pick(samples);
    const input = random.below(10) === 0
      ? random.bytes(random.below(100))
      : mutate(random, sample.slice(startOf(Packet.from(sample))));
    const memory = new Uint8Array(input.length + GUARD * 2).fill(0xee);
    memory.set(input, GUARD);
    const bytes = memory.subarray(GUARD, GUARD + input.length);
    const view = parse(bytes, { truncated: random.bool() });
    if (view === undefined) continue;
    parsed++;
    try {
      readAll(view, bytes);
    } catch (error) {
      const text = Array.from(input, (b) => b.toString(16).padStart(2, "0"));
      throw new Error(`${name} of ${text.join("")}`, { cause: error });
    }
  }
  return parsed;
}

function upperStart(ip: Packet): number {
  return ip.bytes.length - ip.payload.length;
}

/** Flips, overwrites, cuts or lengthens: mostly a little, in the headers. */
function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  for (let n = random.below(5); n > 0 && bytes.length > 0; n--) {
    const at = random.below(random.bool() ? bytes.length : 48) % bytes.length;
    bytes[at] = random.pick([
      bytes[at] ^ (1 << random.below(8)),
      random.below(256),
      0,
      0xff,
    ]);
  }
  if (random.below(4) > 0) return bytes;
  if (random.bool()) return bytes.slice(0, random.below(bytes.length + 1));
  const longer = new Uint8Array(bytes.length + random.below(50));
  longer.set(bytes);
  return longer;
}

/** Calls every getter and method, and checks that all bytes lie within. */
function readAll(view: View, bounds: Uint8Array, depth = 0): void {
  for (const name of namesOf(view)) {
    const value: unknown = view[name as keyof View];
    checkValue(value, bounds, depth);
  }
  const line = view.toString();
  assert(line.length > 0 && !line.includes("undefined") && !/NaN/.test(line));
  const addresses = [new Uint8Array(16), new Uint8Array(16)] as const;
  if (view instanceof Packet) view.verifyChecksums();
  else if (view instanceof IPv4 || view instanceof ICMP) view.verifyChecksum();
  else if (!(view instanceof IPv6)) {
    (view as UDP | TCP | ICMPv6).verifyChecksum(...addresses);
  }
  if (view instanceof IPv4) {
    for (const { data } of parseOptions(view.options)) within(data, bounds);
  }
  if (view instanceof ICMP || view instanceof ICMPv6) {
    const found = view.extensions && parseIcmpExtensions(view.extensions);
    for (const { payload } of found ?? []) within(payload, bounds);
  }
  if (
    view instanceof IPv4 || view instanceof IPv6 || view instanceof TCP ||
    view instanceof UDP
  ) checkValue(view.toFields(), bounds, depth);
}

function namesOf(view: object): string[] {
  const names = new Set(Object.keys(view));
  for (
    let prototype = Object.getPrototypeOf(view);
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const all = Object.getOwnPropertyDescriptors(prototype);
    for (const [name, { get }] of Object.entries(all)) {
      if (get !== undefined) names.add(name);
    }
  }
  return [...names];
}

function checkValue(value: unknown, bounds: Uint8Array, depth: number): void {
  if (typeof value === "number") {
    assert(Number.isInteger(value) && value >= 0, `${value}`);
  } else if (value instanceof Uint8Array) {
    within(value, bounds);
  } else if (Array.isArray(value)) {
    for (const item of value) checkValue(item, bounds, depth);
  } else if (typeof value === "object" && value !== null) {
    if ("bytes" in value) {
      if (depth < 3) readAll(value as View, bounds, depth + 1);
    } else checkValue(Object.values(value), bounds, depth);
  }
}

function within(bytes: Uint8Array, bounds: Uint8Array): void {
  assert.equal(bytes.buffer, bounds.buffer);
  assert(bytes.byteOffset >= bounds.byteOffset);
  assert(
    bytes.byteOffset + bytes.length <= bounds.byteOffset + bounds.length,
  );
}
