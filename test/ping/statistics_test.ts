import assert from "node:assert/strict";
import { test } from "node:test";
import {
  round,
  RttStatistics,
  TargetStatistics,
} from "../../src/ping/statistics.ts";
import { numbers } from "./_random.ts";

/** The same by the book, over all values at once. */
function plain(rtts: readonly number[]) {
  const mean = rtts.reduce((a, b) => a + b, 0) / rtts.length;
  const squares = rtts.reduce((sum, rtt) => sum + (rtt - mean) ** 2, 0);
  const steps = rtts.slice(1).map((rtt, i) => Math.abs(rtt - rtts[i]));
  return {
    min: Math.min(...rtts),
    avg: mean,
    max: Math.max(...rtts),
    stddev: Math.sqrt(squares / rtts.length),
    jitter: steps.reduce((a, b) => a + b, 0) / Math.max(1, steps.length),
  };
}

type Summary = ReturnType<typeof plain>;

function assertClose(actual: Summary | null, expected: Summary, where: string) {
  assert.ok(actual !== null, where);
  for (const key of Object.keys(expected) as (keyof Summary)[]) {
    const difference = Math.abs(actual[key] - expected[key]);
    const bound = 1e-6 + 1e-9 * Math.abs(expected[key]);
    assert.ok(difference <= bound, `${where}: ${key} ${actual[key]}`);
  }
}

function series(seed: number): number[] {
  const random = numbers(seed);
  const length = 1 + Math.floor(random() * 400);
  // Small and large times, and large ones that differ by little.
  const base = [0, 0.01, 20, 1e5][Math.floor(random() * 4)];
  const spread = [0, 0.001, 1, 500][Math.floor(random() * 4)];
  return Array.from({ length }, () => base + random() * spread);
}

test("round-trip times are summed up as by the book", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const rtts = series(seed);
    const statistics = new RttStatistics();
    for (const rtt of rtts) statistics.add(rtt);
    assert.equal(statistics.count, rtts.length);
    assertClose(statistics.summary(), plain(rtts), `seed ${seed}`);
  }
});

test("merged statistics are those of all times together", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const parts = [series(seed), series(seed + 1000), series(seed + 2000)];
    const merged = new RttStatistics();
    let steps = 0, differences = 0;
    for (const part of parts) {
      const statistics = new RttStatistics();
      for (const rtt of part) statistics.add(rtt);
      merged.merge(statistics);
      merged.merge(new RttStatistics());
      steps += plain(part).jitter * Math.max(1, part.length - 1);
      differences += part.length - 1;
    }
    // Jitter is within a target, never from one target to the next.
    const expected = {
      ...plain(parts.flat()),
      jitter: steps / Math.max(1, differences),
    };
    assertClose(merged.summary(), expected, `seed ${seed}`);
  }
});

test("a single time has no deviation and no jitter", () => {
  const statistics = new RttStatistics();
  assert.equal(statistics.summary(), null);
  statistics.add(1.5);
  assert.deepEqual(statistics.summary(), {
    min: 1.5,
    avg: 1.5,
    max: 1.5,
    stddev: 0,
    jitter: 0,
  });
});

test("jitter is the mean step from one time to the next", () => {
  const statistics = new RttStatistics();
  for (const rtt of [10, 14, 12, 12]) statistics.add(rtt);
  assert.equal(statistics.summary()!.jitter, 2);
});

test("times are told to the nanosecond", () => {
  assert.equal(round(0.1 + 0.2), 0.3);
  assert.equal(round(1.23456789), 1.234568);
});

test("loss is a share of what is decided, and the rest is pending", () => {
  const statistics = new TargetStatistics();
  assert.equal(statistics.tally().loss, 0);
  Object.assign(statistics, { sent: 10, received: 6, lost: 2 });
  const { pending, loss } = statistics.tally();
  assert.deepEqual({ pending, loss }, { pending: 2, loss: 0.25 });
});

test("the counts of targets add up", () => {
  const random = numbers(3);
  const total = new TargetStatistics();
  const keys = [
    "sent",
    "received",
    "lost",
    "duplicates",
    "late",
    "errors",
  ] as const;
  const sums: Record<string, number> = {};
  for (let i = 0; i < 20; i++) {
    const each = new TargetStatistics();
    for (const key of keys) {
      each[key] = Math.floor(random() * 100);
      sums[key] = (sums[key] ?? 0) + each[key];
    }
    total.merge(each);
  }
  const tally = total.tally();
  for (const key of keys) assert.equal(tally[key], sums[key], key);
});
