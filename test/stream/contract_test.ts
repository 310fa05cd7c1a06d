import assert from "node:assert/strict";
import { test } from "node:test";
import {
  abortable,
  batch,
  buffer,
  filter,
  map,
  merge,
  pipe,
  share,
  take,
  tap,
  tee,
  throttle,
  timeout,
} from "../../src/stream/mod.ts";
import {
  collect,
  leavesNothing,
  open,
  parkedGenerator,
  prompt,
  sleep,
  Traced,
} from "./_util.ts";

type Operator = (
  source: AsyncIterable<number>,
  signal: AbortSignal,
) => AsyncIterable<unknown>;

// What every operator owes its source and its consumer. Those without a signal
// of their own are tried with `abortable` on either side; those with one also
// alone, as it would hide what they do themselves.
const operators: Record<string, Operator> = {
  "map": (s, signal) => pipe(s, map((n) => n + 1), abortable(signal)),
  "map after abortable": (s, signal) =>
    pipe(s, abortable(signal), map((n) => n + 1)),
  "map with an async function": (s, signal) =>
    pipe(s, map(async (n) => await n), abortable(signal)),
  "filter": (s, signal) => pipe(s, filter((n) => n > 0), abortable(signal)),
  "filter after abortable": (s, signal) =>
    pipe(s, abortable(signal), filter((n) => n > 0)),
  "tap": (s, signal) => pipe(s, tap(() => {}), abortable(signal)),
  "tap after abortable": (s, signal) =>
    pipe(s, abortable(signal), tap(() => {})),
  "take": (s, signal) => pipe(s, take(100), abortable(signal)),
  "take after abortable": (s, signal) => pipe(s, abortable(signal), take(100)),
  "batch": (s, signal) => pipe(s, batch({ size: 1, signal })),
  "batch within a time": (s, signal) =>
    pipe(s, batch({ size: 2, within: 5, signal })),
  "merge": (s, signal) => pipe(merge(s), abortable(signal)),
  "merge after abortable": (s, signal) => merge(pipe(s, abortable(signal))),
  "merge with a parked source": (s, signal) =>
    pipe(
      merge(s, pipe(new Traced<number>([], { then: "park" }), timeout(200))),
      abortable(signal),
    ),
  "tee": (s, signal) => tee(s, 1, { signal })[0],
  "tee with a capacity": (s, signal) => tee(s, 1, { capacity: 2, signal })[0],
  "share": (s, signal) => share(s, { signal }),
  "throttle": (s, signal) => pipe(s, throttle({ rate: 500, signal })),
  "timeout": (s, signal) => pipe(s, timeout(500, { signal })),
  "buffer": (s, signal) => pipe(s, buffer({ capacity: 2, signal })),
  "buffer that drops the oldest": (s, signal) =>
    pipe(s, buffer({ capacity: 20, policy: "drop-oldest", signal })),
  "buffer that drops the newest": (s, signal) =>
    pipe(s, buffer({ capacity: 20, policy: "drop-newest", signal })),
  "abortable": (s, signal) => pipe(s, abortable(signal)),
  "map alone": (s) => pipe(s, map((n) => n + 1)),
  "filter alone": (s) => pipe(s, filter((n) => n > 0)),
  "tap alone": (s) => pipe(s, tap(() => {})),
  "take alone": (s) => pipe(s, take(100)),
  "batch alone": (s) => pipe(s, batch({ size: 2, within: 5 })),
  "merge alone": (s) => merge(s),
  "tee alone": (s) => tee(s, 1)[0],
  "share alone": (s) => share(s),
  "throttle alone": (s) => pipe(s, throttle({ rate: 500 })),
  "timeout alone": (s) => pipe(s, timeout(500)),
  "buffer alone": (s) => pipe(s, buffer({ capacity: 2 })),
  "a long pipeline": (s, signal) =>
    pipe(
      s,
      map((n) => n),
      buffer({ capacity: 2 }),
      filter(() => true),
      timeout(500),
      tap(() => {}),
      throttle({ rate: 1000 }),
      batch({ size: 1, within: 5, signal }),
    ),
};

const TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

for (const [name, operator] of Object.entries(operators)) {
  const endless = name === "merge with a parked source";
  const signalled = !name.endsWith("alone");

  test(`${name} pulls nothing before the first next()`, () =>
    leavesNothing(async ({ signal }) => {
      const source = new Traced(TEN);
      const iterator = open(operator(source, signal));
      await sleep(1);
      assert.equal(source.nexts, 0);
      await iterator.return();
      assert.equal(source.nexts, 0);
      assert.equal(source.returns, 1);
    }));

  test(`${name} closes its source once when the consumer breaks`, () =>
    leavesNothing(async ({ signal }) => {
      const source = new Traced(TEN);
      let seen = 0;
      for await (const _ of operator(source, signal)) {
        if (++seen === 2) break;
      }
      assert.equal(seen, 2);
      assert.equal(source.returns, 1);
    }));

  test(`${name} closes its source once when the consumer throws`, () =>
    leavesNothing(async ({ signal }) => {
      const source = new Traced(TEN);
      const error = new Error("consumer");
      await assert.rejects(async () => {
        for await (const _ of operator(source, signal)) throw error;
      }, error);
      assert.equal(source.returns, 1);
    }));

  test(`${name} forwards an error of its source, after its items`, () =>
    leavesNothing(async ({ signal }) => {
      const error = new Error("source");
      const source = new Traced([1, 2, 3], { then: "fail", error });
      const seen: unknown[] = [];
      const iterator = open(operator(source, signal));
      await assert.rejects(async () => {
        for (;;) {
          const result = await prompt(iterator.next());
          assert.equal(result.done, false);
          seen.push(result.value);
        }
      }, error);
      assert.equal(seen.flat().length, 3);
      assert.equal(source.returns, 0);
      assert.equal((await prompt(iterator.next())).done, true);
      await prompt(iterator.return());
      assert.equal(source.returns, 0);
    }));

  test(`${name} forwards even an error that is undefined`, () =>
    leavesNothing(async ({ signal }) => {
      const source = new Traced<number>([], { then: "fail", error: undefined });
      const outcome = await prompt(
        open(operator(source, signal)).next().then(
          () => "value",
          () => "error",
        ),
      );
      assert.equal(outcome, "error");
    }));

  test(`${name} does not close a source that has ended`, () =>
    leavesNothing(async ({ signal }) => {
      if (endless) return;
      const source = new Traced(TEN);
      const items = await prompt(collect(operator(source, signal)));
      assert.equal(items.flat().length, 10);
      assert.equal(source.opened, 1);
      assert.equal(source.nexts, 11);
      assert.equal(source.returns, 0);
    }));

  test(`${name} forwards an error of the source's return()`, () =>
    leavesNothing(async ({ signal }) => {
      const returnError = new Error("return");
      const source = new Traced(TEN, { returnError });
      const iterator = open(operator(source, signal));
      const closing = iterator.return();
      await assert.rejects(prompt(closing), returnError);
      assert.equal(source.returns, 1);
    }));

  test(`${name} does not hang when left while its source is parked`, () =>
    leavesNothing(async ({ signal }) => {
      const source = new Traced<number>([], { then: "park" });
      const iterator = open(operator(source, signal));
      iterator.next().catch(() => {});
      await sleep(2);
      await prompt(iterator.return());
      await prompt(iterator.return());
      assert.equal(source.returns, 1);
      assert.equal((await prompt(iterator.next())).done, true);
    }));

  test(`${name} gives nothing more once it has been left`, () =>
    leavesNothing(async ({ signal }) => {
      const source = new Traced(TEN, { then: "park" });
      const iterator = open(operator(source, signal));
      await iterator.next();
      await sleep(1);
      await iterator.return();
      await iterator.return();
      assert.equal((await prompt(iterator.next())).done, true);
      assert.equal(source.returns, 1);
    }));

  test(`${name} does not hang when left while a generator is parked`, () =>
    leavesNothing(async ({ signal }) => {
      const iterator = open(operator(parkedGenerator(1), signal));
      await prompt(iterator.next());
      const pending = iterator.next();
      pending.catch(() => {});
      await sleep(2);
      await prompt(iterator.return());
    }));

  if (!signalled) continue;

  test(`${name} rejects a pending next() when the signal is aborted`, () =>
    leavesNothing(async (controller) => {
      const source = new Traced<number>([], { then: "park" });
      const iterator = open(operator(source, controller.signal));
      const pending = iterator.next();
      await sleep(2);
      const reason = new Error("enough");
      controller.abort(reason);
      await assert.rejects(prompt(pending), reason);
      assert.equal(source.returns, 1);
      assert.deepEqual(await prompt(iterator.next()), {
        done: true,
        value: undefined,
      });
      await prompt(iterator.return());
      assert.equal(source.returns, 1);
    }));

  test(`${name} rejects and closes its source when aborted between items`, () =>
    leavesNothing(async (controller) => {
      const source = new Traced(TEN, { then: "park" });
      const reason = new Error("enough");
      await assert.rejects(
        prompt((async () => {
          for await (const _ of operator(source, controller.signal)) {
            controller.abort(reason);
          }
        })()),
        reason,
      );
      assert.equal(source.returns, 1);
    }));

  test(`${name} rejects the first next() when already aborted`, () =>
    leavesNothing(async (controller) => {
      const source = new Traced(TEN);
      const reason = new Error("too late");
      controller.abort(reason);
      await assert.rejects(
        prompt(collect(operator(source, controller.signal))),
        reason,
      );
      assert.equal(source.nexts, 0);
      assert.equal(source.returns, 1);
    }));
}
