/**
 * ICMP sockets: the unprivileged kind first (`SOCK_DGRAM`, `IPPROTO_ICMP`,
 * "ping sockets"), raw sockets where the system refuses those.
 *
 * @module
 */
import { checksum } from "../packet/checksum.ts";
import type { Family } from "../packet/address.ts";
import { allocate, check, int32, lastError } from "./call.ts";
import type { Clock } from "./clock.ts";
import {
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  SO_MEMINFO,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
} from "./constants.ts";
import { Descriptor } from "./descriptor.ts";
import { errno, PermissionError, type SystemCallError } from "./errors.ts";
import { libc } from "./ffi.ts";
import { type IcmpSocketError, readIcmpError } from "./icmp_error.ts";
import { bindAnyIdentifier, configureIcmp } from "./icmp_options.ts";
import { MessageTable } from "./messages.ts";
import { type NetworkNamespace, withNetns } from "./netns.ts";
import { pingGroupRange } from "./ping_group.ts";
import { trySocket } from "./socket.ts";
import {
  readSockaddr,
  SOCKADDR_SIZE,
  sockaddrLength,
  writeSockaddr,
} from "./sockaddr.ts";

/** Settings of {@linkcode IcmpSocket.open}. */
export interface IcmpSocketOptions {
  /** IP version: 4 speaks ICMP (RFC 792), 6 ICMPv6 (RFC 4443). */
  readonly family: Family;
  /** Bytes that a message may have, its 8-byte header included. */
  readonly messageSize: number;
  /**
   * Time to live (hop limit) of what is sent, 1 to 255.
   *
   * @default The system's, usually 64.
   */
  readonly ttl?: number;
  /**
   * Messages that one call sends or receives at most.
   *
   * @default {64}
   */
  readonly batch?: number;
  /**
   * Send and receive buffer, in bytes each.
   *
   * @default {4194304}
   */
  readonly bufferSize?: number;
  /** The network namespace to open it in. */
  readonly netns?: NetworkNamespace;
}

const CONTROL = 256;

/**
 * An ICMP or ICMPv6 socket that sends and receives many echo messages a call.
 *
 * Messages are laid out in place: write message `i` to `output` at
 * `outputAt(i)`, name its destination and length with `address`, and `send`
 * the lot. What `receive` brings is read in place too.
 *
 * @example
 * ```ts ignore
 * import { IcmpSocket } from "@echoduct/echoduct/sys";
 *
 * const socket = IcmpSocket.open({ family: 4, messageSize: 64 });
 * console.log(socket.transport); // "dgram", or "raw" where that is refused
 * socket.close();
 * ```
 */
export class IcmpSocket extends Descriptor {
  /** IP version. */
  readonly family: Family;
  /** `"dgram"`: unprivileged; `"raw"`: with CAP_NET_RAW. */
  readonly transport: "dgram" | "raw";
  /** Bytes that a message may have. */
  readonly messageSize: number;
  /** Messages that one call moves at most. */
  readonly batch: number;
  /**
   * The identifier of echo messages: chosen here for a raw socket, by the
   * kernel for the other, which writes it into what is sent.
   */
  readonly identifier: number;
  /** Memory of the messages to send. */
  readonly output: Uint8Array<ArrayBuffer>;
  /** Memory of the messages received. */
  readonly input: Uint8Array<ArrayBuffer>;

  readonly #libc = libc();
  readonly #tx: MessageTable;
  readonly #rx: MessageTable;
  readonly #stride: number;
  readonly #inputStride: number;
  readonly #hopLevel: number;
  readonly #hopType: number;

  private constructor(
    fd: number,
    transport: "dgram" | "raw",
    options: IcmpSocketOptions,
  ) {
    super(fd);
    const { family, messageSize, batch = 64 } = options;
    this.family = family;
    this.transport = transport;
    this.messageSize = messageSize;
    this.batch = batch;
    this.#stride = Math.ceil(messageSize / 64) * 64;
    // A raw IPv4 socket delivers the IP header too, with up to 40 bytes of
    // options; a longer message than was sent must be seen to be longer.
    this.#inputStride = this.#stride + 128;
    this.output = allocate(batch * this.#stride);
    this.input = allocate(batch * this.#inputStride);
    this.#tx = new MessageTable({ capacity: batch, names: true, control: 0 });
    this.#rx = new MessageTable({
      capacity: batch,
      names: true,
      control: CONTROL,
    });
    const output = this.#libc.address(this.output);
    const input = this.#libc.address(this.input);
    for (let i = 0; i < batch; i++) {
      this.#tx.setBytes(i, output + i * this.#stride, messageSize);
      this.#rx.setBytes(i, input + i * this.#inputStride, this.#inputStride);
      this.#tx.setNameLength(i, sockaddrLength(family));
    }
    this.#hopLevel = family === 4 ? IPPROTO_IP : IPPROTO_IPV6;
    this.#hopType = family === 4 ? IP_TTL : IPV6_HOPLIMIT;
    configureIcmp(fd, transport, options);
    this.identifier = transport === "raw"
      ? crypto.getRandomValues(new Uint16Array(1))[0]
      : bindAnyIdentifier(fd, family);
  }

  /**
   * Opens a socket, unprivileged if the system allows it, else raw.
   *
   * @param options The IP version, sizes and namespace.
   * @returns The socket; close it.
   * @throws {PermissionError} If neither kind is allowed; says what would
   * change that.
   * @throws {SystemCallError} If the IP version is not there at all.
   */
  static open(options: IcmpSocketOptions): IcmpSocket {
    const { family } = options;
    const protocol = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    return withNetns(options.netns, () => {
      let transport: "dgram" | "raw" = "dgram";
      let fd = trySocket(family, SOCK_DGRAM, protocol);
      if (fd < 0) {
        const refused = lastError("socket", openWhat(family));
        if (!isRefusal(refused)) throw refused;
        transport = "raw";
        fd = trySocket(family, SOCK_RAW, protocol);
      }
      if (fd < 0) throw explain(family);
      try {
        return new IcmpSocket(fd, transport, options);
      } catch (error) {
        libc().close(fd);
        throw error;
      }
    });
  }

  /** Where in `output` message `i` begins. */
  outputAt(i: number): number {
    return i * this.#stride;
  }

  /**
   * Addresses message `i`, whose `length` bytes are in `output`, and completes what this kind of socket leaves to its user.
   */
  address(i: number, to: Uint8Array, scope: number, length: number): void {
    writeSockaddr(this.#tx.names, i * SOCKADDR_SIZE, to, 0, scope);
    this.#tx.setLength(i, length);
    if (this.transport === "dgram") return;
    const at = i * this.#stride, out = this.output;
    out[at + 2] = out[at + 3] = 0;
    out[at + 4] = this.identifier >> 8;
    out[at + 5] = this.identifier;
    // The kernel sums ICMPv6, whose checksum covers addresses it has yet to
    // choose; ICMP on a raw socket is ours to sum.
    if (this.family === 4) {
      const sum = checksum(out, at, at + length);
      out[at + 2] = sum >> 8;
      out[at + 3] = sum;
    }
  }

  /**
   * Sends messages `from` to `to`, exclusive.
   *
   * @returns How many went; 0 if the kernel has no room for any now.
   * @throws {SystemCallError} If the first did not go. It may be an error of an
   * earlier message: take the `errors` and send again.
   */
  send(from: number, to: number): number {
    const sent = this.#libc.sendmmsg(
      this.fd,
      this.#tx.pointer(from),
      to - from,
      0,
    );
    if (sent > 0) return sent;
    const code = this.#libc.errno();
    const full: number[] = [errno.EAGAIN, errno.ENOBUFS, errno.EINTR];
    if (full.includes(code)) return 0;
    throw lastError("sendmmsg", "Cannot send an echo request");
  }

  /** Receives what has come; returns how many messages, 0 for none now. */
  receive(): number {
    return this.#receive(0);
  }

  /** Where in `input` message `i`'s ICMP header begins. */
  inputAt(i: number): number {
    const at = i * this.#inputStride;
    if (this.transport === "dgram" || this.family === 6) return at;
    return at + Math.min((this.input[at] & 15) * 4, this.#rx.length(i));
  }

  /** Where in `input` message `i` ends. */
  inputEnd(i: number): number {
    return i * this.#inputStride + this.#rx.length(i);
  }

  /** Whether message `i` was longer than anything expected, and is cut. */
  isCut(i: number): boolean {
    return (this.#rx.flags(i) & MSG_TRUNC) !== 0;
  }

  /** Whether message `i` came from this address. */
  isFrom(i: number, bytes: Uint8Array): boolean {
    const names = this.#rx.names;
    const at = i * SOCKADDR_SIZE + (this.family === 4 ? 4 : 8);
    for (let k = 0; k < bytes.length; k++) {
      if (names[at + k] !== bytes[k]) return false;
    }
    return true;
  }

  /** Where message `i` came from, as text. */
  source(i: number): string {
    return readSockaddr(this.#rx.names, i * SOCKADDR_SIZE)?.address ?? "";
  }

  /** Time to live (hop limit) that message `i` arrived with, if it is known. */
  hopLimit(i: number): number | undefined {
    const at = this.#rx.findControl(i, this.#hopLevel, this.#hopType);
    return at < 0 ? undefined : this.#rx.control.getInt32(at, true);
  }

  /** When the kernel received message `i`, on the clock's `real()` scale. */
  stamp(i: number, clock: Clock): number | undefined {
    const stamp = this.#rx.stamp(i, clock);
    return Number.isNaN(stamp) ? undefined : stamp;
  }

  /**
   * Messages that the kernel dropped because the receive buffer was full, by
   * its own count: some kernels count twice what a raw socket drops.
   */
  get overflow(): number {
    // Ping sockets leave SO_RXQ_OVFL out of what they tell with a message.
    const info = allocate(36);
    check(
      this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_MEMINFO, info, int32(36)),
      "getsockopt",
      "Cannot count what was dropped",
    );
    return new DataView(info.buffer).getUint32(32, true);
  }

  /** Takes the errors that have come since, emptying the error queue. */
  errors(): IcmpSocketError[] {
    const errors: IcmpSocketError[] = [];
    for (;;) {
      const count = this.#receive(MSG_ERRQUEUE);
      for (let i = 0; i < count; i++) {
        const start = i * this.#inputStride;
        const message = this.input.subarray(start, this.inputEnd(i));
        const error = readIcmpError(this.#rx, i, this.family, message);
        if (error) errors.push(error);
      }
      if (count < this.batch) return errors;
    }
  }

  #receive(flags: number): number {
    for (;;) {
      const count = this.#rx.receive(this.fd, this.batch, flags);
      if (count > 0) return count;
      const code = this.#libc.errno();
      if (code === errno.EAGAIN) return 0;
      if (code === errno.EBADF) throw lastError("recvmmsg", "Cannot receive");
      // A pending error of one destination, told once by whatever call comes
      // next; the error queue has it with its particulars.
      if (flags !== 0) return 0;
    }
  }
}

function openWhat(family: Family): string {
  return `Cannot open an ICMP${family === 6 ? "v6" : ""} socket`;
}

function isRefusal(error: SystemCallError): boolean {
  return [errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT]
    .includes(error.errno as 1);
}

/** What the second refusal means, and what would change it. */
function explain(family: Family): Error {
  const error = lastError("socket", openWhat(family));
  if (!isRefusal(error)) return error;
  const group = libc().getegid();
  return new PermissionError(
    "socket",
    error.errno,
    error.message.slice(0, error.message.indexOf(":")),
    `any of these allows it: let group ${group} ping with ` +
      `sysctl net.ipv4.ping_group_range="${group} ${group}" ` +
      `(now "${pingGroupRange()}"); give the runtime CAP_NET_RAW or run as ` +
      `root; or use a user and network namespace of your own: unshare -Urn`,
  );
}
