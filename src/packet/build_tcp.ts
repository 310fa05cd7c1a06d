import { putU16, putU32 } from "./_bytes.ts";
import { checkField, checkTarget } from "./_fields.ts";
import { pseudoSumOf } from "./_pseudo.ts";
import { finish, sum } from "./checksum.ts";
import { buildOptions } from "./header_options.ts";
import { TCP_FLAGS, type TCPFields, type TCPFlag } from "./tcp.ts";

/** What it takes to build a TCP segment: its addresses enter the checksum. */
export interface TCPInit extends TCPFields {
  /** The address it comes from. */
  source: string;
  /** The address it goes to. */
  destination: string;
}

const EMPTY = new Uint8Array(0);

/**
 * Writes a TCP segment (RFC 9293) into memory of the caller's: header, right
 * data offset and checksum, payload. The payload may already be in place.
 *
 * @param target Where to write, from its first byte on.
 * @param fields What the segment means.
 * @returns How many bytes were written.
 * @throws {TypeError} If an address or a flag is none, or the addresses are of
 * two families.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { emitTcp } from "@echoduct/echoduct/packet";
 *
 * const length = emitTcp(new Uint8Array(100), {
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   sourcePort: 40_000,
 *   destinationPort: 443,
 *   sequence: 1,
 *   flags: ["SYN"],
 * });
 * assert.equal(length, 20);
 * ```
 */
export function emitTcp(target: Uint8Array, fields: TCPInit): number {
  const { payload = EMPTY } = fields;
  const options = buildOptions(fields.options ?? []);
  const headerLength = 20 + options.length;
  const size = checkField("length", headerLength + payload.length, 0xffff);
  checkTarget(target, size);
  const sourcePort = checkField("sourcePort", fields.sourcePort, 0xffff);
  const port = checkField("destinationPort", fields.destinationPort, 0xffff);
  const sequence = checkField("sequence", fields.sequence, 0xffffffff);
  const acknowledgment = checkField(
    "acknowledgment",
    fields.acknowledgment ?? 0,
    0xffffffff,
  );
  const window = checkField("window", fields.window ?? 0xffff, 0xffff);
  const urgent = checkField("urgentPointer", fields.urgentPointer ?? 0, 0xffff);
  const flags = flagBits(fields.flags ?? []);
  const pseudo = pseudoSumOf(fields, 6, size);

  target.set(payload, headerLength);
  putU16(target, 0, sourcePort);
  putU16(target, 2, port);
  putU32(target, 4, sequence);
  putU32(target, 8, acknowledgment);
  putU16(target, 12, ((headerLength / 4) << 12) | flags);
  putU16(target, 14, window);
  putU16(target, 16, 0);
  putU16(target, 18, urgent);
  target.set(options, 20);
  putU16(target, 16, finish(sum(target, pseudo, 0, size)));
  return size;
}

/**
 * Builds a TCP segment (RFC 9293) with right data offset and checksum.
 *
 * @param fields What the segment means.
 * @returns The segment, the payload of an IP packet of protocol 6.
 * @throws {TypeError} If an address or a flag is none, or the addresses are of
 * two families.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildTcp, TCP } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildTcp({
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   sourcePort: 40_000,
 *   destinationPort: 443,
 *   sequence: 1,
 *   flags: ["SYN"],
 * });
 * assert.deepEqual(TCP.parse(bytes)?.flags, ["SYN"]);
 * ```
 */
export function buildTcp(fields: TCPInit): Uint8Array<ArrayBuffer> {
  const options = buildOptions(fields.options ?? []);
  const size = 20 + options.length + (fields.payload?.length ?? 0);
  const bytes = new Uint8Array(checkField("length", size, 0xffff));
  emitTcp(bytes, fields);
  return bytes;
}

function flagBits(flags: readonly TCPFlag[]): number {
  let bits = 0;
  for (const flag of flags) {
    const index = TCP_FLAGS.indexOf(flag);
    if (index < 0) {
      throw new TypeError(
        `Cannot write a flag that is none of ${
          TCP_FLAGS.join(", ")
        }: current value is ${flag}`,
      );
    }
    bits |= 1 << index;
  }
  return bits;
}
