import { u16 } from "./_bytes.ts";
import { formatAddress } from "./address.ts";
import { checksum } from "./checksum.ts";
import { IcmpMessage } from "./icmp_message.ts";

/**
 * Destination unreachable, source quench, redirect, time exceeded, parameter
 * problem.
 */
const ERROR_TYPES: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);

/**
 * A view over an ICMP message (RFC 792).
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmpEcho, ICMP } from "@echoduct/echoduct/packet";
 *
 * const bytes = buildIcmpEcho({ type: "request", identifier: 7, sequence: 3 });
 * const message = ICMP.parse(bytes);
 * assert(message?.verifyChecksum());
 * assert.equal(`${message}`, "ICMP echo request id 7 seq 3, 8 bytes");
 * ```
 */
export class ICMP extends IcmpMessage {
  private constructor(bytes: Uint8Array) {
    super(bytes);
  }

  /**
   * Views bytes as an ICMP message: the payload of an IPv4 packet, or what a
   * datagram ICMP socket delivers.
   *
   * @param bytes The bytes, beginning with the type; they are borrowed.
   * @returns The view, or `undefined` if there are fewer than 8 bytes.
   */
  static parse(bytes: Uint8Array): ICMP | undefined {
    return bytes.length < 8 ? undefined : new ICMP(bytes);
  }

  /** The IP version, 4. */
  get version(): 4 {
    return 4;
  }

  /** Whether it is an echo request, type 8. */
  get isEchoRequest(): boolean {
    return this.type === 8;
  }

  /** Whether it is an echo reply, type 0. */
  get isEchoReply(): boolean {
    return this.type === 0;
  }

  /** Whether it reports an error, quoting the packet that caused it. */
  get isError(): boolean {
    return ERROR_TYPES.has(this.type);
  }

  /**
   * The next hop's MTU in bytes, of "fragmentation needed" (RFC 1191 section
   * 4); 0 from a router that does not tell.
   */
  get mtu(): number | undefined {
    return this.type === 3 && this.code === 4 ? u16(this.bytes, 6) : undefined;
  }

  /** Where the quoted packet is at fault, in bytes, of "parameter problem". */
  get pointer(): number | undefined {
    return this.type === 12 ? this.bytes[4] : undefined;
  }

  /** The router to use instead, of "redirect". */
  get gateway(): string | undefined {
    return this.type === 5 ? formatAddress(this.bytes, 4, 8) : undefined;
  }

  /** Bytes of quoted packet by RFC 4884, which counts 4-byte words. */
  protected get quotedLength(): number {
    const hasLength = this.type === 3 || this.type === 11 || this.type === 12;
    return hasLength ? this.bytes[5] * 4 : 0;
  }

  /**
   * Sums the message up.
   *
   * @returns Whether its checksum is right.
   */
  verifyChecksum(): boolean {
    return checksum(this.bytes) === 0;
  }

  /**
   * Describes it without its length.
   *
   * @returns The line, as `ICMP echo request id 7 seq 3`.
   */
  override summary(): string {
    const { gateway } = this;
    const line = super.summary();
    return gateway === undefined ? line : `${line} to ${gateway}`;
  }
}
