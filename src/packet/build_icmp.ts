import { putU16, putU32 } from "./_bytes.ts";
import { checkField, checkTarget } from "./_fields.ts";
import { pseudoSumOf } from "./_pseudo.ts";
import type { Family } from "./address.ts";
import { familyOf } from "./_family.ts";
import { finish, sum } from "./checksum.ts";

/**
 * Which ICMP it is: by `family`, else by the addresses, else of IPv4.
 *
 * The checksum of ICMPv6 covers the addresses (RFC 4443 section 2.3). Without
 * them it is left 0, which is what an ICMPv6 socket wants: there the kernel
 * writes it (RFC 3542 section 3.1).
 */
export interface IcmpAddressing {
  /** The IP version: 4 for ICMP, 6 for ICMPv6. */
  family?: Family;
  /** The address it comes from. */
  source?: string;
  /** The address it goes to. */
  destination?: string;
}

/** What any ICMP or ICMPv6 message means. */
export interface IcmpFields extends IcmpAddressing {
  /** The kind of message, 0 to 255. */
  type: number;
  /**
   * The kind within the kind, 0 to 255.
   *
   * @default {0}
   */
  code?: number;
  /**
   * The last 4 bytes of the header, whose meaning depends on the type.
   *
   * @default {0}
   */
  rest?: number;
  /** What follows the 8 bytes of header; empty by default. */
  payload?: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/**
 * Writes an ICMP message (RFC 792) or an ICMPv6 message (RFC 4443) into memory
 * of the caller's. The payload may already be in place.
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
 * import { emitIcmp, ICMP } from "@echoduct/echoduct/packet";
 *
 * const target = new Uint8Array(100);
 * const length = emitIcmp(target, { type: 13 });
 * const message = ICMP.parse(target.subarray(0, length));
 * assert.equal(message?.name, "timestamp request");
 * ```
 */
export function emitIcmp(target: Uint8Array, fields: IcmpFields): number {
  const { payload = EMPTY } = fields;
  const size = checkField("length", payload.length + 8, 0xffff);
  checkTarget(target, size);
  const type = checkField("type", fields.type, 0xff);
  const code = checkField("code", fields.code ?? 0, 0xff);
  const rest = checkField("rest", fields.rest ?? 0, 0xffffffff);
  const pseudo = pseudoSum(fields, size);

  target.set(payload, 8);
  target[0] = type;
  target[1] = code;
  putU16(target, 2, 0);
  putU32(target, 4, rest);
  if (pseudo !== undefined) {
    putU16(target, 2, finish(sum(target, pseudo, 0, size)));
  }
  return size;
}

/**
 * Builds an ICMP message (RFC 792) or an ICMPv6 message (RFC 4443).
 *
 * @param fields What the message means.
 * @returns The message, the payload of an IP packet of protocol 1 or 58.
 * @throws {TypeError} If an address is none or not of the family.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmp, ICMPv6 } from "@echoduct/echoduct/packet";
 *
 * const message = ICMPv6.parse(buildIcmp({ type: 133, family: 6 }));
 * assert.equal(message?.name, "router solicitation");
 * ```
 */
export function buildIcmp(fields: IcmpFields): Uint8Array<ArrayBuffer> {
  const size = 8 + (fields.payload?.length ?? 0);
  const bytes = new Uint8Array(checkField("length", size, 0xffff));
  emitIcmp(bytes, fields);
  return bytes;
}

/** The sum to begin with, or nothing where the kernel writes the checksum. */
function pseudoSum(fields: IcmpFields, length: number): number | undefined {
  if (familyOf(fields) === 4) return 0;
  const { source, destination } = fields;
  if (source === undefined || destination === undefined) return undefined;
  return pseudoSumOf({ source, destination }, 58, length);
}
