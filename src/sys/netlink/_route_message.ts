/** Routes written as messages: `struct rtmsg` and its attributes. */
import {
  type Family,
  formatPrefix,
  networkOf,
  parseAddress,
  type Prefix,
} from "../../packet/mod.ts";
import {
  addressFamilyOf,
  checkAddress,
  checkInteger,
  checkPrefix,
  maxU32,
} from "./_check.ts";
import { routeTypeNumber } from "./_route_info.ts";
import { parseScope } from "./_scope.ts";
import * as c from "./constants.ts";
import type { Exchange } from "./exchange.ts";
import { linkIndex } from "./link.ts";
import { MessageWriter } from "./message.ts";
import type { NextHop, Route } from "./route.ts";

/** The fields of a `struct rtmsg` other than the family. */
interface RouteHeader {
  readonly length?: number;
  readonly fromLength?: number;
  readonly tos?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly type?: number;
  readonly flags?: number;
}

/** A message with nothing but its header yet. */
export function startRoute(
  type: number,
  family: Family,
  header: RouteHeader = {},
): MessageWriter {
  const { length = 0, fromLength = 0, tos = 0, table = 0 } = header;
  const { protocol = 0, scope = 0, flags = 0 } = header;
  return new MessageWriter(type)
    .u8(addressFamilyOf(family), length, fromLength, tos)
    .u8(table < 256 ? table : 0, protocol, scope, header.type ?? 0)
    .u32(flags);
}

/** Writes a route, and complains about what cannot be one. */
export function describeRoute(
  exchange: Exchange,
  type: number,
  route: Route,
  what: string,
): MessageWriter {
  const { table = c.RT_TABLE_MAIN, metric, mtu, nextHops, nextHopId } = route;
  const to = checkNetwork(route.destination, what);
  const { family } = to;
  const from = route.from === undefined
    ? undefined
    : checkNetwork(route.from, what, family);
  const source = route.source && checkAddress(route.source, family, what);
  const request = startRoute(type, family, {
    length: to.length,
    fromLength: from?.length,
    tos: checkInteger(route.tos ?? 0, 0, 255, what, "type of service"),
    table: checkInteger(table, 1, maxU32, what, "table"),
    protocol: checkInteger(route.protocol ?? 0, 0, 255, what, "protocol"),
    scope: parseScope(route.scope ?? "global", what),
    type: route.type && routeTypeNumber(route.type, what),
    flags: route.onLink ? c.RTNH_F_ONLINK : 0,
  });
  if (to.length > 0) request.attributeBytes(c.RTA_DST, to.bytes);
  if (from) request.attributeBytes(c.RTA_SRC, from.bytes);
  request.attributeU32(c.RTA_TABLE, table);
  if (source) request.attributeBytes(c.RTA_PREFSRC, source);
  if (metric !== undefined) {
    checkInteger(metric, 0, maxU32, what, "metric");
    request.attributeU32(c.RTA_PRIORITY, metric);
  }
  if (mtu !== undefined) {
    // What the kernel has no use for it cuts off in silence.
    checkInteger(mtu, family === 4 ? 68 : 1280, 65520, what, "MTU");
    request.nest(c.RTA_METRICS, () => request.attributeU32(c.RTAX_MTU, mtu));
  }
  if (nextHopId !== undefined) {
    checkInteger(nextHopId, 1, maxU32, what, "next hop's number");
    return request.attributeU32(c.RTA_NH_ID, nextHopId);
  }
  if (nextHops) return describeHops(exchange, request, nextHops, family, what);
  describeGateway(request, route.gateway, family, what);
  if (route.link === undefined) return request;
  return request.attributeU32(c.RTA_OIF, linkIndex(exchange, route.link, what));
}

/** Writes an array of `struct rtnexthop`. */
function describeHops(
  exchange: Exchange,
  request: MessageWriter,
  hops: readonly NextHop[],
  family: Family,
  what: string,
): MessageWriter {
  return request.nest(c.RTA_MULTIPATH, () => {
    for (const { gateway, link, weight = 1, onLink } of hops) {
      checkInteger(weight, 1, 256, what, "weight");
      const index = link === undefined ? 0 : linkIndex(exchange, link, what);
      request.record(() => {
        request.u8(onLink ? c.RTNH_F_ONLINK : 0, weight - 1).u32(index);
        describeGateway(request, gateway, family, what);
      });
    }
  });
}

function describeGateway(
  request: MessageWriter,
  gateway: string | undefined,
  family: Family,
  what: string,
): void {
  if (gateway === undefined) return;
  if (family === 4 && parseAddress(gateway)?.family === 6) {
    const bytes = checkAddress(gateway, 6, what);
    request.attribute(
      c.RTA_VIA,
      () => request.u16(addressFamilyOf(6)).raw(bytes),
    );
  } else {
    request.attributeBytes(c.RTA_GATEWAY, checkAddress(gateway, family, what));
  }
}

/** A prefix without host bits: the kernel refuses or clears them, by family. */
function checkNetwork(text: string, what: string, family?: Family): Prefix {
  const prefix = checkPrefix(text, what);
  if (family !== undefined && prefix.family !== family) {
    throw new TypeError(`${what}: '${text}' is not of IPv${family}`);
  }
  const network = networkOf(prefix);
  if (network.address === prefix.address) return prefix;
  throw new TypeError(
    `${what}: '${text}' has bits behind its prefix, the network is ${
      formatPrefix(network)
    }`,
  );
}
