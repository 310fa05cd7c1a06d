/** How long a thread may be busy before its timers get their turn, in ms. */
const maxBusy = 2;

let lastTurn = performance.now();

/**
 * For loops that may stay busy: lets timers and other work of this thread have
 * their turn when one is due, every 2 ms.
 *
 * @returns A promise to await when a turn is due, `undefined` when it is not.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { breath } from "@echoduct/echoduct/sys";
 *
 * let fired = false;
 * setTimeout(() => fired = true, 5);
 * while (!fired) await breath();
 * assert(fired);
 * ```
 */
export function breath(): Promise<void> | undefined {
  if (performance.now() - lastTurn < maxBusy) return undefined;
  return new Promise((resolve) =>
    setImmediate(() => {
      breathed();
      resolve();
    })
  );
}

/** Notes that this thread has just come from its event loop. */
export function breathed(): void {
  lastTurn = performance.now();
}
