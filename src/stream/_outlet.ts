import type { Failure } from "./_inlet.ts";
import { DONE } from "./_util.ts";

/** What an operator does for its consumer. */
export interface OutletHandler {
  /** The consumer asked for an item: either it is parked now, or one left the queue. */
  demand(): void;
  /** The consumer left: release everything and close the source. */
  close(): Promise<void>;
}

interface Parked<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

/** A first-in first-out queue whose `shift()` does not move the rest each time. */
class Queue<T> {
  #items: T[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T {
    // The usual case, in which the array keeps its memory.
    if (this.#items.length === 1) return this.#items.pop()!;
    const item = this.#items[this.#head]!;
    this.#items[this.#head++] = undefined!;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}

/**
 * The consumer's side of an operator that races: items wait here for the
 * consumer, or the consumer waits for items.
 */
export class Outlet<T> implements AsyncIterableIterator<T> {
  #handler: OutletHandler;
  #queue = new Queue<T>();
  #parked = new Queue<Parked<T>>();
  #ended = false;
  #failure: Failure | undefined;

  constructor(handler: OutletHandler) {
    this.#handler = handler;
  }

  /** How many items wait for the consumer. */
  get size(): number {
    return this.#queue.size;
  }

  /** Whether the consumer waits for an item. */
  get parked(): boolean {
    return this.#parked.size > 0;
  }

  /** Gives an item to the consumer, or lets it wait. */
  push(value: T): void {
    if (this.#ended) return;
    if (!this.parked) return this.#queue.push(value);
    this.#parked.shift().resolve({ done: false, value });
    if (this.parked) this.#handler.demand();
  }

  /** Takes back the item that has waited longest. */
  shift(): T {
    return this.#queue.shift();
  }

  /** Ends the stream once what waits has been consumed. */
  end(failure?: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    while (this.parked) {
      const consumer = this.#parked.shift();
      const failed = this.#takeFailure();
      if (failed) consumer.reject(failed.error);
      else consumer.resolve(DONE);
    }
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#queue.size > 0) {
      const value = this.#queue.shift();
      this.#handler.demand();
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) {
      const failed = this.#takeFailure();
      return failed ? Promise.reject(failed.error) : Promise.resolve(DONE);
    }
    return new Promise((resolve, reject) => {
      this.#parked.push({ resolve, reject });
      this.#handler.demand();
    });
  }

  async return(): Promise<IteratorResult<T>> {
    this.#queue.clear();
    this.#failure = undefined;
    this.end();
    await this.#handler.close();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An error is given out once; after it the stream has simply ended. */
  #takeFailure(): Failure | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }
}
