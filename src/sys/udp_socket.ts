/**
 * UDP sockets that move a batch of datagrams a call.
 *
 * @module
 */
import type { Family } from "../packet/address.ts";
import { type Batch, PEER_SIZE } from "../packet/batch.ts";
import { formatEndpoint } from "../packet/endpoint.ts";
import { BatchTable } from "./batch_table.ts";
import { check, lastError } from "./call.ts";
import type { Clock } from "./clock.ts";
import {
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  MSG_TRUNC,
  SO_RCVBUF,
  SO_SNDBUF,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "./constants.ts";
import {
  Counters,
  RX_BYTES,
  RX_PACKETS,
  RX_TRUNCATED,
  TX_BYTES,
  TX_NO_BUFFER,
  TX_PACKETS,
  TX_REFUSED,
  TX_TOO_BIG,
  TX_UNREACHABLE,
} from "./counters.ts";
import { Descriptor } from "./descriptor.ts";
import { errno } from "./errors.ts";
import { libc } from "./ffi.ts";
import { MAX_MESSAGES, type MessageTable } from "./messages.ts";
import { type NetworkNamespace, withNetns } from "./netns.ts";
import {
  bindSocket,
  connectSocket,
  getOption,
  localAddress,
  setBufferSizes,
  setOption,
  trySocket,
} from "./socket.ts";
import { readSockaddr, type SocketAddress } from "./sockaddr.ts";

/** Settings of {@linkcode UdpSocket.open}. */
export interface UdpSocketOptions {
  /** The address to bind; port 0 lets the kernel choose. */
  readonly local: SocketAddress;
  /**
   * The only peer. Without one the socket is unconnected: every packet carries
   * its peer in the batch's `peers`; from a batch without them, packets go to
   * whoever was heard from last.
   */
  readonly remote?: SocketAddress;
  /**
   * Send and receive buffer, in bytes each.
   *
   * @default {8388608}
   */
  readonly bufferSize?: number;
  /**
   * Has the kernel stamp what it receives, on this clock: see `stamps`.
   *
   * @default No stamps.
   */
  readonly clock?: Clock;
  /** The network namespace to open it in. */
  readonly netns?: NetworkNamespace;
}

/** Room for one `SCM_TIMESTAMPNS`. */
const STAMP_CONTROL = 32;

/** Which causes of a failed send only cost the one datagram. */
const dropped = new Map<number, number>([
  [errno.EMSGSIZE, TX_TOO_BIG],
  [errno.EINVAL, TX_TOO_BIG],
  [errno.ENETUNREACH, TX_UNREACHABLE],
  [errno.EHOSTUNREACH, TX_UNREACHABLE],
  [errno.ENETDOWN, TX_UNREACHABLE],
  [errno.EDESTADDRREQ, TX_UNREACHABLE],
  [errno.EPERM, TX_UNREACHABLE],
  [errno.EACCES, TX_UNREACHABLE],
  [errno.EAFNOSUPPORT, TX_UNREACHABLE],
  [errno.ENOBUFS, TX_NO_BUFFER],
]);

/**
 * A UDP socket as a pair of calls that never wait: `read` fills a batch with
 * what has come, `write` sends what a batch holds.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Batch } from "@echoduct/echoduct/packet";
 * import { UdpSocket } from "@echoduct/echoduct/sys";
 *
 * const a = UdpSocket.open({ local: { address: "127.0.0.1", port: 0 } });
 * const b = UdpSocket.open({
 *   local: { address: "127.0.0.1", port: 0 },
 *   remote: a.local,
 * });
 * const batch = new Batch({ capacity: 8, slotSize: 1500, peers: true });
 * batch.push(new Uint8Array([1, 2, 3]));
 * assert.equal(b.write(batch), 1);
 * await a.readable();
 * batch.clear();
 * assert.equal(a.read(batch), 1);
 * assert.deepEqual(a.peer(batch, 0), b.local);
 * a.close();
 * b.close();
 * ```
 */
export class UdpSocket extends Descriptor {
  /** What came and went. */
  readonly counters: Counters;
  /** The socket's own address. */
  readonly local: SocketAddress;
  /** The only peer, if it has one. */
  readonly remote: SocketAddress | undefined;
  readonly #libc = libc();
  /**
   * When the kernel received each packet of the last batch read, in
   * milliseconds on the `real()` scale of the clock that was asked for; NaN
   * where it did not tell.
   */
  readonly stamps: Float64Array = new Float64Array(MAX_MESSAGES);
  readonly #clock: Clock | undefined;
  readonly #rx: BatchTable;
  readonly #tx = new BatchTable(0);
  readonly #last = new Uint8Array(PEER_SIZE);
  #lastLength = 0;

  /**
   * Takes over an open descriptor, as a worker does.
   *
   * @param fd A bound, non-blocking UDP socket.
   * @param remote Its peer, if it is connected.
   * @param counters Where to count.
   * @param clock The clock of its stamps, if the kernel makes them.
   */
  constructor(
    fd: number,
    remote?: SocketAddress,
    counters: Counters = new Counters(),
    clock?: Clock,
  ) {
    super(fd);
    this.local = localAddress(fd);
    this.remote = remote;
    this.counters = counters;
    this.#clock = clock;
    this.#rx = new BatchTable(clock ? STAMP_CONTROL : 0);
  }

  /**
   * Opens and binds a socket.
   *
   * @param options Its addresses, buffers and namespace.
   * @returns The socket; close it.
   * @throws {TypeError} If the addresses are of different IP versions.
   * @throws {SystemCallError} If the address is not this machine's, the port
   * is taken, or the peer cannot be routed to.
   */
  static open(options: UdpSocketOptions): UdpSocket {
    const { local, remote, bufferSize = 8 << 20, clock } = options;
    const family = familyOf(local);
    if (remote && familyOf(remote) !== family) {
      throw new TypeError(
        `Cannot send from ${format(local)} to ${format(remote)}: ` +
          `both must be IPv4 or both IPv6`,
      );
    }
    return withNetns(options.netns, () => {
      const fd = check(
        trySocket(family, SOCK_DGRAM, IPPROTO_UDP),
        "socket",
        "Cannot open a UDP socket",
      );
      try {
        if (family === 6) {
          setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "Cannot open for IPv6");
        }
        setBufferSizes(fd, bufferSize);
        bindSocket(fd, local, `Cannot listen on ${format(local)}`);
        if (remote) {
          connectSocket(fd, remote, `Cannot send to ${format(remote)}`);
        }
        if (clock) {
          setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "Cannot ask for stamps");
        }
        return new UdpSocket(fd, remote, new Counters(), clock);
      } catch (error) {
        libc().close(fd);
        throw error;
      }
    });
  }

  /**
   * Receives what has come, behind what the batch holds already.
   *
   * @param batch Takes the datagrams, and their peers if it has room for them.
   * @returns How many came; 0 when there is nothing now.
   * @throws {SystemCallError} If the socket is closed or fails for good.
   */
  read(batch: Batch): number {
    const first = batch.count;
    const room = Math.min(batch.capacity - first, MAX_MESSAGES);
    const table = this.#rx.aim(batch, room);
    const count = this.#receive(table, room);
    const { peers, peerLengths } = batch;
    let kept = first, bytes = 0;
    for (let i = 0; i < count; i++) {
      if (table.flags(i) & MSG_TRUNC) {
        this.counters.values[RX_TRUNCATED]++;
        continue;
      }
      // Only behind a truncated datagram do slot and message part ways.
      if (kept !== first + i) {
        const start = batch.starts[kept];
        batch.starts[kept] = batch.starts[first + i];
        batch.starts[first + i] = start;
      }
      bytes += batch.lengths[kept] = table.length(i);
      if (this.#clock) this.stamps[kept] = table.stamp(i, this.#clock);
      if (peers && peerLengths) {
        const at = i * PEER_SIZE;
        peers.set(table.names.subarray(at, at + PEER_SIZE), kept * PEER_SIZE);
        peerLengths[kept] = table.nameLength(i);
      }
      kept++;
    }
    if (!this.remote && count > 0) {
      const at = (count - 1) * PEER_SIZE;
      this.#last.set(table.names.subarray(at, at + PEER_SIZE));
      this.#lastLength = table.nameLength(count - 1);
    }
    batch.count = kept;
    this.counters.values[RX_PACKETS] += kept - first;
    this.counters.values[RX_BYTES] += bytes;
    return kept - first;
  }

  /**
   * Sends a batch, each packet as one datagram. What the path cannot take is
   * counted and dropped; a peer that is not there (ECONNREFUSED) is counted
   * and nothing is lost for it.
   *
   * @param batch What to send.
   * @param from The first packet to send.
   * @returns How many packets are done with; fewer than `batch.count - from`
   * when the socket can take no more now.
   * @throws {SystemCallError} If the socket is closed or fails for good.
   */
  write(batch: Batch, from = 0): number {
    const count = Math.min(batch.count - from, MAX_MESSAGES);
    const table = this.#tx.for(batch);
    const base = this.#tx.base;
    const { starts, lengths } = batch;
    for (let i = 0; i < count; i++) {
      table.setBytes(i, base + starts[from + i], lengths[from + i]);
    }
    if (!this.remote && !this.#address(table, batch, from, count)) {
      this.counters.values[TX_UNREACHABLE] += count;
      return count;
    }
    let done = 0;
    while (done < count) {
      const sent = table.send(this.fd, done, count - done, !this.remote);
      if (sent > 0) {
        this.#count(lengths, from + done, sent);
        done += sent;
        continue;
      }
      const code = this.#libc.errno();
      if (code === errno.EAGAIN) break;
      if (code === errno.EINTR) continue;
      if (code === errno.ECONNREFUSED) {
        // An earlier datagram's fate, told once: this one is still unsent.
        this.counters.values[TX_REFUSED]++;
        continue;
      }
      const cause = dropped.get(code);
      if (cause === undefined) throw lastError("sendmmsg", "Cannot send");
      this.counters.values[cause]++;
      done++;
    }
    return done;
  }

  /** The buffers that the kernel granted, in bytes, its bookkeeping included. */
  get bufferSizes(): { readonly receive: number; readonly send: number } {
    return {
      receive: getOption(this.fd, SOL_SOCKET, SO_RCVBUF),
      send: getOption(this.fd, SOL_SOCKET, SO_SNDBUF),
    };
  }

  /** Where packet `i` of a batch came from, or is to go. */
  peer(batch: Batch, i: number): SocketAddress | undefined {
    return batch.peers && readSockaddr(batch.peers, i * PEER_SIZE);
  }

  /** Writes each packet's peer; false if there is nobody to send to yet. */
  #address(
    table: MessageTable,
    batch: Batch,
    from: number,
    count: number,
  ): boolean {
    const { peers, peerLengths } = batch;
    if (!peers && this.#lastLength === 0) return false;
    const source = peers ?? this.#last;
    for (let i = 0; i < count; i++) {
      const length = peerLengths ? peerLengths[from + i] : this.#lastLength;
      table.setName(i, source, peers ? (from + i) * PEER_SIZE : 0, length);
    }
    return true;
  }

  #receive(table: MessageTable, room: number): number {
    if (room === 0) return 0;
    for (;;) {
      const count = table.receive(this.fd, room, 0);
      if (count >= 0) return count;
      const code = this.#libc.errno();
      if (code === errno.EAGAIN) return 0;
      if (code === errno.ECONNREFUSED) this.counters.values[TX_REFUSED]++;
      else if (code !== errno.EINTR && !dropped.has(code)) {
        throw lastError("recvmmsg", "Cannot receive");
      }
    }
  }

  #count(lengths: Uint32Array, from: number, sent: number): void {
    let bytes = 0;
    for (let i = from; i < from + sent; i++) bytes += lengths[i];
    this.counters.values[TX_PACKETS] += sent;
    this.counters.values[TX_BYTES] += bytes;
  }
}

function familyOf(to: SocketAddress): Family {
  return to.address.includes(":") ? 6 : 4;
}

function format(to: SocketAddress): string {
  return formatEndpoint({ host: to.address, port: to.port });
}
