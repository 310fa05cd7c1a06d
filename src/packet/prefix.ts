import {
  addressToBytes,
  type Family,
  formatAddress,
  type IpAddress,
  parseAddress,
} from "./address.ts";

/** An address with the length of its network part: CIDR, RFC 4632. */
export interface Prefix extends IpAddress {
  /** Bits of the network part, 0 to 32 or 0 to 128. */
  length: number;
}

/** Settings of {@linkcode parsePrefix}. */
export interface ParsePrefixOptions {
  /**
   * Whether a bare address stands for the prefix of that one host, as in
   * WireGuard's AllowedIPs.
   *
   * @default {false}
   */
  bare?: boolean;
}

/**
 * Reads an address with a prefix length. The host part is kept: an interface
 * is given `10.7.0.2/24`; {@linkcode networkOf} clears it.
 *
 * @param text The prefix, as `10.7.0.2/24` or `fd00::1/64`.
 * @param options Whether the length may be missing.
 * @returns Its parts.
 * @throws {TypeError} If the text is not an address, a slash and a number.
 * @throws {RangeError} If the length is above 32 for IPv4 or 128 for IPv6.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { parsePrefix } from "@echoduct/echoduct/packet";
 *
 * const prefix = parsePrefix("10.7.0.2/24");
 * assert.equal(prefix.address, "10.7.0.2");
 * assert.equal(prefix.length, 24);
 * assert.throws(() => parsePrefix("10.7.0.2/33"), RangeError);
 * ```
 */
export function parsePrefix(
  text: string,
  options: ParsePrefixOptions = {},
): Prefix {
  const slash = text.indexOf("/");
  const parsed = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const digits = slash < 0 ? "" : text.slice(slash + 1);
  const isBare = slash < 0 && options.bare === true;
  if (parsed === undefined || !(isBare || /^(?:0|[1-9]\d*)$/.test(digits))) {
    throw new TypeError(
      `Cannot parse a prefix, it must look like 10.7.0.2/24 or fd00::1/64: current value is ${
        JSON.stringify(text)
      }`,
    );
  }
  const most = addressBits(parsed.family);
  const length = isBare ? most : Number(digits);
  if (length > most) {
    throw new RangeError(
      `Cannot parse a prefix of IPv${parsed.family} longer than ${most} bits: current value is ${
        JSON.stringify(text)
      }`,
    );
  }
  return { ...parsed, length };
}

/**
 * Writes a prefix as {@linkcode parsePrefix} reads it, with its zone.
 *
 * @param prefix The prefix.
 * @returns Canonical text.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatPrefix, parsePrefix } from "@echoduct/echoduct/packet";
 *
 * assert.equal(formatPrefix(parsePrefix("FD00:0::1/64")), "fd00::1/64");
 * ```
 */
export function formatPrefix(prefix: Prefix): string {
  const zone = prefix.zone === undefined ? "" : `%${prefix.zone}`;
  return `${prefix.address}${zone}/${prefix.length}`;
}

/**
 * The network of a prefix: the same one with every host bit clear.
 *
 * @param prefix A prefix, or its text.
 * @returns A prefix that owns its bytes.
 * @throws {TypeError | RangeError} If the text is not a prefix.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatPrefix, networkOf } from "@echoduct/echoduct/packet";
 *
 * assert.equal(formatPrefix(networkOf("10.7.0.2/24")), "10.7.0.0/24");
 * ```
 */
export function networkOf(prefix: Prefix | string): Prefix {
  const given = typeof prefix === "string" ? parsePrefix(prefix) : prefix;
  const mask = prefixMask(given.family, given.length);
  const bytes = new Uint8Array(given.bytes.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = given.bytes[i] & mask[i];
  return { ...given, address: formatAddress(bytes), bytes };
}

/**
 * The mask of a prefix length: that many one bits, then zeros.
 *
 * @param family The IP version.
 * @param length Bits, 0 to 32 or 0 to 128.
 * @returns 4 or 16 bytes in network order.
 * @throws {RangeError} If the length is out of range.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatAddress, prefixMask } from "@echoduct/echoduct/packet";
 *
 * assert.equal(formatAddress(prefixMask(4, 20)), "255.255.240.0");
 * ```
 */
export function prefixMask(
  family: Family,
  length: number,
): Uint8Array<ArrayBuffer> {
  const most = addressBits(family);
  if (!Number.isInteger(length) || length < 0 || length > most) {
    throw new RangeError(
      `Cannot make a mask of other than 0 to ${most} bits: current value is ${length}`,
    );
  }
  const mask = new Uint8Array(most / 8);
  for (let i = 0; i < mask.length; i++) {
    const ones = Math.min(8, Math.max(0, length - i * 8));
    mask[i] = 0xff00 >> ones;
  }
  return mask;
}

/**
 * Whether an address lies within a prefix. An address of the other family
 * never does, IPv4-mapped or not; zones are not compared.
 *
 * @param prefix A prefix, or its text.
 * @param address An address as text or as 4 or 16 bytes.
 * @returns Whether the address is inside.
 * @throws {TypeError | RangeError} If a text is not a prefix or an address.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { prefixContains } from "@echoduct/echoduct/packet";
 *
 * assert(prefixContains("10.7.0.2/24", "10.7.0.200"));
 * assert(!prefixContains("10.7.0.2/24", "10.7.1.1"));
 * ```
 */
export function prefixContains(
  prefix: Prefix | string,
  address: Uint8Array | string,
): boolean {
  const { bytes, length } = typeof prefix === "string"
    ? parsePrefix(prefix)
    : prefix;
  const other = typeof address === "string" ? addressToBytes(address) : address;
  if (other.length !== bytes.length) return false;
  const whole = length >>> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== other[i]) return false;
  const rest = length & 7;
  if (rest === 0) return true;
  return ((bytes[whole] ^ other[whole]) & (0xff00 >> rest) & 0xff) === 0;
}

function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}
