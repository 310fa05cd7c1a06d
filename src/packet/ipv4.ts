import { u16 } from "./_bytes.ts";
import { formatAddress } from "./address.ts";
import { checksum } from "./checksum.ts";
import type { PacketFault } from "./packet_error.ts";
import { protocolName } from "./protocols.ts";
import { type ParseOptions, View } from "./view.ts";

/** What an IPv4 packet means: the value beside the {@linkcode IPv4} view. */
export interface IPv4Fields {
  /** The address it comes from. */
  source: string;
  /** The address it goes to. */
  destination: string;
  /** The upper-layer protocol number, 1 for ICMP. */
  protocol: number;
  /** What the header carries. */
  payload: Uint8Array;
  /**
   * Hops it may still take, 0 to 255.
   *
   * @default {64}
   */
  ttl?: number;
  /**
   * Differentiated services code point, 0 to 63 (RFC 2474).
   *
   * @default {0}
   */
  dscp?: number;
  /**
   * Explicit congestion notification, 0 to 3 (RFC 3168).
   *
   * @default {0}
   */
  ecn?: number;
  /**
   * What the fragments of one packet have in common, 0 to 65 535.
   *
   * @default {0}
   */
  identification?: number;
  /**
   * Whether routers must not fragment it.
   *
   * @default {false}
   */
  dontFragment?: boolean;
  /**
   * Whether fragments follow this one.
   *
   * @default {false}
   */
  moreFragments?: boolean;
  /**
   * Where the payload belongs in the whole, in bytes: a multiple of 8.
   *
   * @default {0}
   */
  fragmentOffset?: number;
  /** Options, at most 40 bytes, padded with zeros to a multiple of 4. */
  options?: Uint8Array;
}

/**
 * A view over an IPv4 packet (RFC 791 section 3.1).
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIpv4, IPv4 } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIpv4({
 *   source: "10.7.0.2",
 *   destination: "10.7.0.1",
 *   protocol: 253,
 *   payload: new Uint8Array(4),
 * });
 * const ip = IPv4.parse(bytes);
 * assert.equal(ip?.totalLength, 24);
 * assert(ip.verifyChecksum());
 * assert.equal(IPv4.parse(bytes.subarray(1)), undefined);
 * ```
 */
export class IPv4 extends View {
  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Says what is wrong with bytes as an IPv4 packet.
   *
   * @param bytes The bytes, beginning with the header.
   * @param options Whether the payload may be cut short.
   * @returns The fault, or `undefined` if there is none. A wrong checksum is
   * none; see {@linkcode IPv4.verifyChecksum}.
   */
  static check(
    bytes: Uint8Array,
    options?: ParseOptions,
  ): PacketFault | undefined {
    if (bytes.length < 20) return "truncated";
    if (bytes[0] >> 4 !== 4) return "version";
    const headerLength = (bytes[0] & 0x0f) * 4;
    if (headerLength < 20) return "header length";
    if (headerLength > bytes.length) return "truncated";
    const totalLength = u16(bytes, 2);
    if (totalLength < headerLength) return "length";
    if (totalLength > bytes.length && options?.truncated !== true) {
      return "truncated";
    }
    return undefined;
  }

  /**
   * Views bytes as an IPv4 packet. Bytes beyond its total length are ignored.
   *
   * @param bytes The bytes, beginning with the header; they are borrowed.
   * @param options Whether the payload may be cut short.
   * @returns The view, or `undefined` if the bytes are no IPv4 packet.
   */
  static parse(bytes: Uint8Array, options?: ParseOptions): IPv4 | undefined {
    if (IPv4.check(bytes, options) !== undefined) return undefined;
    const totalLength = u16(bytes, 2);
    return new IPv4(
      totalLength < bytes.length ? bytes.subarray(0, totalLength) : bytes,
    );
  }

  /** The IP version, 4. */
  get version(): 4 {
    return 4;
  }

  /** Bytes of header with options, 20 to 60. */
  get headerLength(): number {
    return (this.bytes[0] & 0x0f) * 4;
  }

  /** Differentiated services code point, 0 to 63 (RFC 2474). */
  get dscp(): number {
    return this.bytes[1] >> 2;
  }

  /** Explicit congestion notification, 0 to 3 (RFC 3168). */
  get ecn(): number {
    return this.bytes[1] & 3;
  }

  /** Bytes of header and payload, as the header states it. */
  get totalLength(): number {
    return u16(this.bytes, 2);
  }

  /** What the fragments of one packet have in common. */
  get identification(): number {
    return u16(this.bytes, 4);
  }

  /** Whether routers must not fragment it. */
  get dontFragment(): boolean {
    return (this.bytes[6] & 0x40) !== 0;
  }

  /** Whether fragments follow this one. */
  get moreFragments(): boolean {
    return (this.bytes[6] & 0x20) !== 0;
  }

  /** Where the payload belongs in the whole, in bytes. */
  get fragmentOffset(): number {
    return (u16(this.bytes, 6) & 0x1fff) * 8;
  }

  /** Hops it may still take. */
  get ttl(): number {
    return this.bytes[8];
  }

  /** The upper-layer protocol number. */
  get protocol(): number {
    return this.bytes[9];
  }

  /** The header checksum as it stands there. */
  get checksum(): number {
    return u16(this.bytes, 10);
  }

  /** The address it comes from. */
  get source(): string {
    return formatAddress(this.bytes, 12, 16);
  }

  /** The address it goes to. */
  get destination(): string {
    return formatAddress(this.bytes, 16, 20);
  }

  /** The options, borrowed; see `parseOptions`. */
  get options(): Uint8Array {
    return this.bytes.subarray(20, this.headerLength);
  }

  /** What follows the header, borrowed. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.headerLength);
  }

  /** Whether fewer bytes are there than the total length states. */
  get isTruncated(): boolean {
    return this.totalLength > this.bytes.length;
  }

  /**
   * Sums the header up.
   *
   * @returns Whether its checksum is right.
   */
  verifyChecksum(): boolean {
    return checksum(this.bytes, 0, this.headerLength) === 0;
  }

  /**
   * Takes the packet's meaning out; its bytes stay borrowed.
   *
   * @returns The fields, fit for `buildIpv4`.
   */
  toFields(): Required<IPv4Fields> {
    return {
      source: this.source,
      destination: this.destination,
      protocol: this.protocol,
      payload: this.payload,
      ttl: this.ttl,
      dscp: this.dscp,
      ecn: this.ecn,
      identification: this.identification,
      dontFragment: this.dontFragment,
      moreFragments: this.moreFragments,
      fragmentOffset: this.fragmentOffset,
      options: this.options,
    };
  }

  /**
   * Describes the header in one line, with the bytes of payload it states.
   *
   * @returns The line.
   */
  override toString(): string {
    const { source, destination, ttl, totalLength, headerLength } = this;
    return `IPv4 ${source} → ${destination} ${
      protocolName(this.protocol)
    } ttl ${ttl}, ${totalLength - headerLength} bytes`;
  }
}
