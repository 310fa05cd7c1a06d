/**
 * The streams over a port, written out by hand: an async generator costs three
 * turns of the microtask queue for each packet, and cannot be left while it is
 * parked.
 *
 * @module
 */
import type { Batch } from "../packet/batch.ts";
import { Packet } from "../packet/packet.ts";
import { breath } from "../sys/mod.ts";

/** Where a {@linkcode BatchStream} reads. */
export interface StreamSource {
  /** Whether it was closed: the end of the stream. */
  readonly closed: boolean;
  /** Fills a batch with what is ready. */
  read(batch: Batch): number;
  /** Resolves when there may be something to read. */
  readable(signal?: AbortSignal): Promise<void>;
}

type Result<T> = IteratorResult<T, undefined>;

const done = { value: undefined, done: true } as const;

/** Reads batch after batch; each is borrowed until the next is asked for. */
export class BatchStream implements AsyncIterableIterator<Batch, undefined> {
  readonly #source: StreamSource;
  readonly #batch: Batch;
  readonly #signal: AbortSignal | undefined;
  /** Ends a wait that is under way. */
  readonly #leave = new AbortController();
  readonly #abort = () => this.#leave.abort();
  /** The last `next` of those that wait, if any does. */
  #waiting: Promise<unknown> | undefined;
  #ended = false;

  constructor(source: StreamSource, batch: Batch, signal?: AbortSignal) {
    this.#source = source;
    this.#batch = batch;
    this.#signal = signal;
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener("abort", this.#abort);
  }

  next(): Promise<Result<Batch>> {
    if (!this.#waiting) return this.#read();
    // Someone is before us: in turn, whatever becomes of theirs.
    return this.#wait(this.#waiting.then(() => {}, () => {}));
  }

  return(): Promise<Result<Batch>> {
    this.#end();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Reads now; waits only if there is nothing. */
  #read(): Promise<Result<Batch>> {
    const source = this.#source, batch = this.#batch;
    if (this.#leave.signal.aborted) return this.#left();
    if (source.closed) return this.return();
    batch.clear();
    try {
      if (source.read(batch) === 0) {
        return this.#wait(source.readable(this.#leave.signal));
      }
    } catch (error) {
      this.#end();
      return Promise.reject(error);
    }
    const result = { value: batch, done: false } as const;
    return breath()?.then(() => result) ?? Promise.resolve(result);
  }

  #wait(until: Promise<void>): Promise<Result<Batch>> {
    // However the wait ends, reading again tells why.
    const next = until.then(() => this.#read(), () => this.#read());
    const waiting = this.#waiting = next.then(() => {}, () => {}).then(() => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    });
    return next;
  }

  /** The end, or once the reason for it. */
  #left(): Promise<Result<Batch>> {
    const signal = this.#signal;
    const isAbort = signal?.aborted && !this.#ended;
    this.#end();
    return isAbort ? Promise.reject(signal.reason) : Promise.resolve(done);
  }

  #end(): void {
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#leave.abort();
  }
}

/** Reads packet after packet, each a copy to keep. */
export class PacketStream implements AsyncIterableIterator<Packet, undefined> {
  readonly #batches: BatchStream;
  readonly #onMalformed: () => void;
  #copies: Uint8Array[] = [];
  #at = 0;
  #refilling: Promise<boolean> | undefined;

  constructor(batches: BatchStream, onMalformed: () => void) {
    this.#batches = batches;
    this.#onMalformed = onMalformed;
  }

  next(): Promise<Result<Packet>> {
    while (this.#at < this.#copies.length) {
      const value = Packet.parse(this.#copies[this.#at++]);
      if (value) return Promise.resolve({ value, done: false });
      this.#onMalformed();
    }
    this.#refilling ??= this.#refill();
    return this.#refilling.then((more) => more ? this.next() : done);
  }

  return(): Promise<Result<Packet>> {
    this.#copies = [];
    this.#at = 0;
    return this.#batches.return() as Promise<Result<Packet>>;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #refill(): Promise<boolean> {
    try {
      const { value } = await this.#batches.next();
      this.#copies = value?.copies() ?? [];
      this.#at = 0;
      return value !== undefined;
    } finally {
      this.#refilling = undefined;
    }
  }
}
