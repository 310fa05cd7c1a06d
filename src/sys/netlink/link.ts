/**
 * Links: network devices as rtnetlink sees them (`linux/if_link.h`).
 *
 * @module
 */
import { checkInteger, checkLinkName, maxU32 } from "./_check.ts";
import { parseLink } from "./_link_info.ts";
import * as c from "./constants.ts";
import { type Exchange, isRefusal } from "./exchange.ts";
import { MessageWriter } from "./message.ts";

/**
 * A link: its name, or its index in its namespace.
 *
 * @example
 * ```ts
 * import type { LinkReference } from "@echoduct/echoduct/sys";
 *
 * const loopback: LinkReference[] = ["lo", 1];
 * ```
 */
export type LinkReference = string | number;

/**
 * The state of a link after RFC 2863, section 6. A device that does not tell,
 * such as the loopback, stays `"unknown"`.
 *
 * @example
 * ```ts
 * import type { LinkState } from "@echoduct/echoduct/sys";
 *
 * const usable: LinkState[] = ["unknown", "up"];
 * ```
 */
export type LinkState =
  | "unknown"
  | "notpresent"
  | "down"
  | "lowerlayerdown"
  | "testing"
  | "dormant"
  | "up";

/** A link as the kernel describes it. */
export interface LinkInfo {
  /** The number by which its namespace knows it. */
  readonly index: number;
  /** Its name, 1 to 15 bytes. */
  readonly name: string;
  /** Whether it was set up (`IFF_UP`). */
  readonly up: boolean;
  /** Whether it can carry packets (`IFF_RUNNING`). */
  readonly running: boolean;
  /** Whether there is a carrier (`IFF_LOWER_UP`). */
  readonly lowerUp: boolean;
  /** Its state after RFC 2863. */
  readonly state: LinkState;
  /** The largest packet, in bytes. */
  readonly mtu: number;
  /** The least MTU the device takes, in bytes. */
  readonly minMtu: number;
  /** The greatest MTU the device takes, in bytes; 0 where it has no limit. */
  readonly maxMtu: number;
  /** The kind of virtual device: `"tun"`, `"veth"`; missing for others. */
  readonly kind?: string;
  /** Hexadecimal with colons; missing where the device has none. */
  readonly hardwareAddress?: string;
  /** The index of the bridge or other device that this one is a port of. */
  readonly master?: number;
  /** The index of what it stands on; of a veth its peer, in the peer's namespace. */
  readonly parent?: number;
  /** The flags of `linux/if.h` that are set, without their `IFF_`. */
  readonly flags: readonly string[];
}

/** What to change of a link; what is missing stays. */
export interface LinkChanges {
  /** Sets it up or down. */
  readonly up?: boolean;
  /**
   * The largest packet, in bytes, within the device's limits. Below 1280 the
   * kernel takes IPv6 off the link.
   */
  readonly mtu?: number;
  /** A new name. */
  readonly name?: string;
  /**
   * An open descriptor of the network namespace to move it to, where it is
   * down and without addresses until it is given them.
   */
  readonly netns?: number;
  /** The bridge to make it a port of; `null` takes it off. */
  readonly master?: LinkReference | null;
}

/** A link to make. */
export interface LinkOptions {
  /** Its name. */
  readonly name: string;
  /** What the kernel calls such devices: `"dummy"`, `"bridge"`. */
  readonly kind: string;
  /**
   * The largest packet, in bytes.
   *
   * @default {the kernel's choice, mostly 1500}
   */
  readonly mtu?: number;
}

/** Two links to make, of which one receives what the other sends. */
export interface VethOptions {
  /** The name of the one, in the netlink's namespace. */
  readonly name: string;
  /** The name of the other. */
  readonly peer: string;
  /**
   * An open descriptor of the network namespace for the other.
   *
   * @default {the netlink's own}
   */
  readonly peerNetns?: number;
  /**
   * The largest packet of both, in bytes, 68 to 65535.
   *
   * @default {1500}
   */
  readonly mtu?: number;
}

export function listLinks(
  exchange: Exchange,
  what = "Cannot list links",
): LinkInfo[] {
  return exchange.dump(getLink(), what).map(parseLink);
}

/** The name of each link by its index. */
export function linkNames(
  exchange: Exchange,
  what: string,
): Map<number, string> {
  return new Map(
    listLinks(exchange, what).map((link) => [link.index, link.name]),
  );
}

/** One link; throws ENODEV if there is none. */
export function requireLink(
  exchange: Exchange,
  link: LinkReference,
  what: string,
): LinkInfo {
  if (typeof link === "string") checkLinkName(link, what);
  else checkIndex(link, what);
  return parseLink(exchange.get(getLink(link), what));
}

export function findLink(
  exchange: Exchange,
  link: LinkReference,
): LinkInfo | undefined {
  try {
    return requireLink(exchange, link, `Cannot look up link ${link}`);
  } catch (error) {
    if (isRefusal(error, "ENODEV")) return undefined;
    throw error;
  }
}

/** The index of a link; an index is taken at its word. */
export function linkIndex(
  exchange: Exchange,
  link: LinkReference,
  what: string,
): number {
  return typeof link === "number"
    ? checkIndex(link, what)
    : requireLink(exchange, link, what).index;
}

export function changeLink(
  exchange: Exchange,
  link: LinkReference,
  changes: LinkChanges,
): void {
  const { up, mtu, name, netns, master } = changes;
  const what = `Cannot change link ${link}`;
  if (name !== undefined) checkLinkName(name, what);
  if (netns !== undefined) checkDescriptor(netns, what);
  if (mtu !== undefined) checkInteger(mtu, 1, maxU32, what, "MTU");
  const { index, minMtu, maxMtu } = requireLink(exchange, link, what);
  if (mtu !== undefined) {
    checkInteger(mtu, minMtu, maxMtu || maxU32, what, "MTU");
  }
  const upFlag = up ? c.IFF_UP : 0;
  const request = new MessageWriter(c.RTM_NEWLINK);
  info(request, index, upFlag, up === undefined ? 0 : c.IFF_UP);
  if (name !== undefined) request.attributeText(c.IFLA_IFNAME, name);
  if (mtu !== undefined) request.attributeU32(c.IFLA_MTU, mtu);
  if (netns !== undefined) request.attributeU32(c.IFLA_NET_NS_FD, netns);
  if (master !== undefined) {
    const to = master === null ? 0 : linkIndex(exchange, master, what);
    request.attributeU32(c.IFLA_MASTER, to);
  }
  exchange.change(request, what);
}

/** Makes a link; `data` appends what is particular to its kind. */
export function addLink(
  exchange: Exchange,
  { name, kind, mtu }: LinkOptions,
  what = `Cannot add ${kind} ${name}`,
  data?: (request: MessageWriter) => void,
): void {
  const request = new MessageWriter(c.RTM_NEWLINK);
  describe(info(request, 0, 0, 0), name, mtu, what);
  request.nest(c.IFLA_LINKINFO, () => {
    request.attributeText(c.IFLA_INFO_KIND, kind);
    if (data) request.nest(c.IFLA_INFO_DATA, () => data(request));
  });
  exchange.change(request, what, c.NLM_F_CREATE | c.NLM_F_EXCL);
}

export function addVeth(exchange: Exchange, options: VethOptions): void {
  const { name, peer, peerNetns, mtu } = options;
  const what = `Cannot add veth ${name} with peer ${peer}`;
  if (mtu !== undefined) checkInteger(mtu, 68, 65535, what, "MTU");
  if (peerNetns !== undefined) checkDescriptor(peerNetns, what);
  addLink(exchange, { name, kind: "veth", mtu }, what, (request) => {
    request.nest(c.VETH_INFO_PEER, () => {
      describe(info(request, 0, 0, 0), peer, mtu, what);
      if (peerNetns === undefined) return;
      request.attributeU32(c.IFLA_NET_NS_FD, peerNetns);
    });
  });
}

export function removeLink(exchange: Exchange, link: LinkReference): void {
  const what = `Cannot remove link ${link}`;
  const index = linkIndex(exchange, link, what);
  exchange.change(info(new MessageWriter(c.RTM_DELLINK), index, 0, 0), what);
}

function getLink(link?: LinkReference): MessageWriter {
  const request = new MessageWriter(c.RTM_GETLINK);
  info(request, typeof link === "number" ? link : 0, 0, 0);
  if (typeof link === "string") request.attributeText(c.IFLA_IFNAME, link);
  return request.attributeU32(c.IFLA_EXT_MASK, c.RTEXT_FILTER_SKIP_STATS);
}

/** Writes a `struct ifinfomsg`. */
function info(
  request: MessageWriter,
  index: number,
  flags: number,
  change: number,
): MessageWriter {
  return request.u32(0).u32(index).u32(flags).u32(change);
}

function describe(
  request: MessageWriter,
  name: string,
  mtu: number | undefined,
  what: string,
): void {
  request.attributeText(c.IFLA_IFNAME, checkLinkName(name, what));
  if (mtu === undefined) return;
  request.attributeU32(c.IFLA_MTU, checkInteger(mtu, 1, maxU32, what, "MTU"));
}

function checkIndex(index: number, what: string): number {
  return checkInteger(index, 1, 0x7fffffff, what, "link index");
}

function checkDescriptor(fd: number, what: string): number {
  return checkInteger(fd, 0, 0x7fffffff, what, "namespace's descriptor");
}
