import { u16 } from "./_bytes.ts";
import {
  findUpperLayer,
  isExtensionHeader,
  readFragment,
  type UpperLayer,
} from "./_extension_headers.ts";
import { describePacket } from "./_describe.ts";
import { type Family, formatAddress } from "./address.ts";
import { ICMP } from "./icmp.ts";
import { ICMPv6 } from "./icmpv6.ts";
import { IPv4 } from "./ipv4.ts";
import { IPv6, type IPv6Fragment } from "./ipv6.ts";
import { PacketError, type PacketFault } from "./packet_error.ts";
import { TCP } from "./tcp.ts";
import { UDP } from "./udp.ts";
import { type ParseOptions, View } from "./view.ts";

/**
 * A view over a whole IP packet of either version, what a TUN device carries.
 *
 * Making one checks the IP header and no more; everything else is read when it
 * is asked for. It borrows the bytes: they must not change while it is in use.
 *
 * Its line, as `console.log` shows it, ends with the bytes that the IP packet
 * carries after all its headers: `IPv4 10.7.0.2 → 10.7.0.1 ICMP echo request
 * id 7 seq 3, 64 bytes` is what ping, too, calls 64 bytes.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmpEcho, buildIp, Packet } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIp({
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   protocol: 1,
 *   payload: buildIcmpEcho({ type: "request", identifier: 7, sequence: 3 }),
 * });
 * const packet = Packet.parse(bytes);
 * assert.equal(packet?.icmp?.sequence, 3);
 * assert.equal(
 *   `${packet}`,
 *   "IPv4 10.7.0.2 → 10.7.0.1 ICMP echo request id 7 seq 3, 8 bytes",
 * );
 * ```
 */
export class Packet extends View {
  #upper: UpperLayer | undefined;
  #ip: IPv4 | IPv6 | undefined;
  // null: looked for and not there.
  #transport: ICMP | ICMPv6 | UDP | TCP | null | undefined;

  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Says what is wrong with bytes as an IP packet.
   *
   * @param bytes The bytes, beginning with the IP header.
   * @param options Whether the payload may be cut short.
   * @returns The fault, or `undefined` if there is none. What the packet
   * carries is not looked at, nor is any checksum.
   */
  static check(
    bytes: Uint8Array,
    options?: ParseOptions,
  ): PacketFault | undefined {
    if (bytes.length === 0) return "truncated";
    switch (bytes[0] >> 4) {
      case 4:
        return IPv4.check(bytes, options);
      case 6:
        return IPv6.check(bytes, options);
      default:
        return "version";
    }
  }

  /**
   * Views bytes as an IP packet. Bytes beyond its length are ignored.
   *
   * @param bytes The bytes, beginning with the IP header; they are borrowed.
   * @param options Whether the payload may be cut short.
   * @returns The view, or `undefined` if the bytes are no IP packet.
   */
  static parse(bytes: Uint8Array, options?: ParseOptions): Packet | undefined {
    if (Packet.check(bytes, options) !== undefined) return undefined;
    const length = statedLength(bytes);
    return new Packet(
      length < bytes.length ? bytes.subarray(0, length) : bytes,
    );
  }

  /**
   * Views bytes as an IP packet, or says why they are none.
   *
   * @param bytes The bytes, beginning with the IP header; they are borrowed.
   * @param options Whether the payload may be cut short.
   * @returns The view.
   * @throws {PacketError} If the bytes are no IP packet.
   */
  static from(bytes: Uint8Array, options?: ParseOptions): Packet {
    const packet = Packet.parse(bytes, options);
    if (packet !== undefined) return packet;
    const reason = Packet.check(bytes, options) ?? "length";
    throw new PacketError(
      `Cannot read ${bytes.length} bytes as an IP packet: ${reason}`,
      reason,
    );
  }

  /** The IP version. */
  get version(): Family {
    return this.bytes[0] >> 4 === 4 ? 4 : 6;
  }

  /** Bytes of the whole packet, as its header states it. */
  get length(): number {
    return statedLength(this.bytes);
  }

  /** Whether fewer bytes are there than the header states. */
  get isTruncated(): boolean {
    return this.length > this.bytes.length;
  }

  /** The address it comes from. */
  get source(): string {
    return formatAddress(this.sourceBytes);
  }

  /** The address it goes to. */
  get destination(): string {
    return formatAddress(this.destinationBytes);
  }

  /** The address it comes from, 4 or 16 borrowed bytes. */
  get sourceBytes(): Uint8Array {
    return this.version === 4
      ? this.bytes.subarray(12, 16)
      : this.bytes.subarray(8, 24);
  }

  /** The address it goes to, 4 or 16 borrowed bytes. */
  get destinationBytes(): Uint8Array {
    return this.version === 4
      ? this.bytes.subarray(16, 20)
      : this.bytes.subarray(24, 40);
  }

  /** Hops it may still take: the time to live of IPv4. */
  get hopLimit(): number {
    return this.version === 4 ? this.bytes[8] : this.bytes[7];
  }

  /**
   * The upper-layer protocol number, in IPv6 after the extension headers;
   * `undefined` if one of them is malformed.
   */
  get protocol(): number | undefined {
    if (this.version === 4) return this.bytes[9];
    const next = this.bytes[6];
    return isExtensionHeader(next) ? this.#upperLayer().protocol : next;
  }

  /** What the packet carries after all IP headers, borrowed. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.#upperLayer().start);
  }

  /**
   * Which part of a fragmented packet this is; `undefined` if it is whole,
   * also if it is whole with an IPv6 fragment header (RFC 6946).
   */
  get fragment(): IPv6Fragment | undefined {
    const { bytes } = this;
    if (this.version === 4) {
      const word = u16(bytes, 6);
      if ((word & 0x3fff) === 0) return undefined;
      return {
        identification: u16(bytes, 4),
        offset: (word & 0x1fff) * 8,
        more: (word & 0x2000) !== 0,
      };
    }
    const { fragmentAt } = this.#upperLayer();
    if (fragmentAt < 0) return undefined;
    const fragment = readFragment(bytes, fragmentAt);
    return fragment.offset > 0 || fragment.more ? fragment : undefined;
  }

  /** The view over the IP header. */
  get ip(): IPv4 | IPv6 {
    const parse = this.version === 4 ? IPv4.parse : IPv6.parse;
    return this.#ip ??= parse(this.bytes, { truncated: true })!;
  }

  /**
   * The ICMP message over IPv4, the ICMPv6 message over IPv6; `undefined` if
   * it carries something else, or not the beginning of one.
   */
  get icmp(): ICMP | ICMPv6 | undefined {
    const transport = this.#lookUp();
    return transport instanceof ICMP || transport instanceof ICMPv6
      ? transport
      : undefined;
  }

  /**
   * The UDP datagram; `undefined` if it carries something else, a malformed
   * one, or not the beginning of one.
   */
  get udp(): UDP | undefined {
    const transport = this.#lookUp();
    return transport instanceof UDP ? transport : undefined;
  }

  /**
   * The TCP segment; `undefined` if it carries something else, a malformed
   * one, or not the beginning of one.
   */
  get tcp(): TCP | undefined {
    const transport = this.#lookUp();
    return transport instanceof TCP ? transport : undefined;
  }

  /**
   * The port it comes from, of UDP or TCP; found also in the 8 bytes that an
   * ICMP error quotes, where there is no whole TCP header.
   */
  get sourcePort(): number | undefined {
    return this.#port(0);
  }

  /** The port it goes to, found like {@linkcode Packet.sourcePort}. */
  get destinationPort(): number | undefined {
    return this.#port(2);
  }

  /** The packet that an ICMP error quotes, cut short, if this is one. */
  get quoted(): Packet | undefined {
    const quoted = this.icmp?.quoted;
    return quoted && Packet.parse(quoted, { truncated: true });
  }

  /**
   * Sums up the IPv4 header and what it carries, if that is ICMP, UDP or TCP,
   * whole and not a fragment.
   *
   * @returns Whether every checksum that can be verified is right; a message
   * that is too short to hold one is wrong.
   */
  verifyChecksums(): boolean {
    const { ip } = this;
    if (ip.version === 4 && !ip.verifyChecksum()) return false;
    if (this.isTruncated || this.fragment !== undefined) return true;
    const transport = this.#lookUp();
    if (transport === undefined) return !this.#isKnown();
    return transport.verifyChecksum(this.sourceBytes, this.destinationBytes);
  }

  /**
   * Describes it in one line, with the bytes it carries after all its headers.
   *
   * @returns The line.
   */
  override toString(): string {
    return describePacket(this);
  }

  #upperLayer(): UpperLayer {
    return this.#upper ??= this.version === 4
      ? {
        protocol: this.bytes[9],
        start: (this.bytes[0] & 0x0f) * 4,
        fragmentAt: -1,
      }
      : findUpperLayer(this.bytes);
  }

  #isKnown(): boolean {
    const { protocol } = this;
    const icmp = this.version === 4 ? 1 : 58;
    return protocol === 6 || protocol === 17 || protocol === icmp;
  }

  #lookUp(): ICMP | ICMPv6 | UDP | TCP | undefined {
    if (this.#transport === undefined) this.#transport = this.#read() ?? null;
    return this.#transport ?? undefined;
  }

  #read(): ICMP | ICMPv6 | UDP | TCP | undefined {
    if (!this.#isKnown()) return undefined;
    const { fragment, payload } = this;
    if (fragment !== undefined && fragment.offset > 0) return undefined;
    switch (this.protocol) {
      case 1:
        return ICMP.parse(payload);
      case 58:
        return ICMPv6.parse(payload);
      case 17:
        return UDP.parse(payload, {
          truncated: fragment !== undefined || this.isTruncated,
        });
      default:
        return TCP.parse(payload);
    }
  }

  #port(at: number): number | undefined {
    const { protocol } = this;
    if (protocol !== 17 && protocol !== 6) return undefined;
    const { start } = this.#upperLayer();
    if (start + 4 > this.bytes.length) return undefined;
    if ((this.fragment?.offset ?? 0) > 0) return undefined;
    return u16(this.bytes, start + at);
  }
}

function statedLength(bytes: Uint8Array): number {
  return bytes[0] >> 4 === 4 ? u16(bytes, 2) : u16(bytes, 4) + 40;
}
