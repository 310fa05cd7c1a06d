import assert from "node:assert/strict";
import { test } from "node:test";
import { histogram, sparkline } from "../../cli/plot.ts";

const options = { lines: 4, width: 10, unit: "ms" };

test("a sparkline has a bar for each number, a dot for a gap", () => {
  assert.equal(sparkline([0, 7, undefined, 3, 3.6]), "▁█·▄▅");
  assert.equal(sparkline([5, 5, 5]), "▁▁▁");
  assert.equal(sparkline([undefined, undefined]), "··");
  assert.equal(sparkline([]), "");
  const many = sparkline(Array.from({ length: 8 }, (_, i) => i));
  assert.equal(many, "▁▂▃▄▅▆▇█");
});

test("a histogram counts every number in classes of equal ratio", () => {
  const lines = histogram([1, 1.5, 2, 4, 8, 16, 16], options);
  assert.deepEqual(lines, [
    "   1.000 ms │███████ 2",
    "   2.000 ms │████ 1",
    "   4.000 ms │████ 1",
    "   8.000 ms │██████████ 3",
  ]);
});

test("a class without numbers has no bar, the fullest has the whole width", () => {
  const lines = histogram([1, 1, 1, 10_000], options);
  assert.deepEqual(lines.map((line) => line.slice(12).trim()), [
    "│██████████ 3",
    "│",
    "│",
    "│████ 1",
  ]);
});

test("one number, equal numbers and none have their histograms", () => {
  const total = (values: number[]) =>
    histogram(values, options)
      .map((line) => Number(/ (\d+)$/.exec(line)?.[1] ?? 0))
      .reduce((sum, count) => sum + count, 0);
  assert.equal(total([0.3]), 1);
  assert.equal(total([2, 2, 2]), 3);
  assert.deepEqual(histogram([], options), []);
  const random = Array.from(
    { length: 500 },
    (_, i) => 0.05 * (i * 7919 % 997 + 1),
  );
  assert.equal(total(random), 500);
});
