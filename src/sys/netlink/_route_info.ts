/** Routes read from messages. */
import { type Family, formatAddress } from "../../packet/mod.ts";
import { familyOf } from "./_check.ts";
import { formatScope } from "./_scope.ts";
import * as c from "./constants.ts";
import {
  Attributes,
  type Message,
  readRecords,
  readU32,
  readU8,
} from "./message.ts";
import type { NextHop, RouteInfo, RouteType } from "./route.ts";

const headerSize = 12; // struct rtmsg
const hopHeaderSize = 8; // struct rtnexthop

/** `RTN_*` by number, from 1 on. */
const routeTypes: readonly RouteType[] = [
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
];

export function routeTypeNumber(type: RouteType, what: string): number {
  const index = routeTypes.indexOf(type);
  if (index >= 0) return index + 1;
  throw new TypeError(`${what}: '${type}' is not a type of route`);
}

type Names = ReadonlyMap<number, string>;

/**
 * Reads a route; `undefined` where it is not one of IP, is a cached copy of
 * another, or where its link is gone and took it along.
 *
 * @throws {RangeError} If the message is not one of a route.
 */
export function parseRoute(
  { body }: Message,
  names: Names,
): RouteInfo | undefined {
  const family = familyOf(readU8(body, 0));
  const type = routeTypes[readU8(body, 7) - 1];
  const flags = readU32(body, 8);
  const attributes = new Attributes(body, headerSize);
  const link = linkName(attributes.u32(c.RTA_OIF), names);
  if (family === undefined || type === undefined) return undefined;
  if (link === null || flags & c.RTM_F_CLONED) return undefined;
  const metric = attributes.u32(c.RTA_PRIORITY);
  const mtu = attributes.nested(c.RTA_METRICS)?.u32(c.RTAX_MTU);
  const source = attributes.bytes(c.RTA_PREFSRC);
  const tos = readU8(body, 3);
  const fromLength = readU8(body, 2);
  const hops = attributes.bytes(c.RTA_MULTIPATH);
  const nextHopId = attributes.u32(c.RTA_NH_ID);
  return {
    family,
    destination: prefix(attributes.bytes(c.RTA_DST), readU8(body, 1), family),
    ...gatewayOf(attributes),
    ...(link !== undefined && { link }),
    table: attributes.u32(c.RTA_TABLE) ?? readU8(body, 4),
    ...(metric !== undefined && { metric }),
    ...(source && { source: formatAddress(source) }),
    ...(mtu !== undefined && { mtu }),
    type,
    ...(flags & c.RTNH_F_ONLINK && { onLink: true }),
    ...(hops && { nextHops: parseHops(hops, names) }),
    ...(nextHopId !== undefined && { nextHopId }),
    ...(fromLength > 0 && {
      from: prefix(attributes.bytes(c.RTA_SRC), fromLength, family),
    }),
    ...(tos !== 0 && { tos }),
    protocol: readU8(body, 5),
    scope: formatScope(readU8(body, 6)),
  };
}

function parseHops(bytes: Uint8Array, names: Names): NextHop[] {
  return Array.from(readRecords(bytes, hopHeaderSize), (hop) => {
    const link = names.get(readU32(hop, 4));
    return {
      ...gatewayOf(new Attributes(hop, hopHeaderSize)),
      ...(link !== undefined && { link }),
      weight: readU8(hop, 3) + 1,
      ...(readU8(hop, 2) & c.RTNH_F_ONLINK && { onLink: true }),
    };
  });
}

/** The gateway: of the route's own family, or behind the number of another's. */
export function gatewayOf(attributes: Attributes): { gateway?: string } {
  const bytes = attributes.bytes(c.RTA_GATEWAY) ??
    attributes.bytes(c.RTA_VIA)?.subarray(2);
  return bytes ? { gateway: formatAddress(bytes) } : {};
}

/** `undefined` without a link, `null` with one that has no name any more. */
function linkName(
  index: number | undefined,
  names: Names,
): string | null | undefined {
  return index === undefined ? undefined : names.get(index) ?? null;
}

function prefix(
  bytes: Uint8Array | undefined,
  length: number,
  family: Family,
): string {
  const any = family === 4 ? "0.0.0.0" : "::";
  return `${bytes ? formatAddress(bytes) : any}/${length}`;
}
