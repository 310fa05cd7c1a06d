const NAMES: Readonly<Record<number, string>> = {
  0: "hop-by-hop options",
  1: "ICMP",
  2: "IGMP",
  4: "IPv4 in IP",
  6: "TCP",
  17: "UDP",
  33: "DCCP",
  41: "IPv6 in IP",
  43: "routing header",
  44: "fragment header",
  46: "RSVP",
  47: "GRE",
  50: "ESP",
  51: "AH",
  58: "ICMPv6",
  59: "no next header",
  60: "destination options",
  88: "EIGRP",
  89: "OSPF",
  94: "IPIP",
  103: "PIM",
  108: "IPComp",
  112: "VRRP",
  115: "L2TP",
  132: "SCTP",
  135: "mobility header",
  136: "UDPLite",
  137: "MPLS in IP",
  139: "HIP",
  140: "Shim6",
  143: "Ethernet",
};

/**
 * The name of an upper-layer protocol, by IANA's registry of protocol numbers.
 *
 * @param protocol The number, 0 to 255.
 * @returns Its name, or `protocol N` where it is uncommon or unassigned.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { protocolName } from "@echoduct/echoduct/packet";
 *
 * assert.equal(protocolName(17), "UDP");
 * assert.equal(protocolName(200), "protocol 200");
 * ```
 */
export function protocolName(protocol: number): string {
  return NAMES[protocol] ?? `protocol ${protocol}`;
}
