import { familyOf } from "./_family.ts";
import { checkField } from "./_fields.ts";
import {
  buildIcmp,
  emitIcmp,
  type IcmpAddressing,
  type IcmpFields,
} from "./build_icmp.ts";

/** What an echo request or reply means. */
export interface IcmpEchoFields extends IcmpAddressing {
  /** Whether it asks or answers. */
  type: "request" | "reply";
  /** Who asked, 0 to 65 535. */
  identifier: number;
  /** Which of its questions, 0 to 65 535. */
  sequence: number;
  /** What the answer brings back; empty by default. */
  payload?: Uint8Array;
}

/**
 * Writes an echo message into memory of the caller's: `buildIcmpEcho` without
 * the allocation. The payload may already be in place.
 *
 * @param target Where to write, from its first byte on.
 * @param fields What the message means.
 * @returns How many bytes were written.
 * @throws {TypeError} If an address is none or not of the family.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { emitIcmpEcho } from "@echoduct/echoduct/packet";
 *
 * const target = new Uint8Array(64);
 * const echo = { type: "request", identifier: 7, sequence: 3 } as const;
 * assert.equal(emitIcmpEcho(target, echo), 8);
 * ```
 */
export function emitIcmpEcho(
  target: Uint8Array,
  fields: IcmpEchoFields,
): number {
  return emitIcmp(target, toIcmp(fields));
}

/**
 * Builds an echo request or reply: RFC 792 page 14, or RFC 4443 section 4 for
 * IPv6, where the checksum needs both addresses or is left to the kernel.
 *
 * @param fields What the message means.
 * @returns The message, the payload of an IP packet of protocol 1 or 58.
 * @throws {TypeError} If an address is none or not of the family.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmpEcho, ICMP } from "@echoduct/echoduct/packet";
 *
 * const message = ICMP.parse(
 *   buildIcmpEcho({
 *     type: "request",
 *     identifier: 7,
 *     sequence: 3,
 *     payload: new Uint8Array(56),
 *   }),
 * );
 * assert.equal(`${message}`, "ICMP echo request id 7 seq 3, 64 bytes");
 * ```
 */
export function buildIcmpEcho(fields: IcmpEchoFields): Uint8Array<ArrayBuffer> {
  return buildIcmp(toIcmp(fields));
}

function toIcmp(fields: IcmpEchoFields): IcmpFields {
  const { family: given, source, destination, payload } = fields;
  const family = familyOf({ family: given, source, destination });
  const identifier = checkField("identifier", fields.identifier, 0xffff);
  const sequence = checkField("sequence", fields.sequence, 0xffff);
  const isRequest = fields.type === "request";
  const type = family === 4 ? (isRequest ? 8 : 0) : (isRequest ? 128 : 129);
  const rest = identifier * 0x10000 + sequence;
  return { type, rest, payload, family, source, destination };
}
