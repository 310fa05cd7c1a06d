import type { Family } from "./address.ts";

/** A type's name, and the names of its codes where it has any. */
type Entry = string | readonly [type: string, ...codes: string[]];

// https://www.iana.org/assignments/icmp-parameters
const ICMP: Readonly<Record<number, Entry>> = {
  0: "echo reply",
  3: [
    "destination unreachable",
    "network unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "fragmentation needed",
    "source route failed",
    "network unknown",
    "host unknown",
    "source host isolated",
    "network administratively prohibited",
    "host administratively prohibited",
    "network unreachable for type of service",
    "host unreachable for type of service",
    "communication administratively prohibited",
    "host precedence violation",
    "precedence cutoff in effect",
  ],
  4: "source quench",
  5: [
    "redirect",
    "redirect for network",
    "redirect for host",
    "redirect for type of service and network",
    "redirect for type of service and host",
  ],
  6: "alternate host address",
  8: "echo request",
  9: "router advertisement",
  10: "router solicitation",
  11: [
    "time exceeded",
    "ttl exceeded in transit",
    "fragment reassembly time exceeded",
  ],
  12: [
    "parameter problem",
    "parameter problem",
    "required option missing",
    "bad length",
  ],
  13: "timestamp request",
  14: "timestamp reply",
  15: "information request",
  16: "information reply",
  17: "address mask request",
  18: "address mask reply",
  30: "traceroute",
  31: "datagram conversion error",
  32: "mobile host redirect",
  33: "IPv6 where-are-you",
  34: "IPv6 I-am-here",
  35: "mobile registration request",
  36: "mobile registration reply",
  37: "domain name request",
  38: "domain name reply",
  39: "SKIP",
  40: [
    "security failure",
    "bad SPI",
    "authentication failed",
    "decompression failed",
    "decryption failed",
    "need authentication",
    "need authorization",
  ],
  41: "experimental mobility",
  42: "extended echo request",
  43: [
    "extended echo reply",
    "extended echo reply",
    "malformed query",
    "no such interface",
    "no such table entry",
    "multiple interfaces satisfy query",
  ],
  253: "experiment 1",
  254: "experiment 2",
};

// https://www.iana.org/assignments/icmpv6-parameters
const ICMPV6: Readonly<Record<number, Entry>> = {
  1: [
    "destination unreachable",
    "no route to destination",
    "communication administratively prohibited",
    "beyond scope of source address",
    "address unreachable",
    "port unreachable",
    "source address failed ingress or egress policy",
    "reject route to destination",
    "error in source routing header",
    "headers too long",
  ],
  2: "packet too big",
  3: [
    "time exceeded",
    "hop limit exceeded in transit",
    "fragment reassembly time exceeded",
  ],
  4: [
    "parameter problem",
    "erroneous header field",
    "unrecognized next header",
    "unrecognized option",
    "first fragment has incomplete header chain",
    "upper-layer header error",
    "next header unrecognized by intermediate node",
    "extension header too big",
    "extension header chain too long",
    "too many extension headers",
    "too many options in extension header",
    "option too big",
  ],
  100: "private experimentation",
  101: "private experimentation",
  128: "echo request",
  129: "echo reply",
  130: "multicast listener query",
  131: "multicast listener report",
  132: "multicast listener done",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbor solicitation",
  136: "neighbor advertisement",
  137: "redirect",
  138: ["router renumbering", "command", "result"],
  139: [
    "node information query",
    "node information query for IPv6 address",
    "node information query for name",
    "node information query for IPv4 address",
  ],
  140: [
    "node information response",
    "node information response",
    "node information refused",
    "node information query type unknown",
  ],
  141: "inverse neighbor discovery solicitation",
  142: "inverse neighbor discovery advertisement",
  143: "multicast listener report v2",
  144: "home agent address discovery request",
  145: "home agent address discovery reply",
  146: "mobile prefix solicitation",
  147: "mobile prefix advertisement",
  148: "certification path solicitation",
  149: "certification path advertisement",
  150: "experimental mobility",
  151: "multicast router advertisement",
  152: "multicast router solicitation",
  153: "multicast router termination",
  154: "FMIPv6",
  155: "RPL control",
  156: "ILNPv6 locator update",
  157: "duplicate address request",
  158: "duplicate address confirmation",
  159: "MPL control",
  160: "extended echo request",
  161: [
    "extended echo reply",
    "extended echo reply",
    "malformed query",
    "no such interface",
    "no such table entry",
    "multiple interfaces satisfy query",
  ],
  200: "private experimentation",
  201: "private experimentation",
};

/**
 * The name of an ICMP message (RFC 792) or an ICMPv6 message (RFC 4443), by
 * IANA's registries of types and codes.
 *
 * @param version The IP version: 4 for ICMP, 6 for ICMPv6.
 * @param type The type, 0 to 255.
 * @param code The code, 0 to 255; without it, the type's own name is given.
 * @returns The code's name where it has one, else the type's; a code that is
 * not registered is added as a number.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { icmpName } from "@echoduct/echoduct/packet";
 *
 * assert.equal(icmpName(4, 3, 1), "host unreachable");
 * assert.equal(icmpName(4, 3), "destination unreachable");
 * assert.equal(icmpName(6, 128, 0), "echo request");
 * assert.equal(icmpName(4, 3, 99), "destination unreachable code 99");
 * ```
 */
export function icmpName(
  version: Family,
  type: number,
  code?: number,
): string {
  const entry = (version === 4 ? ICMP : ICMPV6)[type] ?? `type ${type}`;
  const codes = typeof entry === "string" ? [entry] : entry;
  if (code === undefined) return codes[0];
  // A type without codes of its own has only code 0, which is the type.
  const named = typeof entry === "string"
    ? (code === 0 ? entry : undefined)
    : entry[code + 1];
  return named ?? `${codes[0]} code ${code}`;
}
