import { u16 } from "./_bytes.ts";
import { finish, pseudoHeaderSum, sum } from "./checksum.ts";
import { type ParseOptions, View } from "./view.ts";

/** What a UDP datagram means: the value beside the {@linkcode UDP} view. */
export interface UDPFields {
  /** The port it comes from, 0 to 65 535. */
  sourcePort: number;
  /** The port it goes to, 0 to 65 535. */
  destinationPort: number;
  /** What the header carries. */
  payload: Uint8Array;
}

/**
 * A view over a UDP datagram (RFC 768).
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { UDP } from "@echoduct/echoduct/packet";
 *
 * const udp = UDP.parse(new Uint8Array([0, 53, 15, 160, 0, 9, 0, 0, 1]));
 * assert.equal(udp?.sourcePort, 53);
 * assert.equal(`${udp}`, "UDP 53 → 4000, 9 bytes");
 * ```
 */
export class UDP extends View {
  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Views bytes as a UDP datagram. Bytes beyond its length are ignored.
   *
   * @param bytes The bytes, beginning with the header; they are borrowed.
   * @param options Whether the payload may be cut short.
   * @returns The view, or `undefined` if the bytes are no UDP datagram.
   */
  static parse(bytes: Uint8Array, options?: ParseOptions): UDP | undefined {
    if (bytes.length < 8) return undefined;
    const length = u16(bytes, 4);
    if (length < 8) return undefined;
    if (length > bytes.length && options?.truncated !== true) return undefined;
    return new UDP(length < bytes.length ? bytes.subarray(0, length) : bytes);
  }

  /** The port it comes from. */
  get sourcePort(): number {
    return u16(this.bytes, 0);
  }

  /** The port it goes to. */
  get destinationPort(): number {
    return u16(this.bytes, 2);
  }

  /** Bytes of header and payload, as the header states it. */
  get length(): number {
    return u16(this.bytes, 4);
  }

  /** The checksum as it stands there; over IPv4, 0 means none was made. */
  get checksum(): number {
    return u16(this.bytes, 6);
  }

  /** What follows the header, borrowed. */
  get payload(): Uint8Array {
    return this.bytes.subarray(8);
  }

  /**
   * Sums the datagram and its pseudo-header up (RFC 768, RFC 8200 section 8.1).
   *
   * @param source 4 or 16 bytes of source address.
   * @param destination As many bytes of destination address.
   * @returns Whether the checksum is right. None at all is right over IPv4 and
   * wrong over IPv6.
   * @throws {RangeError} If the addresses are not both 4 or both 16 bytes.
   */
  verifyChecksum(source: Uint8Array, destination: Uint8Array): boolean {
    const { bytes, length } = this;
    const pseudo = pseudoHeaderSum(source, destination, 17, length);
    if (this.checksum === 0) return source.length === 4;
    return finish(sum(bytes, pseudo)) === 0;
  }

  /**
   * Takes the datagram's meaning out; its bytes stay borrowed.
   *
   * @returns The fields, fit for `buildUdp`.
   */
  toFields(): UDPFields {
    const { sourcePort, destinationPort, payload } = this;
    return { sourcePort, destinationPort, payload };
  }

  /**
   * Describes it in one line, with the bytes of header and payload it states.
   *
   * @returns The line.
   */
  override toString(): string {
    return `UDP ${this.sourcePort} → ${this.destinationPort}, ${this.length} bytes`;
  }
}
