import { Inlet } from "./_inlet.ts";
import { Outlet } from "./_outlet.ts";
import { relay } from "./_relay.ts";
import { checkDelay } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/** Options of {@linkcode throttle}: either a rate or an interval. */
export interface ThrottleOptions {
  /**
   * The most items per second. May be a fraction: 0.5 is an item every two
   * seconds.
   *
   * @default {undefined}
   */
  rate?: number;
  /**
   * The time from one item to the next, in milliseconds.
   *
   * @default {undefined}
   */
  interval?: number;
  /**
   * Ends the stream when aborted.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
}

/**
 * How late an item may be and still keep its place in the schedule, in
 * milliseconds: what timers are late by under load. It is also all that a
 * burst after a silence can make up for.
 */
const SLACK = 20;

/**
 * Paces items: the first goes at once, each following one not before its time.
 * Nothing is dropped; the source waits. The schedule is computed from the
 * start, so lateness of timers does not add up, and a rate beyond a thousand
 * per second is kept by letting several items go at a time. Where the source
 * or the consumer is late by more than 20 ms, the schedule starts anew from
 * there instead of catching up with a burst.
 *
 * @typeParam T The type of the items.
 * @param options The rate or the interval, and a signal.
 * @returns A stage that gives every item of its source, paced.
 * @throws {TypeError} If not exactly one of `rate` and `interval` is given, or
 * it is not a number.
 * @throws {RangeError} If it is not positive, or the time between items is
 * longer than a timer can wait.
 *
 * @example Usage
 * ```ts
 * import { pipe, throttle } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const start = performance.now();
 * const paced = pipe([1, 2, 3], throttle({ interval: 20 }));
 *
 * assert.deepEqual(await Array.fromAsync(paced), [1, 2, 3]);
 * assert(performance.now() - start >= 40);
 * ```
 */
export function throttle<T>(options: ThrottleOptions): Stage<T, T> {
  const { rate, interval, signal } = options;
  if ((rate === undefined) === (interval === undefined)) {
    throw new TypeError(
      "Cannot throttle: exactly one of 'rate' and 'interval' must be given",
    );
  }
  if (interval !== undefined) checkDelay("throttle", "interval", interval);
  else checkRate(rate);
  const gap = interval ?? 1000 / rate!;
  return relay(signal, (source) => connect(source, gap));
}

function checkRate(rate: unknown): void {
  checkDelay("throttle", "rate", rate);
  checkDelay("throttle", "1000 / rate", 1000 / (rate as number));
}

function connect<T>(source: AsyncIterable<T>, gap: number): AsyncIterator<T> {
  let due: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function release(value: T, now = performance.now()): void {
    const left = due! - now;
    timer = left > 0 ? setTimeout(release, Math.ceil(left), value) : undefined;
    if (timer === undefined) outlet.push(value);
  }

  const inlet = new Inlet(source, {
    item(value) {
      const now = performance.now();
      due = due === undefined ? now : due + gap;
      if (now - due > SLACK) due = now;
      release(value, now);
    },
    end: (failure) => outlet.end(failure),
  });
  const outlet = new Outlet<T>({
    demand() {
      if (timer === undefined) inlet.pull();
    },
    close() {
      if (timer !== undefined) clearTimeout(timer);
      timer = undefined;
      return inlet.close();
    },
  });
  return outlet;
}
