import { putU16, putU32 } from "./_bytes.ts";
import {
  AUTHENTICATION,
  FRAGMENT,
  isExtensionHeader,
} from "./_extension_headers.ts";
import { checkAddress, checkField, checkTarget } from "./_fields.ts";
import { addressToBytes } from "./address.ts";
import type { ExtensionHeader, IPv6Fields } from "./ipv6.ts";

/**
 * Writes an IPv6 packet (RFC 8200) into memory of the caller's: headers with
 * right lengths, payload. The payload may already be in place.
 *
 * @param target Where to write, from its first byte on.
 * @param fields What the packet means.
 * @returns How many bytes were written.
 * @throws {TypeError} If an address is not IPv6.
 * @throws {RangeError} If a field, an extension header or the whole does not
 * fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { emitIpv6 } from "@echoduct/echoduct/packet";
 *
 * const target = new Uint8Array(1500);
 * const length = emitIpv6(target, {
 *   source: "fd00::2",
 *   destination: "fd00::1",
 *   protocol: 253,
 *   payload: new Uint8Array(4),
 * });
 * assert.equal(length, 44);
 * ```
 */
export function emitIpv6(target: Uint8Array, fields: IPv6Fields): number {
  const { payload, extensions = [] } = fields;
  const size = sizeOf(fields);
  checkTarget(target, size);
  const dscp = checkField("dscp", fields.dscp ?? 0, 0x3f);
  const ecn = checkField("ecn", fields.ecn ?? 0, 3);
  const flowLabel = checkField("flowLabel", fields.flowLabel ?? 0, 0xfffff);
  const hopLimit = checkField("hopLimit", fields.hopLimit ?? 64, 0xff);
  const protocol = checkField("protocol", fields.protocol, 0xff);
  const source = addressToBytes(fields.source);
  const destination = addressToBytes(fields.destination);
  checkAddress("source", source, 16);
  checkAddress("destination", destination, 16);

  target.set(payload, size - payload.length);
  putU32(target, 0, 0x60000000 | (dscp << 22) | (ecn << 20) | flowLabel);
  putU16(target, 4, size - 40);
  target[6] = extensions[0]?.type ?? protocol;
  target[7] = hopLimit;
  target.set(source, 8);
  target.set(destination, 24);
  let at = 40;
  extensions.forEach((extension, index) => {
    target[at] = extensions[index + 1]?.type ?? protocol;
    target[at + 1] = lengthField(extension);
    target.set(extension.data, at + 2);
    at += extension.data.length + 2;
  });
  return size;
}

/**
 * Builds an IPv6 packet (RFC 8200) with right lengths.
 *
 * @param fields What the packet means.
 * @returns The packet.
 * @throws {TypeError} If an address is not IPv6.
 * @throws {RangeError} If a field, an extension header or the whole does not
 * fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIpv6, Packet } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIpv6({
 *   source: "fd00::2",
 *   destination: "fd00::1",
 *   protocol: 253,
 *   payload: new Uint8Array([1, 2, 3]),
 *   hopLimit: 5,
 * });
 * assert.equal(Packet.from(bytes).hopLimit, 5);
 * ```
 */
export function buildIpv6(fields: IPv6Fields): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeOf(fields));
  emitIpv6(bytes, fields);
  return bytes;
}

function sizeOf({ payload, extensions = [] }: IPv6Fields): number {
  let length = payload.length;
  for (const extension of extensions) length += sizeOfExtension(extension);
  return checkField("payloadLength", length, 0xffff) + 40;
}

function sizeOfExtension({ type, data }: ExtensionHeader): number {
  const size = data.length + 2;
  const unit = type === AUTHENTICATION ? 4 : 8;
  const most = type === FRAGMENT ? 8 : type === AUTHENTICATION ? 1028 : 2048;
  const fits = size % unit === 0 && size >= 8 && size <= most;
  if (isExtensionHeader(type) && fits) return size;
  throw new RangeError(
    `Cannot write an extension header of type ${type}, it must be of a known type and with its first two bytes a multiple of ${unit} bytes from 8 to ${most}: current value has ${size} bytes`,
  );
}

/** The second byte: 8-byte words less 1, AH's 4-byte words less 2, or unused. */
function lengthField({ type, data }: ExtensionHeader): number {
  const size = data.length + 2;
  if (type === FRAGMENT) return 0;
  return type === AUTHENTICATION ? size / 4 - 2 : size / 8 - 1;
}
