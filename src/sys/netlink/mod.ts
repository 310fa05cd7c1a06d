/**
 * Links, addresses, routes and rules through rtnetlink.
 *
 * @module
 */
export type { Family } from "../../packet/address.ts";
export type { NetworkNamespace } from "../netns.ts";
export type { Scope } from "./_scope.ts";
export type {
  LinkAddress,
  LinkAddressFilter,
  LinkAddressInfo,
} from "./address.ts";
export type {
  LinkChanges,
  LinkInfo,
  LinkOptions,
  LinkReference,
  LinkState,
  VethOptions,
} from "./link.ts";
export { Netlink, type NetlinkOptions } from "./netlink.ts";
export type {
  AddRouteOptions,
  NextHop,
  Route,
  RouteFilter,
  RouteInfo,
  RouteType,
} from "./route.ts";
export type { RouteLookup, RouteLookupOptions } from "./route_lookup.ts";
export type { Rule, RuleAction, RuleFilter, RuleInfo } from "./rule.ts";
