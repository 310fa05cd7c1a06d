import { parseIpv4, parseIpv6 } from "./_address_parse.ts";

/** The IP version that an address belongs to. */
export type Family = 4 | 6;

/** An IP address, taken apart. */
export interface IpAddress {
  /** The IP version. */
  family: Family;
  /** Canonical text without the zone: dotted decimal, or RFC 5952. */
  address: string;
  /** 4 or 16 bytes in network order. */
  bytes: Uint8Array<ArrayBuffer>;
  /** What follows `%` in an IPv6 address (RFC 4007 section 11), if anything. */
  zone?: string;
}

/**
 * Reads an address: dotted decimal with four parts and no leading zeros, or any
 * form of RFC 4291 section 2.2 with an optional zone, as `fe80::1%eth0`.
 *
 * An IPv4-mapped address (`::ffff:10.0.0.1`) stays an IPv6 address; see
 * {@linkcode unmapAddress}.
 *
 * @param text The address, without brackets, port or prefix length.
 * @returns Its parts, or `undefined` if the text is not an address.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseAddress } from "@echoduct/echoduct/packet";
 *
 * assert.equal(parseAddress("2001:DB8:0:0::1")?.address, "2001:db8::1");
 * assert.equal(parseAddress("fe80::1%eth0")?.zone, "eth0");
 * assert.equal(parseAddress("10.0.0.256"), undefined);
 * ```
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const bytes = parseIpv4(text);
    if (bytes === undefined) return undefined;
    return { family: 4, address: formatAddress(bytes), bytes };
  }
  const percent = text.indexOf("%");
  const bytes = parseIpv6(percent < 0 ? text : text.slice(0, percent));
  if (bytes === undefined) return undefined;
  const address = formatAddress(bytes);
  if (percent < 0) return { family: 6, address, bytes };
  const zone = text.slice(percent + 1);
  if (!/^[^\s%/[\]]+$/.test(zone)) return undefined;
  return { family: 6, address, bytes, zone };
}

/**
 * Which IP version the text is an address of.
 *
 * @param text Any text.
 * @returns 4, 6, or `undefined` if it is not an address.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { addressFamily } from "@echoduct/echoduct/packet";
 *
 * assert.equal(addressFamily("::1"), 6);
 * assert.equal(addressFamily("example.com"), undefined);
 * ```
 */
export function addressFamily(text: string): Family | undefined {
  return parseAddress(text)?.family;
}

/**
 * The bytes of an address in network order. A zone is dropped.
 *
 * @param text The address.
 * @returns 4 or 16 bytes in memory of their own.
 * @throws {TypeError} If the text is not an address.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { addressToBytes } from "@echoduct/echoduct/packet";
 *
 * assert.deepEqual(addressToBytes("10.7.0.2"), new Uint8Array([10, 7, 0, 2]));
 * ```
 */
export function addressToBytes(text: string): Uint8Array<ArrayBuffer> {
  const parsed = parseAddress(text);
  if (parsed !== undefined) return parsed.bytes;
  throw new TypeError(
    `Cannot parse an IP address: current value is ${JSON.stringify(text)}`,
  );
}

/**
 * Writes an address in canonical text: dotted decimal, or RFC 5952, with an
 * IPv4-mapped address in mixed notation (its section 5).
 *
 * @param bytes Bytes that hold the address in network order.
 * @param start Where it begins, 0 by default.
 * @param end Where it ends, the end of the bytes by default.
 * @returns The text, without a zone.
 * @throws {RangeError} If the range is not 4 or 16 bytes within `bytes`.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatAddress } from "@echoduct/echoduct/packet";
 *
 * assert.equal(formatAddress(new Uint8Array([10, 7, 0, 2])), "10.7.0.2");
 * assert.equal(formatAddress(new Uint8Array(16)), "::");
 * ```
 */
export function formatAddress(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): string {
  const length = end - start;
  if (start < 0 || end > bytes.length || (length !== 4 && length !== 16)) {
    throw new RangeError(
      `Cannot format an address of neither 4 nor 16 bytes: current value is ${start} to ${end} of ${bytes.length}`,
    );
  }
  return length === 4 ? formatIpv4(bytes, start) : formatIpv6(bytes, start);
}

/**
 * Brings an address to canonical text and keeps its zone.
 *
 * @param text The address.
 * @returns The same address in canonical text.
 * @throws {TypeError} If the text is not an address.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { canonicalAddress } from "@echoduct/echoduct/packet";
 *
 * assert.equal(canonicalAddress("FE80:0::1%eth0"), "fe80::1%eth0");
 * ```
 */
export function canonicalAddress(text: string): string {
  const canonical = formatAddress(addressToBytes(text));
  const percent = text.indexOf("%");
  return percent < 0 ? canonical : canonical + text.slice(percent);
}

/**
 * Turns an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) into the IPv4
 * address it stands for; any other address comes back in canonical text.
 *
 * @param text The address.
 * @returns The address in canonical text, unmapped.
 * @throws {TypeError} If the text is not an address.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { unmapAddress } from "@echoduct/echoduct/packet";
 *
 * assert.equal(unmapAddress("::ffff:10.7.0.2"), "10.7.0.2");
 * assert.equal(unmapAddress("::1"), "::1");
 * ```
 */
export function unmapAddress(text: string): string {
  const canonical = canonicalAddress(text);
  return /^::ffff:[\d.]+(?:%.*)?$/.test(canonical)
    ? canonical.slice("::ffff:".length).replace(/%.*$/, "")
    : canonical;
}

function formatIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function formatIpv6(bytes: Uint8Array, at: number): string {
  if (isMapped(bytes, at)) return `::ffff:${formatIpv4(bytes, at + 12)}`;
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    words.push((bytes[at + i] << 8) | bytes[at + i + 1]);
  }
  const [from, to] = longestZeroRun(words);
  if (to - from < 2) return hex(words);
  return `${hex(words.slice(0, from))}::${hex(words.slice(to))}`;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

/** The first longest run of zero words, as RFC 5952 section 4.2.3 asks. */
function longestZeroRun(words: readonly number[]): [number, number] {
  let best: [number, number] = [0, 0];
  for (let from = 0; from < words.length; from++) {
    let to = from;
    while (to < words.length && words[to] === 0) to++;
    if (to - from > best[1] - best[0]) best = [from, to];
    from = Math.max(from, to);
  }
  return best;
}

function hex(words: readonly number[]): string {
  return words.map((word) => word.toString(16)).join(":");
}
