import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { EventQueue } from "../../src/ping/queue.ts";
import { Schedule } from "../../src/ping/schedule.ts";
import { numbers } from "./_random.ts";

test("an empty schedule is never due and has nothing to give", () => {
  const schedule = new Schedule<string>();
  assert.equal(schedule.due, Infinity);
  assert.equal(schedule.size, 0);
  assert.throws(() => schedule.pop(), RangeError);
  assert.equal(schedule.size, 0);
});

test("a schedule gives what is due first, whatever came in between", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = numbers(seed);
    const schedule = new Schedule<number>();
    const plain: number[] = [];
    const range = random() < 0.5 ? 10 : 1e6;
    for (let step = 0; step < 300; step++) {
      if (plain.length === 0 || random() < 0.55) {
        const due = Math.floor(random() * range);
        schedule.push(due, due);
        plain.push(due);
      } else {
        plain.sort((a, b) => a - b);
        assert.equal(schedule.due, plain[0], `seed ${seed}`);
        assert.equal(schedule.pop(), plain.shift(), `seed ${seed}`);
      }
      assert.equal(schedule.size, plain.length);
    }
    plain.sort((a, b) => a - b);
    for (const due of plain) assert.equal(schedule.pop(), due, `seed ${seed}`);
    assert.equal(schedule.due, Infinity);
  }
});

test("a cleared schedule is empty", () => {
  const schedule = new Schedule<number>();
  for (let i = 0; i < 10; i++) schedule.push(i, i);
  schedule.clear();
  assert.equal(schedule.size, 0);
  assert.equal(schedule.due, Infinity);
  schedule.push(3, 3);
  assert.equal(schedule.pop(), 3);
});

test("a queue gives back in order what it was given", () => {
  const queue = new EventQueue<number>();
  const random = numbers(7);
  let pushed = 0, taken = 0;
  for (let step = 0; step < 50_000; step++) {
    // First it grows, then it shrinks, through all of its ways to tidy up.
    if (random() < (step < 25_000 ? 0.6 : 0.4)) queue.push(++pushed);
    else {
      const item = queue.take();
      assert.equal(item, taken < pushed ? ++taken : undefined);
    }
    assert.equal(queue.size, pushed - taken);
  }
  queue.push(++pushed);
  queue.clear();
  assert.equal(queue.size, 0);
  assert.equal(queue.take(), undefined);
});

test("a queue that never runs empty does not keep what was taken", () => {
  const queue = new EventQueue<object>();
  const before = heapUsed();
  queue.push({});
  for (let i = 0; i < 200_000; i++) {
    queue.push(new Array(100).fill(i));
    queue.take();
  }
  // 160 MB, if all of it were kept.
  const grown = heapUsed() - before;
  assert.ok(grown < 80e6, `${grown} bytes`);
  assert.equal(queue.size, 1);
});

test("whoever waits for a queue is told once there is something", async () => {
  const queue = new EventQueue<number>();
  const first = queue.arrival();
  assert.equal(queue.arrival(), first, "one wait for all");
  let told = false;
  first.then(() => told = true);
  queue.push(1);
  await null;
  assert.equal(told, false);
  queue.announce();
  await first;
  assert.notEqual(queue.arrival(), first);
  queue.announce();
  queue.announce();
});

function heapUsed(): number {
  return process.memoryUsage().heapUsed;
}
