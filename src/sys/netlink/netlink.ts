import type { NetworkNamespace } from "../netns.ts";
import {
  addAddress,
  type LinkAddress,
  type LinkAddressFilter,
  type LinkAddressInfo,
  listAddresses,
  removeAddress,
} from "./address.ts";
import { Exchange } from "./exchange.ts";
import {
  addLink,
  addVeth,
  changeLink,
  findLink,
  type LinkChanges,
  type LinkInfo,
  type LinkOptions,
  type LinkReference,
  listLinks,
  removeLink,
  type VethOptions,
} from "./link.ts";
import {
  addRoute,
  type AddRouteOptions,
  listRoutes,
  removeRoute,
  type Route,
  type RouteFilter,
  type RouteInfo,
} from "./route.ts";
import {
  lookUpRoute,
  type RouteLookup,
  type RouteLookupOptions,
} from "./route_lookup.ts";
import {
  addRule,
  listRules,
  removeRule,
  type Rule,
  type RuleFilter,
  type RuleInfo,
} from "./rule.ts";
import { openNetlinkSocket, type Transport } from "./socket.ts";

/** How to open a {@linkcode Netlink}. */
export interface NetlinkOptions {
  /**
   * The network namespace to work in.
   *
   * @default {the namespace of this thread}
   */
  readonly netns?: NetworkNamespace;
}

/**
 * Links, addresses, routes and rules of one network namespace, through
 * `rtnetlink(7)`. Every call is synchronous: the kernel answers within it.
 *
 * Listing needs no privilege; changing needs CAP_NET_ADMIN in the namespace.
 * What was given to an `add` can be given to its `remove`, and so can every
 * item of a list. All methods throw
 *
 * - `TypeError` or `RangeError` for what the kernel could not be asked, before
 *   it is asked for any change;
 * - `PermissionError` without the privilege;
 * - `SystemCallError` with the kernel's reason, and its own words where it has
 *   some: `ENODEV` for a link that there is not, `EEXIST` for what is there
 *   already, `EADDRNOTAVAIL`, `ESRCH` and `ENOENT` for an address, a route and
 *   a rule that cannot be removed because there is none. `syscall` is the
 *   request of `rtnetlink(7)`: `"RTM_NEWADDR"`.
 *
 * @example
 * ```ts no-assert
 * import { createNetns, Netlink } from "@echoduct/echoduct/sys";
 * import assert from "node:assert/strict";
 *
 * const netns = createNetns();
 * const netlink = Netlink.open({ netns: netns.fd });
 * try {
 *   netlink.addVeth({ name: "left", peer: "right", mtu: 1420 });
 *   netlink.addAddress({ link: "left", address: "10.7.0.1/24" });
 *   netlink.setLink("left", { up: true });
 *   netlink.setLink("right", { up: true });
 *   netlink.addRoute({ destination: "0.0.0.0/0", gateway: "10.7.0.2" });
 *   assert.equal(netlink.routeTo("192.0.2.1").mtu, 1420);
 * } finally {
 *   netlink.close();
 *   netns.close();
 * }
 * ```
 */
export class Netlink implements Disposable {
  readonly #transport: Transport;
  readonly #exchange: Exchange;

  private constructor(transport: Transport) {
    this.#transport = transport;
    this.#exchange = new Exchange(transport);
  }

  /**
   * Opens a netlink socket.
   *
   * @param options The namespace.
   * @returns What to close when done.
   * @throws {PermissionError} If the thread may not enter the namespace.
   * @throws {SystemCallError} If there is no such namespace.
   */
  static open(options: NetlinkOptions = {}): Netlink {
    return new Netlink(openNetlinkSocket(options.netns));
  }

  /** Closes the socket; a second time does nothing. */
  close(): void {
    this.#transport.close();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** All links, by index. */
  links(): LinkInfo[] {
    return listLinks(this.#exchange);
  }

  /**
   * One link.
   *
   * @param link Its name or index.
   * @returns The link, or `undefined` if there is none.
   */
  link(link: LinkReference): LinkInfo | undefined {
    return findLink(this.#exchange, link);
  }

  /**
   * Changes a link. Should the kernel refuse one of several changes, those
   * before it in the order namespace, MTU, name, master, up may stay.
   *
   * @param link Its name or index.
   * @param changes What to change.
   */
  setLink(link: LinkReference, changes: LinkChanges): void {
    changeLink(this.#exchange, link, changes);
  }

  /**
   * Makes a link that needs nothing but a kind; it is down.
   *
   * @param options Its name and kind.
   */
  addLink(options: LinkOptions): void {
    addLink(this.#exchange, options);
  }

  /**
   * Makes a pair of links, both down; removing one removes both.
   *
   * @param options Their names, and where the second goes.
   */
  addVeth(options: VethOptions): void {
    addVeth(this.#exchange, options);
  }

  /**
   * Removes a link and with it its addresses and routes.
   *
   * @param link Its name or index, or what it was made with or listed as.
   */
  removeLink(link: LinkReference | LinkInfo | LinkOptions | VethOptions): void {
    removeLink(this.#exchange, referenceOf(link));
  }

  /**
   * The addresses of links.
   *
   * @param filter Of which link and IP version.
   */
  addresses(filter?: LinkAddressFilter): LinkAddressInfo[] {
    return listAddresses(this.#exchange, filter);
  }

  /**
   * Gives a link an address, and while it is up the route to its network.
   *
   * @param address The address and the link.
   */
  addAddress(address: LinkAddress): void {
    addAddress(this.#exchange, address);
  }

  /**
   * Takes an address from a link. With the first IPv4 address of a network go
   * the others of that network, unless `promote_secondaries` is set.
   *
   * @param address The address and the link.
   */
  removeAddress(address: LinkAddress): void {
    removeAddress(this.#exchange, address);
  }

  /**
   * The routes of the main table, or of another.
   *
   * @param filter Of which IP version and table.
   */
  routes(filter?: RouteFilter): RouteInfo[] {
    return listRoutes(this.#exchange, filter);
  }

  /**
   * Adds a route. The link must be up.
   *
   * @param route The route.
   * @param options Whether it may replace one.
   */
  addRoute(route: Route, options?: AddRouteOptions): void {
    addRoute(this.#exchange, route, options);
  }

  /**
   * Removes a route, the first that has all that is given.
   *
   * @param route The route.
   */
  removeRoute(route: Route): void {
    removeRoute(this.#exchange, route);
  }

  /**
   * Looks up the way to an address, rules included.
   *
   * @param address The address of the destination.
   * @param options What else the way may hang on.
   * @returns The link, router, source address and MTU.
   * @throws {SystemCallError} `ENETUNREACH` without a route; what a
   * `"prohibit"`, `"unreachable"` or `"blackhole"` route gives: `EACCES`,
   * `EHOSTUNREACH`, `EINVAL`.
   */
  routeTo(address: string, options?: RouteLookupOptions): RouteLookup {
    return lookUpRoute(this.#exchange, address, options);
  }

  /**
   * The routing rules.
   *
   * @param filter Of which IP version.
   */
  rules(filter?: RuleFilter): RuleInfo[] {
    return listRules(this.#exchange, filter);
  }

  /**
   * Adds a routing rule.
   *
   * @param rule The rule.
   */
  addRule(rule: Rule): void {
    addRule(this.#exchange, rule);
  }

  /**
   * Removes a routing rule, the first that has all that is given.
   *
   * @param rule The rule.
   */
  removeRule(rule: Rule): void {
    removeRule(this.#exchange, rule);
  }
}

function referenceOf(
  link: LinkReference | LinkInfo | LinkOptions | VethOptions,
): LinkReference {
  if (typeof link !== "object") return link;
  return "index" in link ? link.index : link.name;
}
