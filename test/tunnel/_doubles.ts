/** Stand-ins for devices and links that do what a test tells them. */
import type { Batch } from "../../src/packet/batch.ts";
import type {
  PacketHandle,
  PacketSink,
  PacketSource,
} from "../../src/tunnel/mod.ts";

/** A source whose packets a test gives; it counts who waits for them. */
export class Spring implements PacketSource {
  readonly packets: Uint8Array[] = [];
  /** How often `read` was called. */
  reads = 0;
  /** What the next `read` throws. */
  failure: Error | undefined;
  /** Waits that have not ended. */
  waiting = 0;
  #wake: (() => void)[] = [];

  give(...packets: Uint8Array[]): void {
    this.packets.push(...packets);
    this.wake();
  }

  wake(): void {
    for (const each of this.#wake.splice(0)) each();
  }

  read(batch: Batch): number {
    this.reads++;
    if (this.failure) throw this.failure;
    let count = 0;
    while (this.packets.length > 0 && batch.push(this.packets[0])) {
      this.packets.shift();
      count++;
    }
    return count;
  }

  readable(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.packets.length > 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting++;
      const end = (settle: () => void) => {
        this.waiting--;
        signal?.removeEventListener("abort", abort);
        settle();
      };
      const abort = () => end(() => reject(signal?.reason));
      signal?.addEventListener("abort", abort);
      this.#wake.push(() => end(resolve));
    });
  }
}

/** A sink that takes as many packets as a test allows. */
export class Drain implements PacketSink {
  readonly packets: Uint8Array[] = [];
  /** How many more it takes. */
  room: number;
  /** Waits that have not ended. */
  waiting = 0;
  #wake: (() => void)[] = [];

  constructor(room = Infinity) {
    this.room = room;
  }

  allow(more: number): void {
    this.room += more;
    for (const each of this.#wake.splice(0)) each();
  }

  write(batch: Batch, from = 0): number {
    const count = Math.min(this.room, batch.count - from);
    for (let i = from; i < from + count; i++) this.packets.push(batch.copy(i));
    this.room -= count;
    return count;
  }

  writable(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.room > 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting++;
      const end = (settle: () => void) => {
        this.waiting--;
        signal?.removeEventListener("abort", abort);
        settle();
      };
      const abort = () => end(() => reject(signal?.reason));
      signal?.addEventListener("abort", abort);
      this.#wake.push(() => end(resolve));
    });
  }
}

/** Both as the handle of a port. */
export class Double implements PacketHandle {
  readonly spring: Spring = new Spring();
  readonly drain: Drain;
  closes = 0;

  constructor(room?: number) {
    this.drain = new Drain(room);
  }

  /** Waits that have not ended, of either kind. */
  get waiting(): number {
    return this.spring.waiting + this.drain.waiting;
  }

  read(batch: Batch): number {
    return this.spring.read(batch);
  }

  readable(signal?: AbortSignal): Promise<void> {
    return this.spring.readable(signal);
  }

  write(batch: Batch, from?: number): number {
    return this.drain.write(batch, from);
  }

  writable(signal?: AbortSignal): Promise<void> {
    return this.drain.writable(signal);
  }

  close(): void {
    this.closes++;
    this.spring.wake();
    this.drain.allow(0);
  }
}

/** Packets of one byte each. */
export function bytes(...values: number[]): Uint8Array[] {
  return values.map((value) => new Uint8Array([value]));
}

/** The first byte of each packet, to compare with. */
export function firsts(packets: Iterable<Uint8Array>): number[] {
  return Array.from(packets, (packet) => packet[0]);
}

/** The first byte of each packet of a batch. */
export function firstsOf(batch: Batch): number[] {
  return Array.from({ length: batch.count }, (_, i) => batch.packet(i)[0]);
}

/** Lets everything that is ready to run do so. */
export function idle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
