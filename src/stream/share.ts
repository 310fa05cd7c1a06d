import { type Failure, Inlet } from "./_inlet.ts";
import { offer } from "./_offer.ts";
import { Outlet } from "./_outlet.ts";
import { abortable } from "./abortable.ts";
import {
  checkChoice,
  checkCount,
  checkFunction,
  checkSource,
  toAsyncIterable,
} from "./_util.ts";
import type { Source } from "./pipe.ts";

/** Options of {@linkcode share}. */
export interface ShareOptions<T = unknown> {
  /**
   * How many items may wait for each subscriber, a positive integer.
   *
   * @default {1024}
   */
  capacity?: number;
  /**
   * Which item a subscriber loses when they are that many: the one that has
   * waited longest, or the one that came.
   *
   * @default {"drop-oldest"}
   */
  policy?: "drop-oldest" | "drop-newest";
  /**
   * Is given each item that is dropped, once for each subscriber that loses
   * it.
   *
   * @default {undefined}
   */
  onDrop?: (value: T) => void;
  /**
   * Closes the source when aborted; the subscribers reject with its reason.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
}

/**
 * Shares one source among any number of subscribers. Each `for await` over the
 * result subscribes, and sees the items from then on. The source is pulled at
 * the pace of the fastest subscriber; one that falls behind by `capacity`
 * items loses some. When the last subscriber leaves, the source is closed for
 * good. Whoever subscribes after the end sees an empty stream, or the error.
 *
 * @typeParam T The type of the items.
 * @param source The iterable or async iterable to share.
 * @param options The capacity and policy of each subscriber's buffer, and a
 * signal.
 * @returns An async iterable that can be iterated any number of times.
 * @throws {TypeError} If `source` is not iterable, an option is of the wrong
 * type, or `policy` unknown.
 * @throws {RangeError} If `capacity` is not a positive integer.
 *
 * @example Usage
 * ```ts
 * import { map, pipe, share } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const events = share([1, 2, 3]);
 * const both = await Promise.all([
 *   Array.fromAsync(events),
 *   Array.fromAsync(pipe(events, map((n) => n * 10))),
 * ]);
 *
 * assert.deepEqual(both, [[1, 2, 3], [10, 20, 30]]);
 * ```
 */
export function share<T>(
  source: Source<T>,
  options: ShareOptions<T> = {},
): AsyncIterable<T> {
  const { capacity = 1024, policy = "drop-oldest", onDrop, signal } = options;
  checkSource("share", "source", source);
  checkCount("share", "capacity", capacity, 1);
  checkChoice("share", "policy", policy, ["drop-oldest", "drop-newest"]);
  if (onDrop !== undefined) checkFunction("share", "onDrop", onDrop);
  const stream = toAsyncIterable(source);
  const guarded = signal === undefined ? stream : abortable<T>(signal)(stream);
  return multicast(
    guarded,
    (outlet, value) => offer(outlet, value, capacity, policy, onDrop),
  );
}

function multicast<T>(
  source: AsyncIterable<T>,
  deliver: (outlet: Outlet<T>, value: T) => void,
): AsyncIterable<T> {
  let inlet: Inlet<T> | undefined;
  let failed: Failure | undefined;
  const outlets = new Set<Outlet<T>>();

  function end(failure?: Failure): void {
    failed = failure;
    for (const outlet of outlets) outlet.end(failure);
    outlets.clear();
  }

  function open(): Inlet<T> {
    return new Inlet(source, {
      item(value) {
        try {
          for (const outlet of outlets) deliver(outlet, value);
        } catch (error) {
          inlet!.abandon();
          end({ error });
        }
      },
      end,
    });
  }

  function subscribe(): AsyncIterator<T> {
    inlet ??= open();
    const outlet = new Outlet<T>({
      demand() {
        if (outlet.parked) inlet!.pull();
      },
      async close() {
        outlets.delete(outlet);
        if (outlets.size === 0) await inlet!.close();
      },
    });
    if (inlet.open) outlets.add(outlet);
    else outlet.end(failed);
    return outlet;
  }

  return { [Symbol.asyncIterator]: subscribe };
}
