import { putU16 } from "./_bytes.ts";
import { checkAddress, checkField, checkTarget } from "./_fields.ts";
import { addressToBytes } from "./address.ts";
import { checksum } from "./checksum.ts";
import type { IPv4Fields } from "./ipv4.ts";

/**
 * Writes an IPv4 packet (RFC 791) into memory of the caller's: header, right
 * lengths and checksum, payload. The payload may already be in place.
 *
 * @param target Where to write, from its first byte on.
 * @param fields What the packet means.
 * @returns How many bytes were written.
 * @throws {TypeError} If an address is not IPv4.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { emitIpv4 } from "@echoduct/echoduct/packet";
 *
 * const target = new Uint8Array(1500);
 * const length = emitIpv4(target, {
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   protocol: 253,
 *   payload: new Uint8Array(4),
 * });
 * assert.equal(length, 24);
 * ```
 */
export function emitIpv4(target: Uint8Array, fields: IPv4Fields): number {
  const { payload, options, fragmentOffset = 0 } = fields;
  const headerLength = headerLengthOf(fields);
  const size = checkField("totalLength", headerLength + payload.length, 0xffff);
  checkTarget(target, size);
  checkField("fragmentOffset", fragmentOffset / 8, 0x1fff);
  const dscp = checkField("dscp", fields.dscp ?? 0, 0x3f);
  const ecn = checkField("ecn", fields.ecn ?? 0, 3);
  const ttl = checkField("ttl", fields.ttl ?? 64, 0xff);
  const protocol = checkField("protocol", fields.protocol, 0xff);
  const id = checkField("identification", fields.identification ?? 0, 0xffff);
  const source = addressToBytes(fields.source);
  const destination = addressToBytes(fields.destination);
  checkAddress("source", source, 4);
  checkAddress("destination", destination, 4);

  target.set(payload, headerLength);
  target.fill(0, 0, headerLength);
  target[0] = 0x40 | (headerLength / 4);
  target[1] = (dscp << 2) | ecn;
  putU16(target, 2, size);
  putU16(target, 4, id);
  const flags = (fields.dontFragment === true ? 0x4000 : 0) |
    (fields.moreFragments === true ? 0x2000 : 0);
  putU16(target, 6, flags | (fragmentOffset / 8));
  target[8] = ttl;
  target[9] = protocol;
  target.set(source, 12);
  target.set(destination, 16);
  if (options !== undefined) target.set(options, 20);
  putU16(target, 10, checksum(target, 0, headerLength));
  return size;
}

/**
 * Builds an IPv4 packet (RFC 791) with right lengths and checksum.
 *
 * @param fields What the packet means.
 * @returns The packet.
 * @throws {TypeError} If an address is not IPv4.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIpv4, Packet } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIpv4({
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   protocol: 253,
 *   payload: new Uint8Array([1, 2, 3]),
 *   ttl: 5,
 * });
 * assert.equal(Packet.from(bytes).hopLimit, 5);
 * ```
 */
export function buildIpv4(fields: IPv4Fields): Uint8Array<ArrayBuffer> {
  const size = headerLengthOf(fields) + fields.payload.length;
  const bytes = new Uint8Array(checkField("totalLength", size, 0xffff));
  emitIpv4(bytes, fields);
  return bytes;
}

function headerLengthOf({ options }: IPv4Fields): number {
  const length = checkField("options length", options?.length ?? 0, 40);
  return 20 + Math.ceil(length / 4) * 4;
}
