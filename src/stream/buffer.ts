import { Inlet } from "./_inlet.ts";
import { offer } from "./_offer.ts";
import { Outlet } from "./_outlet.ts";
import { relay } from "./_relay.ts";
import { checkChoice, checkCount, checkFunction } from "./_util.ts";
import type { Stage } from "./pipe.ts";

/**
 * What to do with an item for which there is no room: wait with pulling until
 * there is, drop the one that has waited longest, or drop the one that came.
 */
export type BufferPolicy = "block" | "drop-oldest" | "drop-newest";

/** Options of {@linkcode buffer}. */
export interface BufferOptions<T = unknown> {
  /** How many items may wait for the consumer, a positive integer. */
  capacity: number;
  /**
   * What to do when they are that many.
   *
   * @default {"block"}
   */
  policy?: BufferPolicy;
  /**
   * Is given each item that is dropped.
   *
   * @default {undefined}
   */
  onDrop?: (value: T) => void;
  /**
   * Ends the stream when aborted.
   *
   * @default {undefined}
   */
  signal?: AbortSignal;
}

/**
 * Decouples the producer from the consumer: from the first pull on, the source
 * is read ahead while the consumer is busy. What waits is still given out when
 * the source ends or fails; it is discarded, without `onDrop`, when the
 * consumer leaves or the signal is aborted.
 *
 * With a policy that drops, the source is pulled without end, so it must be
 * one that waits for something: one that always has an item leaves the event
 * loop no room.
 *
 * @typeParam T The type of the items.
 * @param options The capacity, the policy, and a signal.
 * @returns A stage that passes items through a bounded buffer.
 * @throws {TypeError} If an option is of the wrong type, or `policy` unknown.
 * @throws {RangeError} If `capacity` is not a positive integer.
 *
 * @example Usage
 * ```ts
 * import { buffer, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const dropped: number[] = [];
 * const latest = pipe(
 *   [1, 2, 3, 4, 5],
 *   buffer({
 *     capacity: 2,
 *     policy: "drop-oldest",
 *     onDrop: (n: number) => dropped.push(n),
 *   }),
 * );
 *
 * const kept: number[] = [];
 * for await (const n of latest) {
 *   kept.push(n);
 *   await new Promise((resolve) => setTimeout(resolve, 10));
 * }
 * assert.deepEqual(kept, [1, 4, 5]);
 * assert.deepEqual(dropped, [2, 3]);
 * ```
 */
export function buffer<T>(options: BufferOptions<T>): Stage<T, T> {
  const { capacity, policy = "block", onDrop, signal } = options;
  checkCount("buffer", "capacity", capacity, 1);
  checkChoice("buffer", "policy", policy, [
    "block",
    "drop-oldest",
    "drop-newest",
  ]);
  if (onDrop !== undefined) checkFunction("buffer", "onDrop", onDrop);
  return relay(
    signal,
    (source) => connect(source, capacity, policy, onDrop),
  );
}

function connect<T>(
  source: AsyncIterable<T>,
  capacity: number,
  policy: BufferPolicy,
  onDrop: ((value: T) => void) | undefined,
): AsyncIterator<T> {
  function pump(): void {
    if (policy !== "block" || outlet.size < capacity) inlet.pull();
  }

  const inlet = new Inlet(source, {
    item(value) {
      try {
        offer(outlet, value, capacity, policy, onDrop);
      } catch (error) {
        inlet.abandon();
        return outlet.end({ error });
      }
      pump();
    },
    end: (failure) => outlet.end(failure),
  });
  const outlet = new Outlet<T>({
    demand: pump,
    close: () => inlet.close(),
  });
  return outlet;
}
