import { u32 } from "./_bytes.ts";
import { familyOf } from "./_family.ts";
import { checkAddress, checkField } from "./_fields.ts";
import { addressToBytes, type Family } from "./address.ts";
import { buildIcmp, type IcmpAddressing } from "./build_icmp.ts";

/** What an ICMP error means. */
export interface IcmpErrorFields extends IcmpAddressing {
  /** The kind of error: 3 is "destination unreachable" in ICMP, 1 in ICMPv6. */
  type: number;
  /** The kind within the kind, 0 to 255. */
  code: number;
  /**
   * The packet that caused it, from its IP header on; what of it does not fit
   * is left out.
   */
  packet: Uint8Array;
  /** The next hop's MTU in bytes: "fragmentation needed", "packet too big". */
  mtu?: number;
  /** Where the packet is at fault, in bytes: "parameter problem". */
  pointer?: number;
  /** The router to use instead: IPv4 "redirect". */
  gateway?: string;
}

/**
 * Builds an ICMP error that quotes as much of a packet as lets the error itself
 * pass anywhere: 576 bytes over IPv4 (RFC 1812 section 4.3.2.3), 1280 over
 * IPv6 (RFC 4443 section 2.4), IP header included.
 *
 * Whether an error may be sent at all (never about an error, a later fragment
 * or a broadcast: RFC 1122 section 3.2.2) is for the caller to decide.
 *
 * @param fields What the error means.
 * @returns The message, the payload of an IP packet of protocol 1 or 58.
 * @throws {TypeError} If an address is none or not of the family.
 * @throws {RangeError} If a field does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmpError, buildIp, ICMP, Packet } from "@echoduct/echoduct/packet";
 *
 * const packet = buildIp({
 *   source: "10.7.0.2",
 *   destination: "192.0.2.1",
 *   protocol: 253,
 *   payload: new Uint8Array(1400),
 * });
 * const error = ICMP.parse(buildIcmpError({ type: 3, code: 4, mtu: 1280, packet }));
 * assert.equal(error?.mtu, 1280);
 * const quoted = Packet.from(error.quoted!, { truncated: true });
 * assert.equal(quoted.destination, "192.0.2.1");
 * ```
 */
export function buildIcmpError(
  fields: IcmpErrorFields,
): Uint8Array<ArrayBuffer> {
  const { type, code, packet, source, destination } = fields;
  const family = familyOf({ family: fields.family, source, destination });
  const most = family === 4 ? 576 - 20 - 8 : 1280 - 40 - 8;
  return buildIcmp({
    type,
    code,
    rest: restOf(fields, family),
    payload: packet.subarray(0, most),
    family,
    source,
    destination,
  });
}

function restOf(fields: IcmpErrorFields, family: Family): number {
  const { mtu, pointer, gateway } = fields;
  if (gateway !== undefined) {
    return u32(checkAddress("gateway", addressToBytes(gateway), 4), 0);
  }
  if (family === 6) return mtu ?? pointer ?? 0;
  // ICMP keeps the pointer in the first byte, the MTU in the last two.
  const first = checkField("pointer", pointer ?? 0, 0xff);
  return first * 0x1000000 + checkField("mtu", mtu ?? 0, 0xffff);
}
