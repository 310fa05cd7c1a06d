const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Below this many bytes, asking for the buffer costs more than it saves. */
const SHORT = 64;

/** Words per run, so that neither 32-bit accumulator overflows. */
const RUN = 16_384;

// The words of the buffer summed last: on the data path always the same arena.
// It keeps that one buffer alive until another is summed.
let words: Uint32Array = new Uint32Array(0);

/**
 * Adds bytes to a ones' complement sum (RFC 1071), as 16-bit words in network
 * order; an odd last byte counts as if a zero byte followed it.
 *
 * Sums combine in any order: pass one as `initial` of the next, or add two up.
 * All ranges but the last must have an even length.
 *
 * @param bytes The bytes.
 * @param initial A sum to add to, below 2³¹; 0 by default.
 * @param start Where to begin, 0 by default.
 * @param end Where to end, the end of the bytes by default.
 * @returns The sum, 0 to 0xffff, not complemented.
 * @throws {RangeError} If the range does not lie within the bytes.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { sum } from "@echoduct/echoduct/packet";
 *
 * const bytes = new Uint8Array([0x00, 0x01, 0xf2, 0x03]);
 * assert.equal(sum(bytes), 0xf204);
 * assert.equal(sum(bytes, sum(bytes, 0, 0, 2), 2), 0xf204);
 * ```
 */
export function sum(
  bytes: Uint8Array,
  initial = 0,
  start = 0,
  end: number = bytes.length,
): number {
  if (start < 0 || start > end || end > bytes.length) {
    throw new RangeError(
      `Cannot sum outside of ${bytes.length} bytes: current value is ${start} to ${end}`,
    );
  }
  if (end - start < SHORT) return fold(sumBytes(bytes, initial, start, end));

  const first = bytes.byteOffset + start;
  const last = bytes.byteOffset + end;
  const from = (first + 3) >>> 2;
  const to = last >>> 2;
  const body = sumWords(wordsOf(bytes.buffer, to), from, to);
  // Words are read in the host's order, and at addresses that are even in the
  // buffer, perhaps odd in the range: either swaps the bytes of the sum
  // (RFC 1071 section 2 (B)), both together do not.
  const isSwapped = LITTLE_ENDIAN !== ((first & 1) === 1);

  const head = from * 4 - first;
  const rest = to * 4 - first;
  let total = isSwapped ? swap(body) : body;
  for (let i = 0; i < head; i++) total += place(bytes[start + i], i);
  for (let i = rest; i < end - start; i++) total += place(bytes[start + i], i);
  return fold(initial + total);
}

/**
 * Turns a sum into the checksum that stands in a header: folded to 16 bits
 * and complemented.
 *
 * @param sum A sum, below 2³².
 * @returns The checksum, 0 to 0xffff.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { finish } from "@echoduct/echoduct/packet";
 *
 * assert.equal(finish(0x1_0001), 0xfffd);
 * ```
 */
export function finish(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/**
 * The internet checksum of bytes (RFC 1071). Over a header that holds its own
 * right checksum it is 0.
 *
 * @param bytes The bytes.
 * @param start Where to begin, 0 by default.
 * @param end Where to end, the end of the bytes by default.
 * @returns The checksum, 0 to 0xffff.
 * @throws {RangeError} If the range does not lie within the bytes.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { checksum } from "@echoduct/echoduct/packet";
 *
 * const bytes = new Uint8Array([0x00, 0x01, 0xf2, 0x03]);
 * assert.equal(checksum(bytes), 0x0dfb);
 * ```
 */
export function checksum(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): number {
  return finish(sum(bytes, 0, start, end));
}

/**
 * The sum of the pseudo-header that UDP, TCP and ICMPv6 checksums begin with:
 * RFC 768 and RFC 9293 section 3.1 over IPv4, RFC 8200 section 8.1 over IPv6.
 *
 * @param source 4 or 16 bytes of source address.
 * @param destination As many bytes of destination address.
 * @param protocol The upper-layer protocol number, 17 for UDP.
 * @param length Bytes of upper-layer header and payload.
 * @returns The sum, to pass as `initial` to {@linkcode sum}.
 * @throws {RangeError} If the addresses are not both 4 or both 16 bytes.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { addressToBytes, pseudoHeaderSum } from "@echoduct/echoduct/packet";
 *
 * const source = addressToBytes("10.7.0.2");
 * const destination = addressToBytes("10.7.0.1");
 * assert.equal(pseudoHeaderSum(source, destination, 17, 8), 0x142a);
 * ```
 */
export function pseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): number {
  const size = source.length;
  if (destination.length !== size || (size !== 4 && size !== 16)) {
    throw new RangeError(
      `Cannot sum a pseudo-header of addresses that are not both 4 or both 16 bytes: current value is ${size} and ${destination.length}`,
    );
  }
  const fields = protocol + (length >>> 16) + (length & 0xffff);
  return sum(destination, sum(source, fields));
}

function sumBytes(
  bytes: Uint8Array,
  initial: number,
  start: number,
  end: number,
): number {
  let total = initial;
  let i = start;
  for (; i < end - 1; i += 2) total += (bytes[i] << 8) | bytes[i + 1];
  return i < end ? total + (bytes[i] << 8) : total;
}

/** Sums both halves of each word, in the host's order; folded. */
function sumWords(words: Uint32Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to;) {
    const stop = Math.min(to, i + RUN);
    let even = 0;
    let odd = 0;
    for (; i < stop - 1; i += 2) {
      const a = words[i];
      const b = words[i + 1];
      even = (even + (a & 0xffff) + (a >>> 16)) | 0;
      odd = (odd + (b & 0xffff) + (b >>> 16)) | 0;
    }
    if (i < stop) {
      even = (even + (words[i] & 0xffff) + (words[i] >>> 16)) | 0;
      i++;
    }
    total = fold(total + fold(even) + fold(odd));
  }
  return total;
}

function wordsOf(buffer: ArrayBufferLike, needed: number): Uint32Array {
  // A detached or resized buffer leaves its view too short: look again.
  if (words.buffer !== buffer || words.length < needed) {
    words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
  }
  return words;
}

/** The value of a byte by its place in a range of 16-bit words. */
function place(byte: number, index: number): number {
  return (index & 1) === 0 ? byte << 8 : byte;
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >>> 8);
}

function fold(total: number): number {
  const once = (total >>> 16) + (total & 0xffff);
  return (once >>> 16) + (once & 0xffff);
}
