import type { Batch } from "../packet/batch.ts";
import { type PacketHandle, Port } from "./port.ts";

/** Settings of {@linkcode memoryPipe}. */
export interface MemoryPipeOptions {
  /**
   * Packets that wait in each direction before writers must.
   *
   * @default {256}
   */
  readonly capacity?: number;
  /**
   * Bytes of the longest packet.
   *
   * @default {2048}
   */
  readonly maxPacket?: number;
}

/**
 * Two ports joined in memory: what one writes, the other reads. They stand in
 * for a device or a link where there is neither, in tests above all.
 *
 * @param options Their capacity.
 * @returns Both ends.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Batch } from "@echoduct/echoduct/packet";
 * import { memoryPipe } from "@echoduct/echoduct/tunnel";
 *
 * const [left, right] = memoryPipe();
 * await left.sink()([new Uint8Array([1, 2, 3])]);
 * const batch = new Batch({ capacity: 4, slotSize: 64 });
 * assert.equal(right.read(batch), 1);
 * assert.deepEqual(batch.copy(0), new Uint8Array([1, 2, 3]));
 * ```
 */
export function memoryPipe(options: MemoryPipeOptions = {}): [Port, Port] {
  const { capacity = 256, maxPacket = 2048 } = options;
  const there = new MemoryQueue(capacity);
  const back = new MemoryQueue(capacity);
  return [
    new Port(new MemoryHandle(back, there), maxPacket),
    new Port(new MemoryHandle(there, back), maxPacket),
  ];
}

/** One direction: packets in order, and those who wait for a change. */
class MemoryQueue {
  readonly packets: Uint8Array[] = [];
  readonly capacity: number;
  closed = false;
  #waiting: (() => void)[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async until(
    ready: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    while (!this.closed && !ready()) {
      signal?.throwIfAborted();
      await new Promise<void>((resolve) => {
        signal?.addEventListener("abort", done, { once: true });
        this.#waiting.push(done);
        function done() {
          signal?.removeEventListener("abort", done);
          resolve();
        }
      });
    }
  }

  close(): void {
    this.closed = true;
    this.changed();
  }
}

class MemoryHandle implements PacketHandle {
  readonly #input: MemoryQueue;
  readonly #output: MemoryQueue;

  constructor(input: MemoryQueue, output: MemoryQueue) {
    this.#input = input;
    this.#output = output;
  }

  read(batch: Batch): number {
    const { packets, closed } = this.#input;
    if (closed) throw new Error("Cannot read: the pipe is closed");
    let count = 0;
    const waiting = packets.length;
    while (packets.length > 0 && batch.count < batch.capacity) {
      const packet = packets.shift()!;
      // As from a device or a socket: what is too long for its slot is lost.
      if (packet.length > batch.slotSize) continue;
      batch.push(packet);
      count++;
    }
    if (packets.length < waiting) this.#input.changed();
    return count;
  }

  write(batch: Batch, from = 0): number {
    const { packets, capacity, closed } = this.#output;
    if (closed) throw new Error("Cannot write: the pipe is closed");
    let at = from;
    while (at < batch.count && packets.length < capacity) {
      packets.push(batch.copy(at++));
    }
    if (at > from) this.#output.changed();
    return at - from;
  }

  readable(signal?: AbortSignal): Promise<void> {
    return this.#input.until(() => this.#input.packets.length > 0, signal);
  }

  writable(signal?: AbortSignal): Promise<void> {
    const { packets, capacity } = this.#output;
    return this.#output.until(() => packets.length < capacity, signal);
  }

  close(): void {
    this.#input.close();
    this.#output.close();
  }
}
