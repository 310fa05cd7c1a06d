import { Inlet } from "./_inlet.ts";
import { Outlet } from "./_outlet.ts";
import { abortable } from "./abortable.ts";
import { checkCount, checkSource, toAsyncIterable } from "./_util.ts";
import type { Source } from "./pipe.ts";

/** Options of {@linkcode tee}. */
export interface TeeOptions {
  /**
   * How many items may wait for the slowest branch before the others wait for
   * it too: a positive integer, or `Infinity`. With a bound, the branches must
   * be consumed at the same time, not one after the other.
   *
   * @default {Infinity}
   */
  capacity?: number;
  /**
   * Closes the source when aborted; the branches reject with its reason.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
}

/** A tuple of `N` elements of type `T`, or an array where `N` is not literal. */
export type Tuple<T, N extends number, Items extends T[] = []> = number extends
  N ? T[]
  : Items["length"] extends N ? Items
  : Tuple<T, N, [...Items, T]>;

/**
 * Splits a stream into `n` branches, each of which gives every item. The
 * source is pulled when a branch waits for an item, and closed when all
 * branches are done, so every branch has to be consumed. A branch can be
 * iterated once.
 *
 * @typeParam T The type of the items.
 * @typeParam N The number of branches.
 * @param source The iterable or async iterable to split.
 * @param n How many branches to make, a positive integer.
 * @param options The capacity and a signal.
 * @returns The branches.
 * @throws {TypeError} If `source` is not iterable, or an argument of the wrong
 * type.
 * @throws {RangeError} If `n` or `capacity` is not a positive integer.
 *
 * @example Usage
 * ```ts
 * import { map, pipe, tee } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const [left, right] = tee([1, 2, 3], 2, { capacity: 8 });
 * const both = await Promise.all([
 *   Array.fromAsync(left),
 *   Array.fromAsync(pipe(right, map((n) => n * 10))),
 * ]);
 *
 * assert.deepEqual(both, [[1, 2, 3], [10, 20, 30]]);
 * ```
 */
export function tee<T, N extends number>(
  source: Source<T>,
  n: N,
  options: TeeOptions = {},
): Tuple<AsyncIterable<T>, N> {
  const { capacity = Infinity, signal } = options;
  checkSource("tee", "source", source);
  checkCount("tee", "n", n, 1);
  if (capacity !== Infinity) checkCount("tee", "capacity", capacity, 1);
  const stream = toAsyncIterable(source);
  return split(
    signal === undefined ? stream : abortable<T>(signal)(stream),
    n,
    capacity,
  ) as Tuple<AsyncIterable<T>, N>;
}

function split<T>(
  source: AsyncIterable<T>,
  n: number,
  capacity: number,
): AsyncIterable<T>[] {
  let inlet: Inlet<T> | undefined;
  const outlets = new Set<Outlet<T>>();

  function open(): Inlet<T> {
    return new Inlet(source, {
      item(value) {
        for (const outlet of outlets) outlet.push(value);
      },
      end(failure) {
        for (const outlet of outlets) outlet.end(failure);
      },
    });
  }

  function pump(): void {
    let parked = false;
    for (const outlet of outlets) {
      if (outlet.size >= capacity) return;
      parked ||= outlet.parked;
    }
    if (parked) inlet!.pull();
  }

  function branch(): AsyncIterable<T> {
    const outlet = new Outlet<T>({
      demand: pump,
      async close() {
        outlets.delete(outlet);
        if (outlets.size === 0) await inlet!.close();
        else pump();
      },
    });
    outlets.add(outlet);
    return {
      [Symbol.asyncIterator]() {
        inlet ??= open();
        return outlet;
      },
    };
  }

  return Array.from({ length: n }, branch);
}
