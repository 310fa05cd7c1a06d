import type { IcmpMessage } from "./icmp_message.ts";
import type { Packet } from "./packet.ts";
import { protocolName } from "./protocols.ts";

/** The line of a packet. A quoted packet's own quote is left out. */
export function describePacket(packet: Packet, isQuoted = false): string {
  const { version, protocol } = packet;
  const source = endpoint(version, packet.source, packet.sourcePort);
  const destination = endpoint(
    version,
    packet.destination,
    packet.destinationPort,
  );
  const upper = protocol === undefined
    ? "malformed extension header"
    : describeUpper(packet, protocol, isQuoted);
  return `IPv${version} ${source} → ${destination} ${upper}, ${
    describeLength(packet)
  }`;
}

function endpoint(version: number, address: string, port?: number): string {
  if (port === undefined) return address;
  return version === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}

function describeUpper(
  packet: Packet,
  protocol: number,
  isQuoted: boolean,
): string {
  const { icmp, tcp, udp, fragment, version } = packet;
  let line = protocolName(protocol);
  if (icmp !== undefined) line = describeIcmp(packet, icmp, isQuoted);
  else if (tcp !== undefined) line += ` ${tcp.summary()}`;
  else if (udp === undefined && isExpected(packet, version, protocol)) {
    line += " malformed";
  }
  if (fragment === undefined) return line;
  const { identification, offset, more } = fragment;
  const follows = more ? ", more follow" : "";
  return `${line} fragment id ${identification} at ${offset}${follows}`;
}

/** Whether the packet should have begun with a header that we read. */
function isExpected(packet: Packet, version: number, protocol: number) {
  if ((packet.fragment?.offset ?? 0) > 0) return false;
  // Quotes of 8 bytes hold no whole TCP header, but what they hold is right.
  if (packet.isTruncated && packet.sourcePort !== undefined) return false;
  return protocol === 6 || protocol === 17 ||
    protocol === (version === 4 ? 1 : 58);
}

function describeIcmp(
  packet: Packet,
  icmp: IcmpMessage,
  isQuoted: boolean,
): string {
  const summary = icmp.summary();
  const quoted = isQuoted ? undefined : packet.quoted;
  if (quoted === undefined) return summary;
  return `${summary} for (${describePacket(quoted, true)})`;
}

function describeLength(packet: Packet): string {
  const there = packet.payload.length;
  const stated = there + packet.length - packet.bytes.length;
  return there === stated ? `${stated} bytes` : `${there} of ${stated} bytes`;
}
