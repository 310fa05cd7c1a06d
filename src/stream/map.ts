import { through } from "./_through.ts";
import { checkFunction } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/**
 * Transforms each item. A promise returned by `fn` is awaited before the next
 * item is pulled, so the order is kept.
 *
 * @typeParam A The type of the items that come in.
 * @typeParam B The type of the items that go out.
 * @param fn The transformation; it is given the item and its index from 0.
 * @returns A stage that gives what `fn` returned, or resolved to.
 * @throws {TypeError} If `fn` is not a function.
 *
 * @example Usage
 * ```ts
 * import { map, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const squares = pipe([1, 2, 3], map((n) => n * n));
 *
 * assert.deepEqual(await Array.fromAsync(squares), [1, 4, 9]);
 * ```
 */
export function map<A, B>(
  fn: (value: A, index: number) => B | PromiseLike<B>,
): Stage<A, B> {
  checkFunction("map", "fn", fn);
  return (source) => through<A, B>(source, fn);
}
