import { Inlet } from "./_inlet.ts";
import { Outlet } from "./_outlet.ts";
import { checkSource } from "./_util.ts";
import type { Source } from "./pipe.ts";

/**
 * Merges several sources into one stream, in the order in which items come.
 * All sources are pulled at once, each at most one item ahead. The stream ends
 * when all have ended; an error of one closes the others.
 *
 * To end it by a signal, pipe it through {@linkcode abortable}.
 *
 * @typeParam T The types of the sources' items.
 * @param sources The iterables or async iterables to merge.
 * @returns The items of all sources.
 * @throws {TypeError} If a source is not iterable.
 *
 * @example Usage
 * ```ts
 * import { merge } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * async function* slow() {
 *   await new Promise((resolve) => setTimeout(resolve, 20));
 *   yield "late";
 * }
 *
 * const merged = merge(slow(), [1, 2]);
 *
 * assert.deepEqual(await Array.fromAsync(merged), [1, 2, "late"]);
 * ```
 */
export function merge<T extends readonly unknown[]>(
  ...sources: { [K in keyof T]: Source<T[K]> }
): AsyncIterable<T[number]> {
  sources.forEach((source, i) => checkSource("merge", `sources[${i}]`, source));
  return { [Symbol.asyncIterator]: () => connect<T[number]>(sources) };
}

function connect<T>(sources: readonly Source<T>[]): AsyncIterator<T> {
  const inlets: Inlet<T>[] = [];

  async function close(): Promise<void> {
    await Promise.all(inlets.map((inlet) => inlet.close()));
  }

  const outlet = new Outlet<T>({
    // The consumer is parked only after all that waited has been consumed, so
    // an item of each source at most is held.
    demand() {
      if (outlet.parked) inlets.forEach((inlet) => inlet.pull());
    },
    close,
  });
  const handler = {
    item: (value: T) => outlet.push(value),
    end(failure?: { error: unknown }) {
      if (failure) inlets.forEach((inlet) => inlet.abandon());
      if (inlets.every((inlet) => !inlet.open)) outlet.end(failure);
    },
  };

  try {
    for (const source of sources) inlets.push(new Inlet(source, handler));
  } catch (error) {
    inlets.forEach((inlet) => inlet.abandon());
    throw error;
  }
  if (inlets.length === 0) outlet.end();
  return outlet;
}
