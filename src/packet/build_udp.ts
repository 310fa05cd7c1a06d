import { putU16 } from "./_bytes.ts";
import { checkField, checkTarget } from "./_fields.ts";
import { pseudoSumOf } from "./_pseudo.ts";
import { finish, sum } from "./checksum.ts";
import type { UDPFields } from "./udp.ts";

/** What it takes to build a UDP datagram: its addresses enter the checksum. */
export interface UDPInit extends UDPFields {
  /** The address it comes from. */
  source: string;
  /** The address it goes to. */
  destination: string;
}

/**
 * Writes a UDP datagram (RFC 768) into memory of the caller's: header, right
 * length and checksum, payload. The payload may already be in place.
 *
 * @param target Where to write, from its first byte on.
 * @param fields What the datagram means.
 * @returns How many bytes were written.
 * @throws {TypeError} If an address is none, or they are of two families.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { emitUdp } from "@echoduct/echoduct/packet";
 *
 * const length = emitUdp(new Uint8Array(100), {
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   sourcePort: 4000,
 *   destinationPort: 53,
 *   payload: new Uint8Array(4),
 * });
 * assert.equal(length, 12);
 * ```
 */
export function emitUdp(target: Uint8Array, fields: UDPInit): number {
  const { payload } = fields;
  const size = checkField("length", payload.length + 8, 0xffff);
  checkTarget(target, size);
  const sourcePort = checkField("sourcePort", fields.sourcePort, 0xffff);
  const port = checkField("destinationPort", fields.destinationPort, 0xffff);
  const pseudo = pseudoSumOf(fields, 17, size);
  target.set(payload, 8);
  putU16(target, 0, sourcePort);
  putU16(target, 2, port);
  putU16(target, 4, size);
  putU16(target, 6, 0);
  // 0 means "no checksum": its other form is sent instead.
  putU16(target, 6, finish(sum(target, pseudo, 0, size)) || 0xffff);
  return size;
}

/**
 * Builds a UDP datagram (RFC 768) with right length and checksum.
 *
 * @param fields What the datagram means.
 * @returns The datagram, the payload of an IP packet of protocol 17.
 * @throws {TypeError} If an address is none, or they are of two families.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildUdp, UDP } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildUdp({
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   sourcePort: 4000,
 *   destinationPort: 53,
 *   payload: new Uint8Array(4),
 * });
 * assert.equal(UDP.parse(bytes)?.length, 12);
 * ```
 */
export function buildUdp(fields: UDPInit): Uint8Array<ArrayBuffer> {
  const size = checkField("length", fields.payload.length + 8, 0xffff);
  const bytes = new Uint8Array(size);
  emitUdp(bytes, fields);
  return bytes;
}
