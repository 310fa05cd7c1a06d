import { SKIP, through } from "./_through.ts";
import { checkFunction, isThenable } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/**
 * Passes only the items of one type, told apart by a type guard.
 *
 * @typeParam T The type of the items that come in.
 * @typeParam S The type of the items that go out.
 * @param predicate The type guard; it is given the item and its index from 0.
 * @returns A stage that gives the items for which `predicate` holds.
 * @throws {TypeError} If `predicate` is not a function.
 *
 * @example Usage
 * ```ts
 * import { filter, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const mixed: (string | number)[] = ["a", 1, "b", 2];
 * const numbers: AsyncIterable<number> = pipe(
 *   mixed,
 *   filter((item): item is number => typeof item === "number"),
 * );
 *
 * assert.deepEqual(await Array.fromAsync(numbers), [1, 2]);
 * ```
 */
export function filter<T, S extends T>(
  predicate: (value: T, index: number) => value is S,
): Stage<T, S>;
/**
 * Passes only the items for which `predicate` holds. A promise returned by it
 * is awaited before the next item is pulled, so the order is kept.
 *
 * @typeParam T The type of the items.
 * @param predicate The test; it is given the item and its index from 0.
 * @returns A stage that gives the items for which `predicate` holds.
 * @throws {TypeError} If `predicate` is not a function.
 *
 * @example Usage
 * ```ts
 * import { filter, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const even = pipe([1, 2, 3, 4], filter((n) => n % 2 === 0));
 *
 * assert.deepEqual(await Array.fromAsync(even), [2, 4]);
 * ```
 */
export function filter<T>(
  predicate: (value: T, index: number) => boolean | PromiseLike<boolean>,
): Stage<T, T>;
export function filter<T>(
  predicate: (value: T, index: number) => boolean | PromiseLike<boolean>,
): Stage<T, T> {
  checkFunction("filter", "predicate", predicate);
  return (source) =>
    through<T, T>(source, (value, index) => {
      const kept = predicate(value, index);
      if (isThenable(kept)) return kept.then((kept) => kept ? value : SKIP);
      return kept ? value : SKIP;
    });
}
