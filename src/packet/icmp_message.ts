import { u16, u32 } from "./_bytes.ts";
import type { Family } from "./address.ts";
import { icmpName } from "./icmp_names.ts";
import { View } from "./view.ts";

/**
 * What ICMP and ICMPv6 messages have in common: a header of 8 bytes, of which
 * the last 4 depend on the type.
 */
export abstract class IcmpMessage extends View {
  /** The IP version: 4 for ICMP, 6 for ICMPv6. */
  abstract get version(): Family;

  /** Whether it is an echo request. */
  abstract get isEchoRequest(): boolean;

  /** Whether it is an echo reply. */
  abstract get isEchoReply(): boolean;

  /** Whether it reports an error, quoting the packet that caused it. */
  abstract get isError(): boolean;

  /** The next hop's MTU in bytes, where the type and code carry one. */
  abstract get mtu(): number | undefined;

  /** Where the quoted packet is at fault, in bytes, if the type says so. */
  abstract get pointer(): number | undefined;

  /**
   * How many bytes of the payload are the quoted packet by the length field of
   * RFC 4884, or 0 where there is none.
   */
  protected abstract get quotedLength(): number;

  /** The kind of message. */
  get type(): number {
    return this.bytes[0];
  }

  /** The kind within the kind. */
  get code(): number {
    return this.bytes[1];
  }

  /** The checksum as it stands there. */
  get checksum(): number {
    return u16(this.bytes, 2);
  }

  /** The last 4 bytes of the header, whose meaning depends on the type. */
  get rest(): number {
    return u32(this.bytes, 4);
  }

  /** The identifier of an echo or another query, 0 to 65 535. */
  get identifier(): number {
    return u16(this.bytes, 4);
  }

  /** The sequence number of an echo or another query, 0 to 65 535. */
  get sequence(): number {
    return u16(this.bytes, 6);
  }

  /** What follows the 8 bytes of header, borrowed. */
  get payload(): Uint8Array {
    return this.bytes.subarray(8);
  }

  /** The name of its type and code; see `icmpName`. */
  get name(): string {
    return icmpName(this.version, this.type, this.code);
  }

  /**
   * The start of the packet that caused an error, borrowed: its IP header and
   * at least 8 bytes, without extensions (RFC 4884). Read it with
   * `Packet.parse(quoted, { truncated: true })`.
   */
  get quoted(): Uint8Array | undefined {
    if (!this.isError) return undefined;
    const length = this.quotedLength;
    return length === 0 ? this.payload : this.bytes.subarray(8, 8 + length);
  }

  /**
   * The extension structure behind the quoted packet (RFC 4884 section 7),
   * borrowed, if the message states that it has one; see
   * `parseIcmpExtensions`.
   */
  get extensions(): Uint8Array | undefined {
    const start = 8 + this.quotedLength;
    if (start === 8 || start >= this.bytes.length) return undefined;
    return this.bytes.subarray(start);
  }

  /**
   * Describes it in one line, with the bytes of header and payload.
   *
   * @returns The line.
   */
  override toString(): string {
    return `${this.summary()}, ${this.bytes.length} bytes`;
  }

  /**
   * Describes it without its length.
   *
   * @returns The line, as `ICMP echo request id 7 seq 3`.
   */
  summary(): string {
    const label = this.version === 4 ? "ICMP" : "ICMPv6";
    const { mtu, pointer } = this;
    let line = `${label} ${this.name}`;
    if (this.isEchoRequest || this.isEchoReply) {
      line += ` id ${this.identifier} seq ${this.sequence}`;
    }
    if (mtu !== undefined) line += ` mtu ${mtu}`;
    if (pointer !== undefined) line += ` at ${pointer}`;
    return line;
  }
}
