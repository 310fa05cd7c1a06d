import { through } from "./_through.ts";
import { checkCount } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/**
 * Passes the first `n` items, then ends and closes the source. No item more is
 * pulled; the source is closed at the pull that follows the last item, so that
 * an item borrowed from the source stays valid as long as it is in use.
 *
 * @typeParam T The type of the items.
 * @param n How many items to pass, a non-negative integer.
 * @returns A stage that gives at most `n` items.
 * @throws {TypeError} If `n` is not a number.
 * @throws {RangeError} If `n` is not a non-negative integer.
 *
 * @example Usage
 * ```ts
 * import { pipe, take } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * async function* naturals() {
 *   for (let n = 0;; n++) yield n;
 * }
 *
 * const first = pipe(naturals(), take(3));
 *
 * assert.deepEqual(await Array.fromAsync(first), [0, 1, 2]);
 * ```
 */
export function take<T>(n: number): Stage<T, T> {
  checkCount("take", "n", n, 0);
  return (source) => through<T, T>(source, (value) => value, n);
}
