import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Waits until both are deeply equal, 2 s at most, and fails with the last. */
export async function eventually<T>(
  actual: () => T,
  expected: () => T,
): Promise<void> {
  for (let waited = 0; waited < 2000; waited += 20) {
    try {
      assert.deepEqual(actual(), expected());
      return;
    } catch {
      await sleep(20);
    }
  }
  assert.deepEqual(actual(), expected());
}
