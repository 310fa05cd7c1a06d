import { u16 } from "./_bytes.ts";
import {
  findUpperLayer,
  type FoundHeader,
  readFragment,
  type UpperLayer,
} from "./_extension_headers.ts";
import { formatAddress } from "./address.ts";
import type { PacketFault } from "./packet_error.ts";
import { protocolName } from "./protocols.ts";
import { type ParseOptions, View } from "./view.ts";

/** An IPv6 extension header (RFC 8200 section 4). */
export interface ExtensionHeader {
  /** Its protocol number: 0 hop-by-hop, 43 routing, 44 fragment and so on. */
  type: number;
  /** All of it but its first two bytes, next header and length. */
  data: Uint8Array;
}

/** What a fragment header says (RFC 8200 section 4.5). */
export interface IPv6Fragment {
  /** What the fragments of one packet have in common, 32 bits. */
  identification: number;
  /** Where this one belongs in the whole, in bytes. */
  offset: number;
  /** Whether fragments follow this one. */
  more: boolean;
}

/** What an IPv6 packet means: the value beside the {@linkcode IPv6} view. */
export interface IPv6Fields {
  /** The address it comes from. */
  source: string;
  /** The address it goes to. */
  destination: string;
  /** The upper-layer protocol number, 58 for ICMPv6. */
  protocol: number;
  /** What follows the extension headers. */
  payload: Uint8Array;
  /**
   * Hops it may still take, 0 to 255.
   *
   * @default {64}
   */
  hopLimit?: number;
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
   * What the packets of one flow have in common, 20 bits (RFC 6437).
   *
   * @default {0}
   */
  flowLabel?: number;
  /** Extension headers in order; none by default. */
  extensions?: readonly ExtensionHeader[];
}

/**
 * A view over an IPv6 packet (RFC 8200 section 3).
 *
 * Jumbograms (RFC 2675) are not supported: their payload counts as empty.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIpv6, IPv6 } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIpv6({
 *   source: "fd00::2",
 *   destination: "fd00::1",
 *   protocol: 17,
 *   payload: new Uint8Array(8),
 *   extensions: [{ type: 60, data: new Uint8Array([1, 4, 0, 0, 0, 0]) }],
 * });
 * const ip = IPv6.parse(bytes);
 * assert.equal(ip?.nextHeader, 60);
 * assert.equal(ip.protocol, 17);
 * assert.equal(ip.payload.length, 8);
 * ```
 */
export class IPv6 extends View {
  #upper: UpperLayer | undefined;

  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Says what is wrong with bytes as an IPv6 packet. Extension headers are not
   * looked at: where they are malformed, `protocol` is `undefined`.
   *
   * @param bytes The bytes, beginning with the header.
   * @param options Whether the payload may be cut short.
   * @returns The fault, or `undefined` if there is none.
   */
  static check(
    bytes: Uint8Array,
    options?: ParseOptions,
  ): PacketFault | undefined {
    if (bytes.length < 40) return "truncated";
    if (bytes[0] >> 4 !== 6) return "version";
    if (u16(bytes, 4) + 40 > bytes.length && options?.truncated !== true) {
      return "truncated";
    }
    return undefined;
  }

  /**
   * Views bytes as an IPv6 packet. Bytes beyond its payload length are ignored.
   *
   * @param bytes The bytes, beginning with the header; they are borrowed.
   * @param options Whether the payload may be cut short.
   * @returns The view, or `undefined` if the bytes are no IPv6 packet.
   */
  static parse(bytes: Uint8Array, options?: ParseOptions): IPv6 | undefined {
    if (IPv6.check(bytes, options) !== undefined) return undefined;
    const length = u16(bytes, 4) + 40;
    return new IPv6(length < bytes.length ? bytes.subarray(0, length) : bytes);
  }

  /** The IP version, 6. */
  get version(): 6 {
    return 6;
  }

  /** Bytes of the fixed header, 40. */
  get headerLength(): 40 {
    return 40;
  }

  /** Differentiated services code point, 0 to 63 (RFC 2474). */
  get dscp(): number {
    return (u16(this.bytes, 0) >> 6) & 0x3f;
  }

  /** Explicit congestion notification, 0 to 3 (RFC 3168). */
  get ecn(): number {
    return (this.bytes[1] >> 4) & 3;
  }

  /** What the packets of one flow have in common, 20 bits (RFC 6437). */
  get flowLabel(): number {
    return ((this.bytes[1] & 0x0f) << 16) | u16(this.bytes, 2);
  }

  /** Bytes after the fixed header, as it states them. */
  get payloadLength(): number {
    return u16(this.bytes, 4);
  }

  /** The type of the header that follows the fixed one. */
  get nextHeader(): number {
    return this.bytes[6];
  }

  /** Hops it may still take. */
  get hopLimit(): number {
    return this.bytes[7];
  }

  /** The address it comes from. */
  get source(): string {
    return formatAddress(this.bytes, 8, 24);
  }

  /** The address it goes to. */
  get destination(): string {
    return formatAddress(this.bytes, 24, 40);
  }

  /**
   * The upper-layer protocol number, after the extension headers; 59 if there
   * is no upper layer, `undefined` if an extension header is malformed or more
   * than 32 follow each other.
   */
  get protocol(): number | undefined {
    return this.#upperLayer().protocol;
  }

  /** The extension headers up to the upper layer or the first malformed one. */
  get extensions(): ExtensionHeader[] {
    const passed: FoundHeader[] = [];
    findUpperLayer(this.bytes, passed);
    return passed.map(({ type, start, end }) => ({
      type,
      data: this.bytes.subarray(start + 2, end),
    }));
  }

  /** What the fragment header says, if there is one. */
  get fragment(): IPv6Fragment | undefined {
    const { fragmentAt } = this.#upperLayer();
    return fragmentAt < 0 ? undefined : readFragment(this.bytes, fragmentAt);
  }

  /** What follows the extension headers, borrowed. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.#upperLayer().start);
  }

  /** Whether fewer bytes are there than the payload length states. */
  get isTruncated(): boolean {
    return this.payloadLength + 40 > this.bytes.length;
  }

  /**
   * Takes the packet's meaning out; its bytes stay borrowed.
   *
   * @returns The fields, fit for `buildIpv6`. Where an extension header is
   * malformed, its bytes are the payload.
   */
  toFields(): Required<IPv6Fields> {
    const { extensions } = this;
    return {
      source: this.source,
      destination: this.destination,
      protocol: this.protocol ?? this.#nextAfter(extensions.length),
      payload: this.payload,
      hopLimit: this.hopLimit,
      dscp: this.dscp,
      ecn: this.ecn,
      flowLabel: this.flowLabel,
      extensions,
    };
  }

  /**
   * Describes the headers in one line, with the bytes of payload they state.
   *
   * @returns The line.
   */
  override toString(): string {
    const { source, destination, hopLimit, payloadLength } = this;
    const protocol = this.protocol === undefined
      ? "malformed extension header"
      : protocolName(this.protocol);
    const length = payloadLength + 40 - this.#upperLayer().start;
    return `IPv6 ${source} → ${destination} ${protocol} hop limit ${hopLimit}, ${length} bytes`;
  }

  #upperLayer(): UpperLayer {
    return this.#upper ??= findUpperLayer(this.bytes);
  }

  /** The next header value that the last of some extension headers states. */
  #nextAfter(count: number): number {
    if (count === 0) return this.nextHeader;
    const passed: FoundHeader[] = [];
    findUpperLayer(this.bytes, passed);
    return this.bytes[passed[count - 1].start];
  }
}
