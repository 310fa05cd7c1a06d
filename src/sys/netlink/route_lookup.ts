/**
 * The way that a packet would take (`RTM_GETROUTE` of `linux/rtnetlink.h`).
 *
 * @module
 */
import { type Family, formatAddress } from "../../packet/mod.ts";
import { checkAddress, checkInteger, maxU32 } from "./_check.ts";
import { gatewayOf } from "./_route_info.ts";
import { startRoute } from "./_route_message.ts";
import * as c from "./constants.ts";
import { errno, SystemCallError } from "../errors.ts";
import type { Exchange } from "./exchange.ts";
import { linkIndex, type LinkReference, requireLink } from "./link.ts";
import { Attributes, readU8 } from "./message.ts";

/** What else the way may hang on. */
export interface RouteLookupOptions {
  /** The packet's source address. */
  readonly from?: string;
  /** The link that the packet must leave through. */
  readonly link?: LinkReference;
  /**
   * The packet's mark, as a socket's `SO_MARK` sets it.
   *
   * @default {0}
   */
  readonly mark?: number;
}

/** The way that a packet would take. */
export interface RouteLookup {
  /** The IP version. */
  readonly family: Family;
  /** The address that was asked for. */
  readonly destination: string;
  /** The link it leaves through; `"lo"` to this machine's own addresses. */
  readonly link: string;
  /** The link's index. */
  readonly index: number;
  /** The router; missing where the destination is on the link. */
  readonly gateway?: string;
  /** The source address it would get. */
  readonly source?: string;
  /**
   * The largest packet, in bytes, IP header included: what was found out about
   * the path, else the route's MTU, else the link's.
   */
  readonly mtu: number;
  /** The table in which the route stands. */
  readonly table: number;
}

export function lookUpRoute(
  exchange: Exchange,
  destination: string,
  { from, link, mark }: RouteLookupOptions = {},
): RouteLookup {
  const what = `Cannot find a route to ${destination}`;
  const bytes = checkAddress(destination, undefined, what);
  const family = bytes.length === 4 ? 4 : 6;
  const bits = bytes.length * 8;
  const source = from === undefined
    ? undefined
    : checkAddress(from, family, what);
  const request = startRoute(c.RTM_GETROUTE, family, {
    length: bits,
    fromLength: source && bits,
    // IPv6 always tells the table, and refuses to be asked.
    flags: family === 4 ? c.RTM_F_LOOKUP_TABLE : 0,
  }).attributeBytes(c.RTA_DST, bytes);
  if (source) request.attributeBytes(c.RTA_SRC, source);
  if (mark !== undefined) {
    checkInteger(mark, 0, maxU32, what, "mark");
    request.attributeU32(c.RTA_MARK, mark);
  }
  if (link !== undefined) {
    request.attributeU32(c.RTA_OIF, linkIndex(exchange, link, what));
  }
  const { body } = exchange.get(request, what);
  const attributes = new Attributes(body, 12);
  const index = attributes.u32(c.RTA_OIF);
  if (!index) {
    throw new SystemCallError("RTM_GETROUTE", errno.ENETUNREACH, what);
  }
  const out = requireLink(exchange, index, what);
  const preferred = attributes.bytes(c.RTA_PREFSRC) ?? source;
  return {
    family,
    destination: formatAddress(bytes),
    link: out.name,
    index,
    ...gatewayOf(attributes),
    ...(preferred && { source: formatAddress(preferred) }),
    mtu: attributes.nested(c.RTA_METRICS)?.u32(c.RTAX_MTU) ?? out.mtu,
    table: attributes.u32(c.RTA_TABLE) ?? readU8(body, 4),
  };
}
