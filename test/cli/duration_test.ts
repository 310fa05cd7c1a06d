import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, formatDuration, parseDuration } from "../../cli/duration.ts";

test("a plain number is seconds, suffixes are their units", () => {
  const cases: [string, number][] = [
    ["1", 1000],
    ["0", 0],
    ["0.2", 200],
    [".5", 500],
    ["2.", 2000],
    ["200ms", 200],
    ["1.5ms", 1.5],
    ["50us", 0.05],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["0.5m", 30_000],
  ];
  for (const [text, expected] of cases) {
    assert.ok(Math.abs(parseDuration(text)! - expected) < 1e-9, text);
  }
});

test("anything else is no duration", () => {
  for (
    const text of [
      "",
      ".",
      "ms",
      "-1",
      "+1",
      "1h",
      "1 s",
      " 1",
      "1S",
      "1e3",
      "1ms2",
      "0x10",
      "Infinity",
      "NaN",
      "1,5",
      "1..5",
    ]
  ) assert.equal(parseDuration(text), undefined, JSON.stringify(text));
});

test("what is formatted is parsed to the same", () => {
  for (const ms of [0, 0.05, 1, 250, 1000, 1500, 60_000, 61_500]) {
    assert.equal(parseDuration(formatDuration(ms)), ms);
  }
});

test("the option value says what it expected", () => {
  const parser = duration();
  assert.deepEqual(parser.parse("200ms"), { success: true, value: 200 });
  const refused = parser.parse("soon");
  assert.equal(refused.success, false);
  assert.match(JSON.stringify(refused), /200ms.*soon/);
});
