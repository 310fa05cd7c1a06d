/** Settings of a {@linkcode Batch}. */
export interface BatchOptions {
  /** How many packets it holds at most, 1 to 65 536. */
  capacity: number;
  /** Bytes that each slot offers to a packet, 1 to 1 048 576. */
  slotSize: number;
  /**
   * Bytes kept free before each packet, for a header that a stage prepends.
   *
   * @default {0}
   */
  headroom?: number;
  /**
   * Bytes kept free after each slot, for a tag or padding that a stage appends.
   *
   * @default {0}
   */
  tailroom?: number;
  /**
   * Whether to keep one socket address per packet, for unconnected UDP.
   *
   * @default {false}
   */
  peers?: boolean;
}

/** Bytes per entry of {@linkcode Batch.peers}: the size of a `sockaddr_in6`. */
export const PEER_SIZE = 28;

const ALIGNMENT = 64;

/**
 * A fixed set of packet slots in one arena: what devices, links and stages hand
 * to each other on the data path.
 *
 * Packet `i`, for `i < count`, is the `lengths[i]` bytes at `starts[i]` of
 * `arena`. A reader fills the slots from `starts[count]` on, sets `lengths` and
 * raises `count`; a stage may move `starts[i]` into the head room and
 * lengthen the packet into the tail room. Every slot begins, head room first,
 * at a multiple of 64 bytes from the start of the arena.
 *
 * Nothing is allocated per packet but by {@linkcode Batch.packet} and the two
 * that copy.
 *
 * @example Fill, filter and read
 * ```ts
 * import assert from "node:assert/strict";
 * import { Batch } from "@echoduct/echoduct/packet";
 *
 * const batch = new Batch({ capacity: 4, slotSize: 1500, headroom: 16 });
 * batch.push(new Uint8Array([1]));
 * batch.push(new Uint8Array([2, 2]));
 * assert.equal(batch.keep((index) => batch.lengths[index] === 2), 1);
 * assert.deepEqual(batch.copy(0), new Uint8Array([2, 2]));
 * ```
 */
export class Batch {
  /** The memory that holds every slot, never on the engine's own heap. */
  readonly arena: Uint8Array<ArrayBuffer>;
  /** The offset in the arena, in bytes, at which each packet begins. */
  readonly starts: Uint32Array<ArrayBuffer>;
  /** The length of each packet, in bytes. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** {@linkcode PEER_SIZE} bytes of socket address per packet, if asked for. */
  readonly peers: Uint8Array<ArrayBuffer> | undefined;
  /** How many bytes of each peer's socket address are used, if asked for. */
  readonly peerLengths: Uint32Array<ArrayBuffer> | undefined;
  /** How many packets it holds at most. */
  readonly capacity: number;
  /** Bytes that each slot offers to a packet. */
  readonly slotSize: number;
  /** Bytes kept free before each packet. */
  readonly headroom: number;
  /** Bytes kept free after each slot. */
  readonly tailroom: number;
  /** Bytes from one slot to the next: all three parts, rounded up to 64. */
  readonly stride: number;
  /** How many packets it holds now; a reader that filled slots raises it. */
  count = 0;

  readonly #homes: Uint32Array;

  /**
   * Allocates the arena and every side array.
   *
   * @param options The number and the sizes of the slots.
   * @throws {RangeError} If a size is not a whole number within its bounds, or
   * the arena would exceed 1 GiB.
   */
  constructor(options: BatchOptions) {
    const { capacity, slotSize, headroom = 0, tailroom = 0 } = options;
    checkSize("capacity", capacity, 1, 65_536);
    checkSize("slotSize", slotSize, 1, 1_048_576);
    checkSize("headroom", headroom, 0, 65_536);
    checkSize("tailroom", tailroom, 0, 65_536);
    const used = headroom + slotSize + tailroom;
    const stride = Math.ceil(used / ALIGNMENT) * ALIGNMENT;
    checkSize("arena size", capacity * stride, 1, 2 ** 30);

    this.capacity = capacity;
    this.slotSize = slotSize;
    this.headroom = headroom;
    this.tailroom = tailroom;
    this.stride = stride;
    // An explicit ArrayBuffer: a short `new Uint8Array(n)` may live on the
    // engine's heap, where the collector moves it under a system call.
    this.arena = new Uint8Array(new ArrayBuffer(capacity * stride));
    this.starts = new Uint32Array(new ArrayBuffer(capacity * 4));
    this.lengths = new Uint32Array(new ArrayBuffer(capacity * 4));
    this.#homes = new Uint32Array(capacity);
    for (let i = 0; i < capacity; i++) this.#homes[i] = i * stride + headroom;
    this.starts.set(this.#homes);
    if (options.peers === true) {
      this.peers = new Uint8Array(new ArrayBuffer(capacity * PEER_SIZE));
      this.peerLengths = new Uint32Array(new ArrayBuffer(capacity * 4));
    }
  }

  /**
   * Borrows a packet: a view into the arena, valid until its slot is reused.
   *
   * @param index Which packet, from 0 to `count - 1`.
   * @returns A view of the packet's bytes.
   * @throws {RangeError} If there is no such packet.
   */
  packet(index: number): Uint8Array<ArrayBuffer> {
    this.#checkIndex(index);
    const start = this.starts[index];
    return this.arena.subarray(start, start + this.lengths[index]);
  }

  /**
   * Copies a packet out of the arena; the copy is the caller's to keep.
   *
   * @param index Which packet, from 0 to `count - 1`.
   * @returns The packet's bytes in memory of their own.
   * @throws {RangeError} If there is no such packet.
   */
  copy(index: number): Uint8Array<ArrayBuffer> {
    this.#checkIndex(index);
    const start = this.starts[index];
    return this.arena.slice(start, start + this.lengths[index]);
  }

  /**
   * Copies all packets out of the arena, into one block of memory that lives as
   * long as any of them is kept: five times as fast as a block for each.
   *
   * @returns The packets' bytes, in order.
   */
  copies(): Uint8Array<ArrayBuffer>[] {
    const { arena, starts, lengths, count } = this;
    let size = 0;
    for (let i = 0; i < count; i++) size += lengths[i];
    const block = new Uint8Array(size);
    const copies = new Array<Uint8Array<ArrayBuffer>>(count);
    for (let i = 0, at = 0; i < count; i++) {
      const start = starts[i], end = at + lengths[i];
      block.set(arena.subarray(start, start + lengths[i]), at);
      copies[i] = block.subarray(at, end);
      at = end;
    }
    return copies;
  }

  /**
   * Copies a packet into the next free slot.
   *
   * @param bytes The packet.
   * @returns `false`, with nothing changed, if every slot is taken.
   * @throws {RangeError} If the packet is longer than `slotSize`.
   */
  push(bytes: Uint8Array): boolean {
    if (bytes.length > this.slotSize) {
      throw new RangeError(
        `Cannot push a packet longer than ${this.slotSize} bytes: current value is ${bytes.length}`,
      );
    }
    const index = this.count;
    if (index >= this.capacity) return false;
    const start = this.#home(this.starts[index]);
    this.arena.set(bytes, start);
    this.starts[index] = start;
    this.lengths[index] = bytes.length;
    if (this.peerLengths !== undefined) this.peerLengths[index] = 0;
    this.count = index + 1;
    return true;
  }

  /**
   * Drops the packets that a predicate refuses, in place and in order: slots
   * change hands by their `starts`, so no packet is copied.
   *
   * If the predicate throws, the batch stays whole: everything not yet looked
   * at is kept.
   *
   * @param predicate Told the index of each packet; `true` keeps it.
   * @returns How many packets are left.
   */
  keep(predicate: (index: number) => boolean): number {
    const { starts, lengths, count } = this;
    let kept = 0;
    let index = 0;
    try {
      while (index < count) {
        const wanted = predicate(index);
        if (wanted) this.#move(index, kept++);
        index++;
      }
    } finally {
      while (index < count) this.#move(index++, kept++);
      this.count = kept;
      for (let i = kept; i < count; i++) {
        starts[i] = this.#home(starts[i]);
        lengths[i] = 0;
      }
    }
    return kept;
  }

  /** Empties the batch: every slot is free, and in its first place again. */
  clear(): void {
    this.count = 0;
    this.starts.set(this.#homes);
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    const { starts, lengths, peers, peerLengths } = this;
    const start = starts[from];
    starts[from] = starts[to];
    starts[to] = start;
    lengths[to] = lengths[from];
    if (peers === undefined || peerLengths === undefined) return;
    const at = from * PEER_SIZE;
    peers.copyWithin(to * PEER_SIZE, at, at + PEER_SIZE);
    peerLengths[to] = peerLengths[from];
  }

  /** Where a packet begins in the slot that a possibly shifted start is in. */
  #home(start: number): number {
    return start - start % this.stride + this.headroom;
  }

  #checkIndex(index: number): void {
    if (index >= 0 && index < this.count) return;
    throw new RangeError(
      `Cannot take a packet of ${this.count}: current index is ${index}`,
    );
  }
}

function checkSize(name: string, value: number, least: number, most: number) {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot create a batch, ${name} must be a whole number from ${least} to ${most}: current value is ${value}`,
  );
}
