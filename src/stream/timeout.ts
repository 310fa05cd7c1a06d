import { Inlet } from "./_inlet.ts";
import { Outlet } from "./_outlet.ts";
import { relay } from "./_relay.ts";
import { checkDelay } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/** Options of {@linkcode timeout}. */
export interface TimeoutOptions {
  /**
   * Ends the stream when aborted.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
}

/**
 * Fails, and closes the source, when an item does not come within `ms`. The
 * time is counted from each pull: what the consumer takes for an item does not
 * count.
 *
 * @typeParam T The type of the items.
 * @param ms How long to wait for each item, in milliseconds.
 * @param options A signal.
 * @returns A stage that passes items, and rejects with a `DOMException` named
 * `TimeoutError` when one is late.
 * @throws {TypeError} If `ms` is not a number.
 * @throws {RangeError} If `ms` is not positive, or longer than a timer can
 * wait.
 *
 * @example Usage
 * ```ts
 * import { pipe, timeout } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * async function* silent() {
 *   yield 1;
 *   await new Promise(() => {});
 * }
 *
 * await assert.rejects(
 *   Array.fromAsync(pipe(silent(), timeout(10))),
 *   { name: "TimeoutError" },
 * );
 * ```
 */
export function timeout<T>(
  ms: number,
  options: TimeoutOptions = {},
): Stage<T, T> {
  checkDelay("time out", "ms", ms);
  return relay(options.signal, (source) => connect(source, ms));
}

function connect<T>(source: AsyncIterable<T>, ms: number): AsyncIterator<T> {
  let deadline = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  // Setting a timer for each item would cost more than the item. One timer
  // runs, and when it fires it looks whether the deadline has moved.
  function expire(): void {
    timer = undefined;
    if (!outlet.parked) return;
    const left = deadline - performance.now();
    if (left > 0) {
      timer = setTimeout(expire, Math.ceil(left));
      return;
    }
    inlet.abandon();
    const message = `Timed out waiting for an item: none came within ${ms} ms`;
    outlet.end({ error: new DOMException(message, "TimeoutError") });
  }

  function stopTimer(): void {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
  }

  const inlet = new Inlet(source, {
    item: (value) => outlet.push(value),
    end(failure) {
      stopTimer();
      outlet.end(failure);
    },
  });
  const outlet = new Outlet<T>({
    demand() {
      deadline = performance.now() + ms;
      timer ??= setTimeout(expire, Math.ceil(ms));
      inlet.pull();
    },
    close() {
      stopTimer();
      return inlet.close();
    },
  });
  return outlet;
}
