/**
 * The addresses of links (`linux/if_addr.h`).
 *
 * @module
 */
import type { Family, Prefix } from "../../packet/mod.ts";
import { formatAddress } from "../../packet/mod.ts";
import {
  addressFamilyOf,
  checkAddress,
  checkPrefix,
  families,
  familyOf,
} from "./_check.ts";
import { formatScope, parseScope, type Scope } from "./_scope.ts";
import * as c from "./constants.ts";
import type { Exchange } from "./exchange.ts";
import { linkIndex, linkNames, type LinkReference } from "./link.ts";
import {
  Attributes,
  type Message,
  MessageWriter,
  readU32,
  readU8,
} from "./message.ts";

const headerSize = 8; // struct ifaddrmsg

/** An address of a link. */
export interface LinkAddress {
  /** The link that has it. */
  readonly link: LinkReference;
  /** The address and the length of its network: `"10.7.0.2/24"`, `"fd00::2/64"`. */
  readonly address: string;
  /**
   * The address at the other end of a point-to-point link; the prefix length
   * is then that of the other end.
   */
  readonly peer?: string;
  /**
   * Uses an IPv6 address at once, without asking the neighbours whether one of
   * them has it (RFC 4862 section 5.4).
   *
   * @default {true}
   */
  readonly noDad?: boolean;
  /** IPv4: the broadcast address; without it there is none, as with `ip`. */
  readonly broadcast?: string;
  /** IPv4: a name of its own, which begins with the link's name. */
  readonly label?: string;
  /**
   * How far it is known.
   *
   * @default {"host" within 127.0.0.0/8, otherwise "global"}
   */
  readonly scope?: Scope;
}

/** An address as the kernel lists it. */
export interface LinkAddressInfo extends LinkAddress {
  /** The name of the link. */
  readonly link: string;
  /** The index of the link. */
  readonly index: number;
  /** The IP version. */
  readonly family: Family;
  /** How far it is known. */
  readonly scope: Scope;
  /** IPv6: not yet known to be nobody else's, and not to be used until then. */
  readonly tentative?: boolean;
  /** IPv6: found to be somebody else's. */
  readonly dadFailed?: boolean;
}

/** Which addresses to list. */
export interface LinkAddressFilter {
  /** Only those of this link. */
  readonly link?: LinkReference;
  /** Only those of this IP version. */
  readonly family?: Family;
}

export function listAddresses(
  exchange: Exchange,
  { link, family }: LinkAddressFilter = {},
): LinkAddressInfo[] {
  const what = link === undefined
    ? "Cannot list addresses"
    : `Cannot list addresses of ${link}`;
  const wanted = families(family, what);
  const index = link === undefined ? 0 : linkIndex(exchange, link, what);
  const messages = wanted.map((version) =>
    exchange.dump(
      new MessageWriter(c.RTM_GETADDR)
        .u8(addressFamilyOf(version), 0, 0, 0).u32(index),
      what,
    )
  );
  const names = linkNames(exchange, what);
  // A kernel without a family, or an old one, lists more than was asked.
  return wanted.flatMap((version, i) =>
    messages[i].map((message) => parseLinkAddress(message, names))
      .filter((found) => found !== undefined)
      .filter((found) => found.family === version)
      .filter((found) => index === 0 || found.index === index)
  );
}

export function addAddress(exchange: Exchange, address: LinkAddress): void {
  const { address: text, link, label, broadcast, scope, noDad = true } =
    address;
  const what = `Cannot add address ${text} to ${link}`;
  const prefix = checkPrefix(text, "Cannot add address");
  const flags = prefix.family === 6 && noDad ? c.IFA_F_NODAD : 0;
  const broad = broadcast && checkAddress(broadcast, 4, what);
  const isHost = prefix.family === 4 && prefix.bytes[0] === 127;
  const request = start(
    exchange,
    c.RTM_NEWADDR,
    address,
    prefix,
    [flags, parseScope(scope ?? (isHost ? "host" : "global"), what)],
    what,
  );
  if (broad) request.attributeBytes(c.IFA_BROADCAST, broad);
  if (label !== undefined) request.attributeText(c.IFA_LABEL, label);
  exchange.change(request, what, c.NLM_F_CREATE | c.NLM_F_EXCL);
}

export function removeAddress(exchange: Exchange, address: LinkAddress): void {
  const what = `Cannot remove address ${address.address} from ${address.link}`;
  const prefix = checkPrefix(address.address, "Cannot remove address");
  const request = start(exchange, c.RTM_DELADDR, address, prefix, [0, 0], what);
  if (address.label !== undefined) {
    request.attributeText(c.IFA_LABEL, address.label);
  }
  exchange.change(request, what);
}

/** What adding and removing have in common. */
function start(
  exchange: Exchange,
  type: number,
  { link, peer }: LinkAddress,
  { family, bytes, length }: Prefix,
  [flags, scope]: [flags: number, scope: number],
  what: string,
): MessageWriter {
  const other = peer === undefined ? bytes : checkAddress(peer, family, what);
  return new MessageWriter(type)
    .u8(addressFamilyOf(family), length, flags, scope)
    .u32(linkIndex(exchange, link, what))
    .attributeBytes(c.IFA_LOCAL, bytes)
    .attributeBytes(c.IFA_ADDRESS, other);
}

/**
 * Reads an address; `undefined` where it is not one of IP, or where its link
 * is gone and took it along.
 *
 * @throws {RangeError} If the message is not one of an address.
 */
export function parseLinkAddress(
  { body }: Message,
  names: ReadonlyMap<number, string>,
): LinkAddressInfo | undefined {
  const family = familyOf(readU8(body, 0));
  const index = readU32(body, 4);
  const link = names.get(index);
  if (family === undefined || link === undefined) return undefined;
  const attributes = new Attributes(body, headerSize);
  const flags = attributes.u32(c.IFA_FLAGS) ?? readU8(body, 2);
  const far = text(attributes, c.IFA_ADDRESS) ??
    (family === 4 ? "0.0.0.0" : "::");
  const local = text(attributes, c.IFA_LOCAL) ?? far;
  const label = attributes.text(c.IFA_LABEL);
  const broadcast = text(attributes, c.IFA_BROADCAST);
  return {
    link,
    index,
    family,
    address: `${local}/${readU8(body, 1)}`,
    ...(far !== local && { peer: far }),
    ...(broadcast !== undefined && { broadcast }),
    ...(label !== undefined && { label }),
    scope: formatScope(readU8(body, 3)),
    ...(family === 6 && {
      noDad: (flags & c.IFA_F_NODAD) !== 0,
      tentative: (flags & c.IFA_F_TENTATIVE) !== 0,
      dadFailed: (flags & c.IFA_F_DADFAILED) !== 0,
    }),
  };
}

function text(attributes: Attributes, type: number): string | undefined {
  const bytes = attributes.bytes(type);
  return bytes && formatAddress(bytes);
}
