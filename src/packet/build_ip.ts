import { addressFamily } from "./address.ts";
import { buildIpv4 } from "./build_ipv4.ts";
import { buildIpv6 } from "./build_ipv6.ts";

/** What IP packets of both versions have in common. */
export interface IPFields {
  /** The address it comes from; its family decides on the version. */
  source: string;
  /** The address it goes to, of the same family. */
  destination: string;
  /** The upper-layer protocol number. */
  protocol: number;
  /** What the header carries. */
  payload: Uint8Array;
  /**
   * Hops it may still take, 0 to 255: the time to live of IPv4.
   *
   * @default {64}
   */
  hopLimit?: number;
}

/**
 * Builds an IPv4 or an IPv6 packet, by the family of its addresses.
 *
 * @param fields What the packet means.
 * @returns The packet.
 * @throws {TypeError} If an address is none, or they are of two families.
 * @throws {RangeError} If a field or the whole does not fit.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIp, Packet } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIp({
 *   source: "fd00::2",
 *   destination: "fd00::1",
 *   protocol: 253,
 *   payload: new Uint8Array(8),
 * });
 * assert.equal(Packet.from(bytes).version, 6);
 * ```
 */
export function buildIp(fields: IPFields): Uint8Array<ArrayBuffer> {
  const { source, destination, protocol, payload, hopLimit } = fields;
  const common = { source, destination, protocol, payload };
  return addressFamily(source) === 6
    ? buildIpv6({ ...common, hopLimit })
    : buildIpv4({ ...common, ttl: hopLimit });
}
