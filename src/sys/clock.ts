/** The kernel's clocks, read without going through the runtime's. */
import { allocate } from "./call.ts";
import { CLOCK_MONOTONIC, CLOCK_REALTIME } from "./constants.ts";
import { libc } from "./ffi.ts";
import type { Pointer } from "./symbols.ts";

/**
 * Reads `CLOCK_REALTIME`, the clock of the kernel's packet stamps, and
 * `CLOCK_MONOTONIC`. Times are milliseconds with nanoseconds behind the point,
 * counted from a second that this clock chose when it was made: a double holds
 * nanoseconds exactly only while the number is small.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Clock } from "@echoduct/echoduct/sys";
 *
 * const clock = new Clock();
 * const before = clock.monotonic();
 * assert(clock.monotonic() >= before);
 * assert(Math.abs(clock.epoch + clock.real() - Date.now()) < 1000);
 * ```
 */
export class Clock {
  readonly #memory = allocate(16);
  readonly #words = new Uint32Array(this.#memory.buffer);
  readonly #pointer: Pointer = libc().pointer(this.#memory);
  readonly #gettime = libc().clock_gettime;
  /** Milliseconds since the epoch at which this clock's real time is 0. */
  readonly epoch: number = Math.floor(Date.now() / 1000) * 1000;
  readonly #second = this.epoch / 1000;

  /** Wall-clock milliseconds since `epoch`. */
  real(): number {
    this.#gettime(CLOCK_REALTIME, this.#pointer);
    return this.realFrom(this.#words[0], this.#words[1], this.#words[2]);
  }

  /** Milliseconds that only ever grow, from an arbitrary start. */
  monotonic(): number {
    this.#gettime(CLOCK_MONOTONIC, this.#pointer);
    return this.#words[0] * 1e3 + this.#words[2] / 1e6;
  }

  /** A `timespec` of the kernel's, in words, on the scale of `real()`. */
  realFrom(low: number, high: number, nanoseconds: number): number {
    return (low + high * 2 ** 32 - this.#second) * 1e3 + nanoseconds / 1e6;
  }
}
