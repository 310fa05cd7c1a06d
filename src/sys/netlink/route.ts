/**
 * Routes (`linux/rtnetlink.h`): listing, adding, removing, looking up.
 *
 * @module
 */
import type { Family } from "../../packet/mod.ts";
import { checkInteger, checkPrefix, families, maxU32 } from "./_check.ts";
import { parseRoute } from "./_route_info.ts";
import { describeRoute, startRoute } from "./_route_message.ts";
import type { Scope } from "./_scope.ts";
import * as c from "./constants.ts";
import { type Exchange, isRefusal } from "./exchange.ts";
import { linkNames, type LinkReference } from "./link.ts";

/** What becomes of packets that a route matches (`RTN_*`). */
export type RouteType =
  | "unicast"
  | "local"
  | "broadcast"
  | "anycast"
  | "multicast"
  | "blackhole"
  | "unreachable"
  | "prohibit"
  | "throw";

/** One of several ways that a route spreads its packets over. */
export interface NextHop {
  /** The router. */
  readonly gateway?: string;
  /** The link. */
  readonly link?: LinkReference;
  /**
   * Its share among the others, 1 to 256.
   *
   * @default {1}
   */
  readonly weight?: number;
  /** Takes the gateway for reachable on the link, whatever the addresses say. */
  readonly onLink?: boolean;
}

/** A route. */
export interface Route {
  /** Where to: a network without host bits, `"0.0.0.0/0"` or `"::/0"` for all. */
  readonly destination: string;
  /** The router to send through; of IPv6 it may be for IPv4 too (RFC 8950). */
  readonly gateway?: string;
  /** The link to send through; the gateway's, where it is missing. */
  readonly link?: LinkReference;
  /**
   * The table it stands in, 1 to 4294967295.
   *
   * @default {254, the main table}
   */
  readonly table?: number;
  /**
   * Its rank among routes to the same destination; the least wins.
   *
   * @default {0; 1024 for IPv6}
   */
  readonly metric?: number;
  /** The source address for packets that have none yet. */
  readonly source?: string;
  /**
   * The largest packet, in bytes, where less than the link's: 68 to 65520, for
   * IPv6 1280 to 65520.
   */
  readonly mtu?: number;
  /**
   * What becomes of the packets.
   *
   * @default {"unicast"}
   */
  readonly type?: RouteType;
  /**
   * Takes the gateway for reachable on the link, whatever the addresses say.
   *
   * @default {false}
   */
  readonly onLink?: boolean;
  /** Several ways at once, in place of `gateway` and `link`. */
  readonly nextHops?: readonly NextHop[];
  /** A next hop object's number (`ip nexthop`), in place of the others. */
  readonly nextHopId?: number;
  /** IPv6: only packets from this network. */
  readonly from?: string;
  /** IPv4: only packets with this type of service. */
  readonly tos?: number;
  /**
   * Who made it (`RTPROT_*`), 0 to 255.
   *
   * @default {3, RTPROT_BOOT, as with `ip`; any when removing}
   */
  readonly protocol?: number;
  /**
   * IPv4: how far its destination is.
   *
   * @default {"link" without a gateway, otherwise "global"; any when removing}
   */
  readonly scope?: Scope;
}

/** A route as the kernel lists it. */
export interface RouteInfo extends Route {
  /** The IP version. */
  readonly family: Family;
  /** The name of the link. */
  readonly link?: string;
  /** The table it stands in. */
  readonly table: number;
  /** What becomes of the packets. */
  readonly type: RouteType;
  /** Who made it (`RTPROT_*`). */
  readonly protocol: number;
  /** How far its destination is; always `"global"` for IPv6. */
  readonly scope: Scope;
}

/** How to add a route. */
export interface AddRouteOptions {
  /**
   * Puts it in the place of one to the same destination with the same metric,
   * if there is one.
   *
   * @default {false}
   */
  readonly replace?: boolean;
}

/** Which routes to list. */
export interface RouteFilter {
  /** Only those of this IP version. */
  readonly family?: Family;
  /**
   * Only those of this table; 0 for all tables.
   *
   * @default {254, the main table}
   */
  readonly table?: number;
}

export function listRoutes(
  exchange: Exchange,
  { family, table = c.RT_TABLE_MAIN }: RouteFilter = {},
): RouteInfo[] {
  const what = "Cannot list routes";
  checkInteger(table, 0, maxU32, what, "table");
  const wanted = families(family, what);
  const messages = wanted.map((version) => {
    const request = startRoute(c.RTM_GETROUTE, version);
    if (table !== 0) request.attributeU32(c.RTA_TABLE, table);
    try {
      return exchange.dump(request, what);
    } catch (error) {
      // A table is there from its first route on.
      if (isRefusal(error, "ENOENT")) return [];
      throw error;
    }
  });
  const names = linkNames(exchange, what);
  return wanted.flatMap((version, i) =>
    messages[i].map((message) => parseRoute(message, names))
      .filter((found) => found !== undefined)
      .filter((found) => found.family === version)
      .filter((found) => table === 0 || found.table === table)
  );
}

export function addRoute(
  exchange: Exchange,
  route: Route,
  { replace = false }: AddRouteOptions = {},
): void {
  const what = `Cannot add route to ${route.destination}`;
  checkPrefix(route.destination, "Cannot add route");
  const request = describeRoute(exchange, c.RTM_NEWROUTE, {
    protocol: c.RTPROT_BOOT,
    scope: defaultScope(route),
    ...route,
    type: route.type ?? "unicast",
  }, what);
  const mode = replace ? c.NLM_F_REPLACE : c.NLM_F_EXCL;
  exchange.change(request, what, c.NLM_F_CREATE | mode);
}

export function removeRoute(exchange: Exchange, route: Route): void {
  const what = `Cannot remove route to ${route.destination}`;
  checkPrefix(route.destination, "Cannot remove route");
  // What is given must match; what is missing matches all. The ways of a route
  // with several go together, and its MTU is nothing to know it by.
  const { mtu: _mtu, nextHops: _nextHops, ...known } = route;
  const request = describeRoute(
    exchange,
    c.RTM_DELROUTE,
    { protocol: 0, scope: "nowhere", ...known },
    what,
  );
  exchange.change(request, what);
}

/** As `ip route add` chooses. */
function defaultScope(route: Route): Scope {
  const { type = "unicast", gateway, nextHops, nextHopId } = route;
  if (type === "local") return "host";
  if (["broadcast", "anycast", "multicast"].includes(type)) return "link";
  const isDirect = gateway === undefined && nextHopId === undefined &&
    !nextHops?.some((hop) => hop.gateway !== undefined);
  return type === "unicast" && isDirect ? "link" : "global";
}
