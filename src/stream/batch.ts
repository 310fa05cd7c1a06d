import { Inlet } from "./_inlet.ts";
import { Outlet } from "./_outlet.ts";
import { relay } from "./_relay.ts";
import { checkCount, checkDelay } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/** Options of {@linkcode batch}. */
export interface BatchingOptions {
  /** The most items a batch holds, a positive integer. */
  size: number;
  /**
   * How long a batch may wait to be filled, in milliseconds, counted from when
   * the consumer waits and the first item is there. Without it a batch waits
   * until it is full.
   *
   * @default {undefined}
   */
  within?: number;
  /**
   * Ends the stream when aborted.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
}

/**
 * Groups items into arrays of `size`, or of what has come `within` some time.
 * A batch is never empty. What is left when the source ends, or fails, is the
 * last batch; an error of the source comes after it.
 *
 * @typeParam T The type of the items.
 * @param options The size, the time, and a signal.
 * @returns A stage that gives arrays of items.
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If `size` is not a positive integer, or `within` is
 * negative or longer than a timer can wait.
 *
 * @example Usage
 * ```ts
 * import { batch, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const pairs = pipe([1, 2, 3, 4, 5], batch({ size: 2, within: 50 }));
 *
 * assert.deepEqual(await Array.fromAsync(pairs), [[1, 2], [3, 4], [5]]);
 * ```
 */
export function batch<T>(options: BatchingOptions): Stage<T, T[]> {
  const { size, within, signal } = options;
  checkCount("batch", "size", size, 1);
  if (within !== undefined) {
    checkDelay("batch", "within", within, { zero: true });
  }
  return relay(signal, (source) => connect(source, size, within));
}

function connect<T>(
  source: AsyncIterable<T>,
  size: number,
  within: number | undefined,
): AsyncIterator<T[]> {
  let items: T[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    stopTimer();
    if (items.length === 0) return;
    const batch = items;
    items = [];
    outlet.push(batch);
  }

  function stopTimer(): void {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
  }

  // The pull that was pending when a batch ran out of time goes on; its item
  // is the first of the next batch.
  function fill(): void {
    if (!outlet.parked) return;
    if (within !== undefined && items.length > 0) {
      timer ??= setTimeout(flush, within);
    }
    inlet.pull();
  }

  const inlet = new Inlet(source, {
    item(value) {
      items.push(value);
      if (items.length >= size) flush();
      else fill();
    },
    end(failure) {
      flush();
      outlet.end(failure);
    },
  });
  const outlet = new Outlet<T[]>({
    demand: fill,
    close() {
      stopTimer();
      items = [];
      return inlet.close();
    },
  });
  return outlet;
}
