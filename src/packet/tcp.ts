import { u16, u32 } from "./_bytes.ts";
import { finish, pseudoHeaderSum, sum } from "./checksum.ts";
import { type HeaderOption, parseOptions } from "./header_options.ts";
import { View } from "./view.ts";

/** A TCP control bit (RFC 9293 section 3.1; AE by RFC 9768). */
export type TCPFlag =
  | "FIN"
  | "SYN"
  | "RST"
  | "PSH"
  | "ACK"
  | "URG"
  | "ECE"
  | "CWR"
  | "AE";

/** The control bits from the least significant on. */
export const TCP_FLAGS: readonly TCPFlag[] = [
  "FIN",
  "SYN",
  "RST",
  "PSH",
  "ACK",
  "URG",
  "ECE",
  "CWR",
  "AE",
];

/** What a TCP segment means: the value beside the {@linkcode TCP} view. */
export interface TCPFields {
  /** The port it comes from, 0 to 65 535. */
  sourcePort: number;
  /** The port it goes to, 0 to 65 535. */
  destinationPort: number;
  /** The sequence number of the first byte, 32 bits. */
  sequence: number;
  /**
   * The sequence number expected next, 32 bits.
   *
   * @default {0}
   */
  acknowledgment?: number;
  /** The control bits that are set; none by default. */
  flags?: readonly TCPFlag[];
  /**
   * Bytes that the sender will take, before scaling, 0 to 65 535.
   *
   * @default {65_535}
   */
  window?: number;
  /**
   * Where urgent data ends, 0 to 65 535.
   *
   * @default {0}
   */
  urgentPointer?: number;
  /** Options, at most 40 bytes with padding; none by default. */
  options?: readonly HeaderOption[];
  /** What the header carries; empty by default. */
  payload?: Uint8Array;
}

/**
 * A view over a TCP segment (RFC 9293 section 3.1).
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildTcp, TCP } from "@echoduct/echoduct/packet";
 *
 * const tcp = TCP.parse(
 *   buildTcp({
 *     source: "10.7.0.2",
 *     destination: "10.7.0.1",
 *     sourcePort: 40_000,
 *     destinationPort: 443,
 *     sequence: 1,
 *     flags: ["SYN"],
 *     options: [{ kind: 2, data: new Uint8Array([5, 180]) }],
 *   }),
 * );
 * assert.deepEqual(tcp?.flags, ["SYN"]);
 * assert.equal(tcp.maximumSegmentSize, 1460);
 * ```
 */
export class TCP extends View {
  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Views bytes as a TCP segment.
   *
   * @param bytes The bytes, beginning with the header; they are borrowed.
   * @returns The view, or `undefined` if the header is not whole.
   */
  static parse(bytes: Uint8Array): TCP | undefined {
    if (bytes.length < 20) return undefined;
    const headerLength = (bytes[12] >> 4) * 4;
    if (headerLength < 20 || headerLength > bytes.length) return undefined;
    return new TCP(bytes);
  }

  /** The port it comes from. */
  get sourcePort(): number {
    return u16(this.bytes, 0);
  }

  /** The port it goes to. */
  get destinationPort(): number {
    return u16(this.bytes, 2);
  }

  /** The sequence number of the first byte. */
  get sequence(): number {
    return u32(this.bytes, 4);
  }

  /** The sequence number expected next; it means something if ACK is set. */
  get acknowledgment(): number {
    return u32(this.bytes, 8);
  }

  /** Bytes of header with options, 20 to 60: the data offset. */
  get headerLength(): number {
    return (this.bytes[12] >> 4) * 4;
  }

  /** The nine control bits, FIN the least. */
  get flagBits(): number {
    return u16(this.bytes, 12) & 0x1ff;
  }

  /** The names of the control bits that are set, FIN first. */
  get flags(): TCPFlag[] {
    const bits = this.flagBits;
    return TCP_FLAGS.filter((_, index) => (bits & (1 << index)) !== 0);
  }

  /** Bytes that the sender will take, before scaling. */
  get window(): number {
    return u16(this.bytes, 14);
  }

  /** The checksum as it stands there. */
  get checksum(): number {
    return u16(this.bytes, 16);
  }

  /** Where urgent data ends; it means something if URG is set. */
  get urgentPointer(): number {
    return u16(this.bytes, 18);
  }

  /** The options up to the first malformed one. */
  get options(): HeaderOption[] {
    return parseOptions(this.bytes.subarray(20, this.headerLength));
  }

  /** The maximum segment size option in bytes, if there is one (kind 2). */
  get maximumSegmentSize(): number | undefined {
    const option = this.options.find(({ kind }) => kind === 2);
    return option?.data.length === 2 ? u16(option.data, 0) : undefined;
  }

  /** What follows the header, borrowed. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.headerLength);
  }

  /**
   * Sums the segment and its pseudo-header up (RFC 9293 section 3.1).
   *
   * @param source 4 or 16 bytes of source address.
   * @param destination As many bytes of destination address.
   * @returns Whether the checksum is right.
   * @throws {RangeError} If the addresses are not both 4 or both 16 bytes.
   */
  verifyChecksum(source: Uint8Array, destination: Uint8Array): boolean {
    const { bytes } = this;
    const pseudo = pseudoHeaderSum(source, destination, 6, bytes.length);
    return finish(sum(bytes, pseudo)) === 0;
  }

  /**
   * Takes the segment's meaning out; its bytes stay borrowed.
   *
   * @returns The fields, fit for `buildTcp`.
   */
  toFields(): Required<TCPFields> {
    return {
      sourcePort: this.sourcePort,
      destinationPort: this.destinationPort,
      sequence: this.sequence,
      acknowledgment: this.acknowledgment,
      flags: this.flags,
      window: this.window,
      urgentPointer: this.urgentPointer,
      options: this.options,
      payload: this.payload,
    };
  }

  /**
   * Describes it in one line, with the bytes of header and payload.
   *
   * @returns The line.
   */
  override toString(): string {
    return `TCP ${this.sourcePort} → ${this.destinationPort} ${this.summary()}, ${this.bytes.length} bytes`;
  }

  /**
   * Describes it without its ports and length.
   *
   * @returns The line, as `SYN ACK seq 1 ack 2 win 65535`.
   */
  summary(): string {
    const { flags, sequence, acknowledgment, window } = this;
    const names = flags.length === 0 ? "no flags" : flags.join(" ");
    const ack = flags.includes("ACK") ? ` ack ${acknowledgment}` : "";
    return `${names} seq ${sequence}${ack} win ${window}`;
  }
}
