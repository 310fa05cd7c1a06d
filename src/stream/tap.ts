import { through } from "./_through.ts";
import { checkFunction, isThenable } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/**
 * Shows each item to `fn` and passes it on unchanged. A promise returned by
 * `fn` is awaited before the item goes on.
 *
 * @typeParam T The type of the items.
 * @param fn The onlooker; it is given the item and its index from 0.
 * @returns A stage that gives every item of its source.
 * @throws {TypeError} If `fn` is not a function.
 *
 * @example Usage
 * ```ts
 * import { pipe, tap } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * let bytes = 0;
 * const packets = [new Uint8Array(20), new Uint8Array(64)];
 * for await (const _ of pipe(packets, tap((p) => bytes += p.length)));
 *
 * assert.equal(bytes, 84);
 * ```
 */
export function tap<T>(fn: (value: T, index: number) => unknown): Stage<T, T> {
  checkFunction("tap", "fn", fn);
  return (source) =>
    through<T, T>(source, (value, index) => {
      const seen = fn(value, index);
      return isThenable(seen) ? seen.then(() => value) : value;
    });
}
