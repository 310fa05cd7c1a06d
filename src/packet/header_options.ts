/** One option of an IPv4 or TCP header. */
export interface HeaderOption {
  /** Its kind: in IPv4 the whole type octet, copied flag and class included. */
  kind: number;
  /** Its contents, without kind and length; empty for "no operation". */
  data: Uint8Array;
}

/** Kinds of one byte, in IPv4 (RFC 791) as in TCP (RFC 9293). */
const END = 0;
const NO_OPERATION = 1;

/**
 * Reads the options of an IPv4 header (RFC 791 section 3.1) or a TCP header
 * (RFC 9293 section 3.1), which share one shape.
 *
 * @param bytes The options, as `IPv4.options` gives them.
 * @returns The options up to the end of the list or the first malformed one;
 * their data is borrowed.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseOptions } from "@echoduct/echoduct/packet";
 *
 * const [mss] = parseOptions(new Uint8Array([2, 4, 5, 180, 1, 1, 1, 0]));
 * assert.deepEqual(mss, { kind: 2, data: new Uint8Array([5, 180]) });
 * ```
 */
export function parseOptions(bytes: Uint8Array): HeaderOption[] {
  const found: HeaderOption[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== END;) {
    const kind = bytes[at];
    if (kind === NO_OPERATION) {
      found.push({ kind, data: bytes.subarray(at, at) });
      at++;
      continue;
    }
    const end = at + bytes[at + 1];
    if (!(end >= at + 2 && end <= bytes.length)) break;
    found.push({ kind, data: bytes.subarray(at + 2, end) });
    at = end;
  }
  return found;
}

/**
 * Writes options as {@linkcode parseOptions} reads them, padded with zeros to
 * a multiple of 4 bytes.
 *
 * @param options The options; the end of the list is added, not given.
 * @returns The bytes, at most 40.
 * @throws {RangeError} If a kind is not 1 to 255, or they need more than 40
 * bytes.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildOptions } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildOptions([{ kind: 3, data: new Uint8Array([7]) }]);
 * assert.deepEqual(bytes, new Uint8Array([3, 3, 7, 0]));
 * ```
 */
export function buildOptions(
  options: readonly HeaderOption[],
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const { kind, data } of options) {
    if (!Number.isInteger(kind) || kind < 1 || kind > 255) {
      throw new RangeError(
        `Cannot build an option of a kind other than 1 to 255: current value is ${kind}`,
      );
    }
    if (kind === NO_OPERATION) bytes.push(kind);
    else bytes.push(kind, data.length + 2, ...data.subarray(0, 40));
  }
  while (bytes.length % 4 !== 0) bytes.push(END);
  if (bytes.length > 40) {
    throw new RangeError(
      `Cannot build options of more than 40 bytes: current value is ${bytes.length}`,
    );
  }
  return new Uint8Array(bytes);
}
