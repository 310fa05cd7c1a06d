import { Inlet } from "./_inlet.ts";
import { Outlet } from "./_outlet.ts";
import { checkSignal } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/**
 * Ends a stream when a signal is aborted. The consumer's pending `next()`, or
 * else its following one, rejects with the signal's reason, and the source is
 * closed at once, even while it is parked.
 *
 * Put last, it ends the whole pipeline; what is before it is closed from there
 * to the source.
 *
 * @typeParam T The type of the items.
 * @param signal The signal that ends the stream.
 * @returns A stage that passes items until the signal is aborted.
 * @throws {TypeError} If `signal` is not an `AbortSignal`.
 *
 * @example Usage
 * ```ts
 * import { abortable, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * async function* naturals() {
 *   for (let n = 0;; n++) yield n;
 * }
 *
 * const controller = new AbortController();
 * const seen: number[] = [];
 *
 * await assert.rejects(async () => {
 *   for await (const n of pipe(naturals(), abortable(controller.signal))) {
 *     seen.push(n);
 *     if (n === 2) controller.abort();
 *   }
 * }, { name: "AbortError" });
 *
 * assert.deepEqual(seen, [0, 1, 2]);
 * ```
 */
export function abortable<T>(signal: AbortSignal): Stage<T, T> {
  checkSignal("make abortable", signal);
  return (source) => ({
    [Symbol.asyncIterator]: () => connect(source, signal),
  });
}

function connect<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncIterator<T> {
  let listening = false;

  function abort(): void {
    unlisten();
    if (!inlet.open) return;
    inlet.abandon();
    outlet.end({ error: signal.reason });
  }

  function unlisten(): void {
    if (listening) signal.removeEventListener("abort", abort);
    listening = false;
  }

  const inlet = new Inlet(source, {
    item: (value) => outlet.push(value),
    end(failure) {
      unlisten();
      outlet.end(failure);
    },
  });
  const outlet = new Outlet<T>({
    demand() {
      if (signal.aborted) return abort();
      if (!listening) signal.addEventListener("abort", abort);
      listening = true;
      inlet.pull();
    },
    close() {
      unlisten();
      return inlet.close();
    },
  });
  return outlet;
}
