/**
 * Operators on async iterables, to be wired together with {@linkcode pipe}.
 *
 * Every operator is lazy: nothing is pulled from the source before the first
 * `next()`. Every operator closes its source, once, when the consumer leaves
 * the loop or throws, when a callback throws, and when a signal is aborted;
 * none waits for a source that is parked. After that no timer and no listener
 * is left. An iterator is meant to be asked for one item at a time, as
 * `for await` does.
 *
 * @example Usage
 * ```ts
 * import { batch, filter, map, pipe, take } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * async function* naturals() {
 *   for (let n = 0;; n++) yield n;
 * }
 *
 * const stream = pipe(
 *   naturals(),
 *   filter((n) => n % 2 === 1),
 *   map((n) => n * n),
 *   take(4),
 *   batch({ size: 2 }),
 * );
 *
 * assert.deepEqual(await Array.fromAsync(stream), [[1, 9], [25, 49]]);
 * ```
 *
 * @module
 */

export * from "./abortable.ts";
export * from "./batch.ts";
export * from "./buffer.ts";
export * from "./filter.ts";
export * from "./map.ts";
export * from "./merge.ts";
export * from "./pipe.ts";
export * from "./share.ts";
export * from "./take.ts";
export * from "./tap.ts";
export * from "./tee.ts";
export * from "./throttle.ts";
export * from "./timeout.ts";
