import {
  addressToBytes,
  buildIcmp,
  buildIcmpEcho,
  buildIcmpError,
  buildIp,
  buildIpv4,
  buildIpv6,
  buildOptions,
  buildTcp,
  buildUdp,
  type ExtensionHeader,
  formatAddress,
  type HeaderOption,
  type IPv4Fields,
  type IPv6Fields,
  TCP_FLAGS,
  type TCPFields,
  type UDPFields,
} from "../../src/packet/mod.ts";
import type { Random } from "./_util.ts";

/** A random address of a family. */
export function address(random: Random, family: 4 | 6): string {
  return formatAddress(random.bytes(family === 4 ? 4 : 16));
}

/** Random options that a header has room for, and no padding among them. */
export function options(random: Random): HeaderOption[] {
  const found: HeaderOption[] = [];
  for (let n = random.below(4); n > 0; n--) {
    const kind = 1 + random.below(255);
    const data = random.bytes(kind === 1 ? 0 : random.below(9));
    found.push({ kind, data });
  }
  return found;
}

/** Random meaning of an IPv4 packet. */
export function ipv4Fields(random: Random): Required<IPv4Fields> {
  return {
    source: address(random, 4),
    destination: address(random, 4),
    protocol: random.below(256),
    payload: random.bytes(random.below(200)),
    ttl: random.below(256),
    dscp: random.below(64),
    ecn: random.below(4),
    identification: random.below(65536),
    dontFragment: random.bool(),
    moreFragments: random.bool(),
    fragmentOffset: random.bool() ? 0 : random.below(8192) * 8,
    options: buildOptions(options(random)),
  };
}

/** A random extension header that lets the walk go on. */
function extension(random: Random): ExtensionHeader {
  const type = random.pick([0, 43, 51, 60, 135, 139, 140]);
  const unit = type === 51 ? 4 : 8;
  return { type, data: random.bytes(unit * (2 + random.below(4)) - 2) };
}

/** Random meaning of an IPv6 packet. */
export function ipv6Fields(random: Random): Required<IPv6Fields> {
  const extensions: ExtensionHeader[] = [];
  for (let n = random.below(5); n > 0; n--) extensions.push(extension(random));
  return {
    source: address(random, 6),
    destination: address(random, 6),
    protocol: random.pick([1, 6, 17, 50, 58, 59, 253]),
    payload: random.bytes(random.below(200)),
    hopLimit: random.below(256),
    dscp: random.below(64),
    ecn: random.below(4),
    flowLabel: random.below(0x100000),
    extensions,
  };
}

/** Random meaning of a UDP datagram. */
export function udpFields(random: Random): UDPFields {
  return {
    sourcePort: random.below(65536),
    destinationPort: random.below(65536),
    payload: random.bytes(random.below(200)),
  };
}

/** Random meaning of a TCP segment. */
export function tcpFields(random: Random): Required<TCPFields> {
  return {
    ...udpFields(random),
    sequence: random.below(2 ** 32),
    acknowledgment: random.below(2 ** 32),
    flags: TCP_FLAGS.filter(() => random.bool()),
    window: random.below(65536),
    urgentPointer: random.below(65536),
    options: options(random),
  };
}

/** A random whole packet: every upper layer, both versions, now and then bare. */
export function packet(random: Random): Uint8Array<ArrayBuffer> {
  const family = random.pick([4, 6] as const);
  const source = address(random, family);
  const destination = address(random, family);
  const ends = { source, destination };
  const payload = random.bytes(random.below(120));
  const icmp = family === 4 ? 1 : 58;
  switch (random.below(7)) {
    case 0:
      return buildIp({
        ...ends,
        protocol: 17,
        payload: buildUdp({ ...ends, ...udpFields(random) }),
      });
    case 1:
      return buildIp({
        ...ends,
        protocol: 6,
        payload: buildTcp({ ...ends, ...tcpFields(random) }),
      });
    case 2:
      return buildIp({
        ...ends,
        protocol: icmp,
        payload: buildIcmpEcho({
          ...ends,
          type: random.pick(["request", "reply"]),
          identifier: random.below(65536),
          sequence: random.below(65536),
          payload,
        }),
      });
    case 3:
      return buildIp({
        ...ends,
        protocol: icmp,
        payload: buildIcmpError({
          ...ends,
          type: family === 4
            ? random.pick([3, 4, 5, 11, 12])
            : random.pick([1, 2, 3, 4]),
          code: random.below(10),
          packet: packet(random),
        }),
      });
    case 4:
      return buildIp({
        ...ends,
        protocol: icmp,
        payload: buildIcmp({
          ...ends,
          type: random.below(256),
          code: random.below(5),
          rest: random.below(2 ** 32),
          payload,
        }),
      });
    case 5:
      return buildIpv4(ipv4Fields(random));
    default:
      return buildIpv6(ipv6Fields(random));
  }
}

/** The bytes of two addresses. */
export function ends(
  source: string,
  destination: string,
): [Uint8Array, Uint8Array] {
  return [addressToBytes(source), addressToBytes(destination)];
}
