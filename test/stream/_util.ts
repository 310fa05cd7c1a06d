import assert from "node:assert/strict";

/** Gathers what a stream gives. `Array.fromAsync` is not in Node 20. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Rejects where `promise` hangs, so that a test fails instead of waiting. */
export async function prompt<T>(promise: Promise<T>, ms = 1000): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("hangs")), ms);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** An iterator of `stream`, whose `return()` is known to be there. */
export function open<T>(stream: AsyncIterable<T>): Required<AsyncIterator<T>> {
  return stream[Symbol.asyncIterator]() as Required<AsyncIterator<T>>;
}

export interface TracedOptions {
  /** What follows the items: the end, an error, or silence for ever. */
  then?: "end" | "fail" | "park";
  /** The error of `then: "fail"`. */
  error?: unknown;
  /** An error with which `return()` rejects. */
  returnError?: unknown;
}

/** A source that records what is asked of it. */
export class Traced<T> implements AsyncIterable<T> {
  opened = 0;
  nexts = 0;
  returns = 0;
  #items: T[];
  #options: TracedOptions;

  constructor(items: T[], options: TracedOptions = {}) {
    this.#items = [...items];
    this.#options = options;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    this.opened++;
    return { next: () => this.#next(), return: () => this.#return() };
  }

  async #next(): Promise<IteratorResult<T>> {
    this.nexts++;
    await Promise.resolve();
    if (this.#items.length > 0) {
      return { done: false, value: this.#items.shift()! };
    }
    if (this.#options.then === "fail") throw this.#options.error;
    if (this.#options.then === "park") await new Promise(() => {});
    return { done: true, value: undefined };
  }

  async #return(): Promise<IteratorResult<T>> {
    this.returns++;
    await Promise.resolve();
    if ("returnError" in this.#options) throw this.#options.returnError;
    return { done: true, value: undefined };
  }
}

/** A source of which every item is given by hand; parked between them. */
export class Manual<T> implements AsyncIterable<T>, AsyncIterator<T> {
  nexts = 0;
  returns = 0;
  #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #ready: IteratorResult<T>[] = [];

  push(value: T): void {
    this.#give({ done: false, value });
  }

  end(): void {
    this.#give({ done: true, value: undefined });
  }

  #give(result: IteratorResult<T>): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(result);
    else this.#ready.push(result);
  }

  next(): Promise<IteratorResult<T>> {
    this.nexts++;
    const ready = this.#ready.shift();
    if (ready) return Promise.resolve(ready);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.returns++;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** An async generator that gives `items` and then never answers again. */
export async function* parkedGenerator<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
  await new Promise(() => {});
}

type Listener = EventListenerOrEventListenerObject;

/**
 * Runs `body` with a signal, and asserts that it leaves neither a timer nor a
 * listener on that signal.
 */
export async function leavesNothing(
  body: (controller: AbortController) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const timers = new Set<unknown>();
  const { setTimeout, clearTimeout } = globalThis;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);

  signal.addEventListener = (type: string, listener: Listener) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: Listener) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  globalThis.setTimeout =
    ((fn: (...a: unknown[]) => void, ms: number, ...args: unknown[]) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        fn(...args);
      }, ms);
      timers.add(timer);
      return timer;
    }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((timer: ReturnType<typeof setTimeout>) => {
    timers.delete(timer);
    clearTimeout(timer);
  }) as unknown as typeof clearTimeout;

  try {
    await body(controller);
  } finally {
    globalThis.setTimeout = setTimeout;
    globalThis.clearTimeout = clearTimeout;
  }
  assert.equal(timers.size, 0, "a timer is left running");
  assert.equal(listeners.size, 0, "a listener is left on the signal");
}

/** A reproducible source of random integers below `n` (mulberry32). */
export function randomizer(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) % n);
  };
}
