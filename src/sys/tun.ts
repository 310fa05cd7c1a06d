/**
 * TUN devices (`Documentation/networking/tuntap.rst`, `linux/if_tun.h`): a
 * network interface whose packets this process reads and writes.
 *
 * @module
 */
import type { Batch } from "../packet/batch.ts";
import { allocate, check, cString, lastError } from "./call.ts";
import {
  IFF_MULTI_QUEUE,
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN,
  IFF_TUN_EXCL,
  IFNAMSIZ,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  TUNSETIFF,
  TUNSETPERSIST,
} from "./constants.ts";
import {
  Counters,
  RX_BYTES,
  RX_PACKETS,
  RX_TRUNCATED,
  TX_BYTES,
  TX_INVALID,
  TX_NO_BUFFER,
  TX_PACKETS,
  TX_UNREACHABLE,
} from "./counters.ts";
import { Descriptor } from "./descriptor.ts";
import { errno, PermissionError, SystemCallError } from "./errors.ts";
import { libc } from "./ffi.ts";
import { type NetworkNamespace, withNetns } from "./netns.ts";
import type { Pointer } from "./symbols.ts";

/** Settings of {@linkcode TunDevice.open}. */
export interface TunDeviceOptions {
  /**
   * The interface's name, at most 15 bytes; `%d` in it stands for the first
   * free number.
   *
   * @default {"tun%d"}
   */
  readonly name?: string;
  /**
   * `"tun"` for IP packets, `"tap"` for Ethernet frames.
   *
   * @default {"tun"}
   */
  readonly kind?: "tun" | "tap";
  /**
   * Whether the device may have several queues, each opened by its name with
   * `attach`; the kernel spreads the flows over them.
   *
   * @default {false}
   */
  readonly multiQueue?: boolean;
  /**
   * Whether to take a device of that name that is there already: a persistent
   * one, or another queue of one. Without it that is an error.
   *
   * @default {false}
   */
  readonly attach?: boolean;
  /**
   * Whether the device outlives its descriptor. Opened with `attach` and
   * `persist: false`, it goes with it again.
   *
   * @default As it is: a new device does not.
   */
  readonly persist?: boolean;
  /** The network namespace to open it in. */
  readonly netns?: NetworkNamespace;
}

const remedy =
  "run as root, with CAP_NET_ADMIN, or inside a user and network " +
  "namespace of your own: unshare -Urnm COMMAND";

/** Most systems let everybody open it: the right is checked later. */
const fileRemedy = "let this user open the file, which most systems do: " +
  "chmod 0666 /dev/net/tun; or run as root";

/** Which causes of a failed write only cost the one packet. */
const dropped = new Map<number, number>([
  [errno.EINVAL, TX_INVALID],
  [errno.EIO, TX_UNREACHABLE],
  [errno.ENOBUFS, TX_NO_BUFFER],
]);

/**
 * A TUN device as a pair of calls that never wait: `read` fills a batch with
 * the packets that the system routed to the interface, `write` hands the system
 * packets as if the interface had received them. It exists as long as its
 * descriptor is open.
 *
 * @example
 * ```ts ignore
 * import { Batch } from "@echoduct/echoduct/packet";
 * import { TunDevice } from "@echoduct/echoduct/sys";
 *
 * const tun = TunDevice.open({ name: "tun0" });
 * const batch = new Batch({ capacity: 64, slotSize: 1500 });
 * await tun.readable();
 * console.log(tun.read(batch), "packets");
 * tun.close();
 * ```
 */
export class TunDevice extends Descriptor {
  /** The interface's name, as the kernel gave it. */
  readonly name: string;
  /** What came and went. */
  readonly counters: Counters;
  readonly #libc = libc();
  readonly #iovecMemory = allocate(16);
  readonly #iovec = new Uint32Array(this.#iovecMemory.buffer);
  readonly #pointer: Pointer = libc().pointer(this.#iovecMemory);
  #rxArena: Uint8Array | undefined;
  #rxBase = 0;
  #txArena: Uint8Array | undefined;
  #txBase = 0;

  /**
   * Takes over an open descriptor, as a worker does.
   *
   * @param fd A TUN device's non-blocking descriptor.
   * @param name The interface's name.
   * @param counters Where to count.
   */
  constructor(fd: number, name: string, counters: Counters = new Counters()) {
    super(fd);
    this.name = name;
    this.counters = counters;
  }

  /**
   * Makes a device. It is down and has no address yet: `Netlink` changes that.
   *
   * @param options Its name and namespace.
   * @returns The device; close it.
   * @throws {RangeError} If the name is not one that an interface can have.
   * @throws {PermissionError} Without CAP_NET_ADMIN in the namespace.
   * @throws {SystemCallError} If the name is taken (EBUSY), or there is no
   * `/dev/net/tun`.
   */
  static open(options: TunDeviceOptions = {}): TunDevice {
    const { name = "tun%d" } = options;
    checkName(name);
    return withNetns(options.netns, () => {
      const fd = openClone();
      try {
        const device = new TunDevice(fd, makeInterface(fd, name, options));
        if (options.persist !== undefined) setPersist(fd, options.persist);
        return device;
      } catch (error) {
        libc().close(fd);
        throw error;
      }
    });
  }

  /**
   * Reads what the system has sent, behind what the batch holds already: one
   * packet a slot. One that does not fit its slot is counted and dropped.
   *
   * @param batch Takes the packets.
   * @returns How many came; 0 when there is nothing now.
   * @throws {SystemCallError} With `EBADFD` when the interface was removed, or
   * `EBADF` once closed.
   */
  read(batch: Batch): number {
    const { starts, lengths, capacity, slotSize } = batch;
    if (this.#rxArena !== batch.arena) {
      this.#rxArena = batch.arena;
      this.#rxBase = this.#libc.address(batch.arena);
    }
    const first = batch.count;
    let at = first, bytes = 0;
    while (at < capacity) {
      this.#aim(this.#rxBase + starts[at], slotSize);
      const length = this.#libc.readv(this.fd, this.#pointer, 1);
      if (length > 0) {
        if (length === slotSize && isCut(batch.arena, starts[at], length)) {
          this.counters.values[RX_TRUNCATED]++;
          continue;
        }
        bytes += lengths[at++] = length;
        continue;
      }
      if (length === 0) break;
      const code = this.#libc.errno();
      if (code === errno.EAGAIN) break;
      if (code === errno.EINTR) continue;
      if (at > first) break;
      throw this.#gone("readv", "Cannot read from");
    }
    batch.count = at;
    this.counters.values[RX_PACKETS] += at - first;
    this.counters.values[RX_BYTES] += bytes;
    return at - first;
  }

  /**
   * Gives packets to the system. One that is no IP packet is counted and
   * dropped, and so is any while the interface is down.
   *
   * @param batch What to write.
   * @param from The first packet to write.
   * @returns How many packets are done with.
   * @throws {SystemCallError} With `EBADFD` when the interface was removed, or
   * `EBADF` once closed.
   */
  write(batch: Batch, from = 0): number {
    const { starts, lengths, count } = batch;
    if (this.#txArena !== batch.arena) {
      this.#txArena = batch.arena;
      this.#txBase = this.#libc.address(batch.arena);
    }
    let at = from, packets = 0, bytes = 0;
    while (at < count) {
      this.#aim(this.#txBase + starts[at], lengths[at]);
      const length = this.#libc.writev(this.fd, this.#pointer, 1);
      if (length > 0) {
        packets++;
        bytes += length;
        at++;
        continue;
      }
      // The system calls a write of nothing done, without asking the device.
      const code = length === 0 ? errno.EINVAL : this.#libc.errno();
      if (code === errno.EAGAIN) break;
      if (code === errno.EINTR) continue;
      const cause = dropped.get(code);
      if (cause === undefined) throw this.#gone("writev", "Cannot write to");
      this.counters.values[cause]++;
      at++;
    }
    this.counters.values[TX_PACKETS] += packets;
    this.counters.values[TX_BYTES] += bytes;
    return at - from;
  }

  #aim(address: number, length: number): void {
    this.#iovec[0] = address;
    this.#iovec[1] = address / 2 ** 32;
    this.#iovec[2] = length;
  }

  #gone(syscall: string, verb: string): SystemCallError {
    const code = this.#libc.errno();
    return new SystemCallError(
      syscall,
      code,
      `${verb} TUN device '${this.name}'`,
      code === errno.EBADFD ? "the interface was removed" : undefined,
    );
  }
}

/** Whether a packet says that it is longer than what was read of it. */
function isCut(arena: Uint8Array, at: number, length: number): boolean {
  const v6 = arena[at] >> 4 === 6;
  const field = at + (v6 ? 4 : 2);
  return (arena[field] << 8 | arena[field + 1]) + (v6 ? 40 : 0) > length;
}

/** What `dev_valid_name()` accepts, and a name that is not empty. */
function checkName(name: string): void {
  const { length } = new TextEncoder().encode(name);
  if (
    length === 0 || length >= IFNAMSIZ || name === "." || name === ".." ||
    /[\/:\s\0]/.test(name)
  ) {
    throw new RangeError(
      `Cannot name a TUN device: 'name' must have 1 to 15 bytes and no ` +
        `slash, colon, space or zero, current value is ${JSON.stringify(name)}`,
    );
  }
}

function openClone(): number {
  const what = "Cannot open /dev/net/tun";
  const fd = libc().open(
    cString("/dev/net/tun"),
    O_RDWR | O_NONBLOCK | O_CLOEXEC,
    0,
  );
  if (fd >= 0) return fd;
  const error = lastError("open", what);
  if (error.errno === errno.EACCES) {
    throw new PermissionError("open", error.errno, what, fileRemedy);
  }
  if (error.errno === errno.EPERM) {
    throw new PermissionError("open", error.errno, what, remedy);
  }
  if (error.errno === errno.ENOENT || error.errno === errno.ENODEV) {
    error.message += `; load the kernel module: modprobe tun`;
  }
  throw error;
}

/** Makes the interface; returns the name that it got. */
function makeInterface(
  fd: number,
  name: string,
  options: TunDeviceOptions,
): string {
  const what = `Cannot make TUN device '${name}'`;
  const request = allocate(40);
  request.set(cString(name));
  new DataView(request.buffer).setUint16(
    16,
    (options.kind === "tap" ? IFF_TAP : IFF_TUN) | IFF_NO_PI |
      (options.multiQueue ? IFF_MULTI_QUEUE : 0) |
      (options.attach ? 0 : IFF_TUN_EXCL),
    true,
  );
  const result = libc().ioctl(fd, TUNSETIFF, request);
  if (result < 0) {
    const error = lastError("ioctl", what);
    if (error.errno === errno.EPERM) {
      throw new PermissionError("ioctl", error.errno, what, remedy);
    }
    if (error.errno === errno.EBUSY) {
      throw new SystemCallError(
        "ioctl",
        error.errno,
        what,
        "an interface of that name is there already",
      );
    }
    throw error;
  }
  return new TextDecoder().decode(request.subarray(0, request.indexOf(0)));
}

function setPersist(fd: number, persist: boolean): void {
  // The argument is the value itself, not where it is.
  check(
    libc().ioctl_value(fd, TUNSETPERSIST, persist ? 1 : 0),
    "ioctl",
    "Cannot make a TUN device persistent",
  );
}
