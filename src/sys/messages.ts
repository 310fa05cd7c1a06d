/**
 * The tables that `sendmmsg(2)` and `recvmmsg(2)` work on, laid out once.
 *
 * ```
 * struct mmsghdr, 64 bytes           struct iovec, 16    struct cmsghdr, 16
 *  0 msg_name     24 msg_iovlen       0 iov_base          0 cmsg_len
 *  8 msg_namelen  32 msg_control      8 iov_len           8 cmsg_level
 * 16 msg_iov      40 msg_controllen                      12 cmsg_type
 *                 48 msg_flags                           16 data
 *                 56 msg_len
 * ```
 * The layout is the same on x86-64 and arm64, glibc and musl.
 *
 * @module
 */
import { allocate } from "./call.ts";
import type { Clock } from "./clock.ts";
import { SO_TIMESTAMPNS, SOL_SOCKET } from "./constants.ts";
import { libc } from "./ffi.ts";
import { SOCKADDR_SIZE } from "./sockaddr.ts";
import type { Pointer } from "./symbols.ts";

/** How many messages the kernel takes in one call (`UIO_MAXIOV`). */
export const MAX_MESSAGES = 1024;

const HEADER = 64;
const IOVEC = 16;
const CMSG = 16;

/** What each message of a table carries besides its bytes. */
export interface MessageTableOptions {
  /** How many messages, at most {@linkcode MAX_MESSAGES}. */
  readonly capacity: number;
  /** Whether messages have an address of their own (unconnected sockets). */
  readonly names: boolean;
  /** Bytes of control messages each, a multiple of 8. */
  readonly control: number;
}

/** A table of messages, to send or to receive in one call. */
export class MessageTable {
  readonly capacity: number;
  /** `SOCKADDR_SIZE` bytes for each message, if it has names. */
  readonly names: Uint8Array<ArrayBuffer>;
  /** The control messages of all, `controlSize` bytes each. */
  readonly control: DataView;
  readonly controlSize: number;
  readonly #hasNames: boolean;
  readonly #headerMemory: Uint8Array<ArrayBuffer>;
  readonly #headers: DataView;
  readonly #iovecMemory: Uint8Array<ArrayBuffer>;
  readonly #iovecs: Uint32Array;
  readonly #pointers: (Pointer | undefined)[] = [];
  readonly #iovecPointers: (Pointer | undefined)[] = [];
  readonly #libc = libc();
  /** Messages that the last call filled; at first, all need preparing. */
  #filled: number;

  /** Lays the table out; every message then lacks only its bytes. */
  constructor(options: MessageTableOptions) {
    const { capacity, names, control } = options;
    const c = libc();
    this.capacity = this.#filled = capacity;
    this.controlSize = control;
    this.#hasNames = names;
    this.#headerMemory = allocate(capacity * HEADER);
    this.#headers = new DataView(this.#headerMemory.buffer);
    this.#iovecMemory = allocate(capacity * IOVEC);
    this.#iovecs = new Uint32Array(this.#iovecMemory.buffer);
    this.names = allocate(capacity * SOCKADDR_SIZE);
    const controls = allocate(Math.max(8, capacity * control));
    this.control = new DataView(controls.buffer);

    const namesAt = c.address(this.names);
    const iovecsAt = c.address(this.#iovecMemory);
    const controlsAt = c.address(controls);
    const h = this.#headers;
    for (let i = 0, at = 0; i < capacity; i++, at += HEADER) {
      if (names) setAddress(h, at, namesAt + i * SOCKADDR_SIZE);
      setAddress(h, at + 16, iovecsAt + i * IOVEC);
      h.setUint32(at + 24, 1, true);
      if (control) setAddress(h, at + 32, controlsAt + i * control);
    }
  }

  /** The table from message `i` on, for the system call. */
  pointer(i: number): Pointer {
    return this.#pointers[i] ??= libc().pointer(
      this.#headerMemory.subarray(i * HEADER),
    );
  }

  /** Points message `i` at `length` bytes of memory at `address`. */
  setBytes(i: number, address: number, length: number): void {
    const words = this.#iovecs, at = i * 4;
    words[at] = address;
    words[at + 1] = address / 2 ** 32;
    words[at + 2] = length;
  }

  /** Sets how many bytes message `i` has, where it points already. */
  setLength(i: number, length: number): void {
    this.#iovecs[i * 4 + 2] = length;
  }

  /** Sets the length of message `i`'s address; 0 sends to the connected peer. */
  setNameLength(i: number, length: number): void {
    this.#headers.setUint32(i * HEADER + 8, length, true);
  }

  /** Copies message `i`'s address from `source`, `length` bytes at `at`. */
  setName(i: number, source: Uint8Array, at: number, length: number): void {
    const names = this.names, to = i * SOCKADDR_SIZE;
    for (let k = 0; k < length; k++) names[to + k] = source[at + k];
    this.setNameLength(i, length);
  }

  /**
   * Receives into messages `0` to `count`, exclusive.
   *
   * @returns How many came, or -1 with errno set.
   */
  receive(fd: number, count: number, flags: number): number {
    const h = this.#headers;
    // The kernel shortened these for the messages that it filled; the others
    // are as they were.
    for (let i = 0, at = 0; i < this.#filled; i++, at += HEADER) {
      if (this.#hasNames) h.setUint32(at + 8, SOCKADDR_SIZE, true);
      if (this.controlSize) h.setUint32(at + 40, this.controlSize, true);
    }
    const got = this.#libc.recvmmsg(fd, this.pointer(0), count, flags, null);
    this.#filled = Math.max(0, got);
    return got;
  }

  /**
   * Sends `count` messages from `from` on; one to a connected peer by the
   * shorter way, which a message with nothing in it cannot take.
   *
   * @returns How many went, or -1 with errno set.
   */
  send(fd: number, from: number, count: number, hasNames: boolean): number {
    if (count > 1 || hasNames || this.#iovecs[from * 4 + 2] === 0) {
      return this.#libc.sendmmsg(fd, this.pointer(from), count, 0);
    }
    return this.#libc.writev(fd, this.#iovecPointer(from), 1) < 0 ? -1 : 1;
  }

  #iovecPointer(i: number): Pointer {
    return this.#iovecPointers[i] ??= this.#libc.pointer(
      this.#iovecMemory.subarray(i * IOVEC),
    );
  }

  /** How many bytes message `i` brought, or had sent. */
  length(i: number): number {
    return this.#headers.getUint32(i * HEADER + 56, true);
  }

  /** The `MSG_` flags that message `i` came with. */
  flags(i: number): number {
    return this.#headers.getUint32(i * HEADER + 48, true);
  }

  /** How long the address is that message `i` came from, in bytes. */
  nameLength(i: number): number {
    return this.#headers.getUint32(i * HEADER + 8, true);
  }

  /** When the kernel received message `i`, on a clock's scale, else NaN. */
  stamp(i: number, clock: Clock): number {
    const at = this.findControl(i, SOL_SOCKET, SO_TIMESTAMPNS);
    if (at < 0) return NaN;
    return clock.realFrom(
      this.control.getUint32(at, true),
      this.control.getUint32(at + 4, true),
      this.control.getUint32(at + 8, true),
    );
  }

  /**
   * Finds a control message of message `i`: where in `control` its data
   * begins, -1 if it has none of that level and type.
   */
  findControl(i: number, level: number, type: number): number {
    const view = this.control;
    let at = i * this.controlSize;
    const end = at + this.#headers.getUint32(i * HEADER + 40, true);
    while (at + CMSG <= end) {
      const length = view.getUint32(at, true);
      if (length < CMSG || at + length > end) return -1;
      if (
        view.getInt32(at + 8, true) === level &&
        view.getInt32(at + 12, true) === type
      ) return at + CMSG;
      at += (length + 7) & ~7;
    }
    return -1;
  }
}

/** Stores a 64-bit address that a double holds exactly. */
function setAddress(view: DataView, at: number, address: number): void {
  view.setUint32(at, address % 2 ** 32, true);
  view.setUint32(at + 4, address / 2 ** 32, true);
}
