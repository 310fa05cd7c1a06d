/**
 * One end of a pipe of packets: a device, a link or an in-memory double, and
 * the streams over it.
 *
 * @module
 */
import { Batch } from "../packet/batch.ts";
import type { Packet } from "../packet/packet.ts";
import { abortable } from "../stream/abortable.ts";
import { BatchStream, PacketStream } from "./read_stream.ts";

/** Something that packets come from, and that never makes its caller wait. */
export interface PacketSource {
  /**
   * Fills a batch behind what it holds with what is ready.
   *
   * @param batch Takes the packets.
   * @returns How many came, 0 for none now.
   */
  read(batch: Batch): number;
  /**
   * Resolves when `read` may find something.
   *
   * @param signal Ends the wait.
   */
  readable(signal?: AbortSignal): Promise<void>;
}

/** Something that takes packets, and that never makes its caller wait. */
export interface PacketSink {
  /**
   * Takes what it can of a batch.
   *
   * @param batch What to write.
   * @param from The first packet to write.
   * @returns How many packets are done with, 0 if it can take none now.
   */
  write(batch: Batch, from?: number): number;
  /**
   * Resolves when `write` may get rid of something.
   *
   * @param signal Ends the wait.
   */
  writable(signal?: AbortSignal): Promise<void>;
}

/** What a {@linkcode Port} stands on. */
export interface PacketHandle extends PacketSource, PacketSink {
  /** Lets go of it; whoever waits for it wakes up. */
  close(): void;
}

/** Settings of {@linkcode Port.packets} and {@linkcode Port.batches}. */
export interface ReadOptions {
  /** Ends the stream with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Packets that one read takes at most.
   *
   * @default {64}
   */
  readonly batch?: number;
}

/** Settings of {@linkcode Port.sink}. */
export interface WriteOptions {
  /** Ends the writing with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a sink takes: single packets, parsed or not, or whole batches. */
export type Writable = Packet | Uint8Array | Batch;

/**
 * One end of a pipe of packets, to read from and to write to.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmpEcho, buildIp } from "@echoduct/echoduct/packet";
 * import { memoryPipe } from "@echoduct/echoduct/tunnel";
 *
 * const [left, right] = memoryPipe();
 * await left.sink()([
 *   buildIp({
 *     source: "10.7.0.2",
 *     destination: "10.7.0.1",
 *     protocol: 1,
 *     payload: buildIcmpEcho({ type: "request", identifier: 7, sequence: 3 }),
 *   }),
 * ]);
 * for await (const packet of right.packets()) {
 *   assert.equal(
 *     packet.toString(),
 *     "IPv4 10.7.0.2 → 10.7.0.1 ICMP echo request id 7 seq 3, 8 bytes",
 *   );
 *   break;
 * }
 * ```
 */
export class Port implements PacketHandle, AsyncDisposable {
  /** Bytes of the longest packet that is read whole. */
  readonly maxPacket: number;
  /** Packets that `packets()` dropped because they were no IP packets. */
  malformed = 0;
  readonly #handle: PacketHandle;
  #closed = false;

  /**
   * Makes streams of a handle.
   *
   * @param handle What it stands on, closed with it.
   * @param maxPacket Bytes of the longest packet.
   */
  constructor(handle: PacketHandle, maxPacket: number) {
    this.#handle = handle;
    this.maxPacket = maxPacket;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The packets that come in, one by one. Each is a copy, to keep as long as
   * you like. What is no IP packet is counted in `malformed` and left out.
   *
   * Several streams over one port share what comes in between them. Leaving a
   * stream loses what its last read brought and nobody took, `batch` packets at
   * most.
   *
   * @param options A signal and the size of reads.
   * @returns The stream; it ends when the port is closed.
   * @throws {SystemCallError} Where reading fails for good, such as when the
   * interface is removed.
   */
  packets(
    options: ReadOptions = {},
  ): AsyncIterableIterator<Packet, undefined> {
    return new PacketStream(this.#stream(options), () => this.malformed++);
  }

  /**
   * The packets that come in, by the batch. A batch is borrowed: the next pull
   * fills it again. What a stage changes in it, a sink behind it sends.
   *
   * @param options A signal and the size of reads.
   * @returns The stream; it ends when the port is closed.
   * @throws {SystemCallError} Where reading fails for good.
   */
  batches(options: ReadOptions = {}): AsyncIterableIterator<Batch, undefined> {
    return this.#stream(options);
  }

  /**
   * The end of a pipe: writes every packet that a stream brings, waiting when
   * the port can take no more.
   *
   * @param options A signal.
   * @returns A function from a stream to a promise of its end.
   */
  sink(
    options: WriteOptions = {},
  ): (source: AsyncIterable<Writable> | Iterable<Writable>) => Promise<void> {
    const { signal } = options;
    return async (source) => {
      const single = new Batch({ capacity: 1, slotSize: 65_535 });
      // A signal ends the writing also while the source has nothing to write.
      const items = signal
        ? abortable<Writable>(signal)(source as AsyncIterable<Writable>)
        : source;
      for await (const item of items) {
        let batch = single;
        if (item instanceof Batch) batch = item;
        else {
          single.clear();
          single.push(item instanceof Uint8Array ? item : item.bytes);
        }
        let done = 0;
        for (;;) {
          signal?.throwIfAborted();
          if (this.#closed) return;
          done += this.write(batch, done);
          if (done >= batch.count) break;
          await this.writable(signal);
        }
      }
    };
  }

  /** {@inheritDoc PacketSource.read} */
  read(batch: Batch): number {
    return this.#handle.read(batch);
  }

  /** {@inheritDoc PacketSink.write} */
  write(batch: Batch, from = 0): number {
    return this.#handle.write(batch, from);
  }

  /** {@inheritDoc PacketSource.readable} */
  readable(signal?: AbortSignal): Promise<void> {
    return this.#handle.readable(signal);
  }

  /** {@inheritDoc PacketSink.writable} */
  writable(signal?: AbortSignal): Promise<void> {
    return this.#handle.writable(signal);
  }

  /** Closes it; streams over it end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
  }

  /** The same as {@linkcode Port.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #stream({ signal, batch: capacity = 64 }: ReadOptions): BatchStream {
    const batch = new Batch({ capacity, slotSize: this.maxPacket });
    return new BatchStream(this, batch, signal);
  }
}
