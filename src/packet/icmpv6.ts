import { u32 } from "./_bytes.ts";
import { finish, pseudoHeaderSum, sum } from "./checksum.ts";
import { IcmpMessage } from "./icmp_message.ts";

/**
 * A view over an ICMPv6 message (RFC 4443).
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { addressToBytes, buildIcmpEcho, ICMPv6 } from "@echoduct/echoduct/packet";
 *
 * const source = "fd00::2";
 * const destination = "fd00::1";
 * const message = ICMPv6.parse(
 *   buildIcmpEcho({
 *     type: "reply",
 *     identifier: 7,
 *     sequence: 3,
 *     source,
 *     destination,
 *   }),
 * );
 * assert.equal(message?.name, "echo reply");
 * assert(
 *   message.verifyChecksum(
 *     addressToBytes(source),
 *     addressToBytes(destination),
 *   ),
 * );
 * ```
 */
export class ICMPv6 extends IcmpMessage {
  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Views bytes as an ICMPv6 message: what follows the extension headers of an
   * IPv6 packet, or what an ICMPv6 socket delivers.
   *
   * @param bytes The bytes, beginning with the type; they are borrowed.
   * @returns The view, or `undefined` if there are fewer than 8 bytes.
   */
  static parse(bytes: Uint8Array): ICMPv6 | undefined {
    return bytes.length < 8 ? undefined : new ICMPv6(bytes);
  }

  /** The IP version, 6. */
  get version(): 6 {
    return 6;
  }

  /** Whether it is an echo request, type 128. */
  get isEchoRequest(): boolean {
    return this.type === 128;
  }

  /** Whether it is an echo reply, type 129. */
  get isEchoReply(): boolean {
    return this.type === 129;
  }

  /** Whether it reports an error: the types below 128 (RFC 4443 section 2.1). */
  get isError(): boolean {
    return this.type < 128;
  }

  /** The next hop's MTU in bytes, of "packet too big". */
  get mtu(): number | undefined {
    return this.type === 2 ? u32(this.bytes, 4) : undefined;
  }

  /** Where the quoted packet is at fault, in bytes, of "parameter problem". */
  get pointer(): number | undefined {
    return this.type === 4 ? u32(this.bytes, 4) : undefined;
  }

  /** Bytes of quoted packet by RFC 4884, which counts 8-byte words. */
  protected get quotedLength(): number {
    return this.type === 1 || this.type === 3 ? this.bytes[4] * 8 : 0;
  }

  /**
   * Sums the message and its pseudo-header up (RFC 4443 section 2.3).
   *
   * @param source 16 bytes of source address.
   * @param destination 16 bytes of destination address.
   * @returns Whether the checksum is right.
   * @throws {RangeError} If the addresses are not both 16 bytes, or both 4.
   */
  verifyChecksum(source: Uint8Array, destination: Uint8Array): boolean {
    const { bytes } = this;
    const pseudo = pseudoHeaderSum(source, destination, 58, bytes.length);
    return finish(sum(bytes, pseudo)) === 0;
  }
}
