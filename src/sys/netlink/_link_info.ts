/** Links read from messages. */
import * as c from "./constants.ts";
import type { LinkInfo, LinkState } from "./link.ts";
import { Attributes, type Message, readU32 } from "./message.ts";

/** The flags of `linux/if.h` by bit, without their `IFF_`. */
const flagNames = [
  ..."UP BROADCAST DEBUG LOOPBACK POINTOPOINT NOTRAILERS".split(" "),
  ..."RUNNING NOARP PROMISC ALLMULTI MASTER SLAVE MULTICAST".split(" "),
  ..."PORTSEL AUTOMEDIA DYNAMIC LOWER_UP DORMANT ECHO".split(" "),
];

/** `IF_OPER_*` of `linux/if.h` by number. */
const stateNames: readonly LinkState[] = [
  "unknown",
  "notpresent",
  "down",
  "lowerlayerdown",
  "testing",
  "dormant",
  "up",
];

const infoSize = 16; // struct ifinfomsg

/** @throws {RangeError} If the message is not one of a link. */
export function parseLink({ body }: Message): LinkInfo {
  const index = readU32(body, 4);
  const flags = readU32(body, 8);
  const attributes = new Attributes(body, infoSize);
  const kind = attributes.nested(c.IFLA_LINKINFO)?.text(c.IFLA_INFO_KIND);
  const hardware = attributes.bytes(c.IFLA_ADDRESS);
  const master = attributes.u32(c.IFLA_MASTER);
  const parent = attributes.u32(c.IFLA_LINK);
  return {
    index,
    name: attributes.text(c.IFLA_IFNAME) ?? "",
    up: (flags & c.IFF_UP) !== 0,
    running: (flags & c.IFF_RUNNING) !== 0,
    lowerUp: (flags & c.IFF_LOWER_UP) !== 0,
    state: stateNames[attributes.u8(c.IFLA_OPERSTATE) ?? 0] ?? "unknown",
    mtu: attributes.u32(c.IFLA_MTU) ?? 0,
    minMtu: attributes.u32(c.IFLA_MIN_MTU) ?? 0,
    maxMtu: attributes.u32(c.IFLA_MAX_MTU) ?? 0,
    ...(kind !== undefined && { kind }),
    ...(hardware?.length && { hardwareAddress: hexadecimal(hardware) }),
    ...(master && { master }),
    ...(parent && { parent }),
    flags: flagNames.filter((_, bit) => flags >>> bit & 1),
  };
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(
    ":",
  );
}
