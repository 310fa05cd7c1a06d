/**
 * What passed through a device or link, and what was lost where.
 *
 * @module
 */

const names: readonly CounterName[] = [
  "rxPackets",
  "rxBytes",
  "txPackets",
  "txBytes",
  "rxTruncated",
  "txTooBig",
  "txRefused",
  "txUnreachable",
  "txInvalid",
  "txNoBuffer",
];

/** What a {@linkcode Counters} counts. */
export type CounterName =
  | "rxPackets"
  | "rxBytes"
  | "txPackets"
  | "txBytes"
  | "rxTruncated"
  | "txTooBig"
  | "txRefused"
  | "txUnreachable"
  | "txInvalid"
  | "txNoBuffer";

/** Numbers by name, as {@linkcode Counters.toJSON} gives them. */
export type CounterValues = Record<CounterName, number>;

/**
 * Counters in one block of memory, so that a worker can count where another
 * thread reads. Exact up to 2^53.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Counters } from "@echoduct/echoduct/sys";
 *
 * const counters = new Counters();
 * assert.equal(counters.rxPackets, 0);
 * assert.equal(counters.toJSON().txTooBig, 0);
 * ```
 */
export class Counters {
  /** Bytes that a block of counters takes. */
  static readonly size: number = names.length * 8;
  /** The values, in the order in which `toJSON` names them. */
  readonly values: Float64Array;

  /**
   * Counts from what the memory holds.
   *
   * @param memory Where to count, {@linkcode Counters.size} bytes; by default
   * memory that threads can share.
   */
  constructor(memory: ArrayBufferLike = new SharedArrayBuffer(Counters.size)) {
    this.values = new Float64Array(memory, 0, names.length);
  }

  /** Packets taken from the kernel. */
  get rxPackets(): number {
    return this.values[RX_PACKETS];
  }
  /** Bytes of these, IP headers included. */
  get rxBytes(): number {
    return this.values[RX_BYTES];
  }
  /** Packets given to the kernel. */
  get txPackets(): number {
    return this.values[TX_PACKETS];
  }
  /** Bytes of these. */
  get txBytes(): number {
    return this.values[TX_BYTES];
  }
  /** Received packets that did not fit their slot, and were dropped. */
  get rxTruncated(): number {
    return this.values[RX_TRUNCATED];
  }
  /** Dropped: longer than the path takes (EMSGSIZE). */
  get txTooBig(): number {
    return this.values[TX_TOO_BIG];
  }
  /** The peer's port was closed when an earlier datagram reached it. */
  get txRefused(): number {
    return this.values[TX_REFUSED];
  }
  /** Dropped: no route to the peer, or the network or device is down. */
  get txUnreachable(): number {
    return this.values[TX_UNREACHABLE];
  }
  /** Dropped: the kernel found no IP packet in it (EINVAL). */
  get txInvalid(): number {
    return this.values[TX_INVALID];
  }
  /** Dropped: the kernel had no memory for it (ENOBUFS). */
  get txNoBuffer(): number {
    return this.values[TX_NO_BUFFER];
  }

  /** All of them as a plain object. */
  toJSON(): CounterValues {
    return Object.fromEntries(
      names.map((name, i) => [name, this.values[i]]),
    ) as CounterValues;
  }
}

export const RX_PACKETS = 0;
export const RX_BYTES = 1;
export const TX_PACKETS = 2;
export const TX_BYTES = 3;
export const RX_TRUNCATED = 4;
export const TX_TOO_BIG = 5;
export const TX_REFUSED = 6;
export const TX_UNREACHABLE = 7;
export const TX_INVALID = 8;
export const TX_NO_BUFFER = 9;
