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
  type Stage,
  take,
  tap,
} from "../../src/stream/mod.ts";
import { collect, Manual, open, prompt, sleep, Traced } from "./_util.ts";

const failure = new Error("callback");
function fail(): never {
  throw failure;
}
const failing: Record<string, Stage<number, unknown>> = {
  "map": map(fail),
  "map with an async function": map(() => Promise.reject(failure)),
  "filter": filter(fail),
  "filter with an async predicate": filter(() => Promise.reject(failure)),
  "tap": tap(fail),
  "tap with an async function": tap(() => Promise.reject(failure)),
  "buffer": buffer({ capacity: 1, policy: "drop-newest", onDrop: fail }),
};
for (const [name, stage] of Object.entries(failing)) {
  test(`${name} closes its source and rejects when its callback throws`, async () => {
    const returnError = new Error("not this one");
    const source = new Traced([1, 2, 3, 4], { then: "park", returnError });
    await assert.rejects(
      prompt((async () => {
        for await (const _ of pipe(source, stage)) await sleep(1);
      })()),
      failure,
    );
    assert.equal(source.returns, 1);
  });
}

test("pipe without stages makes an async iterable of anything iterable", async () => {
  assert.deepEqual(await collect(pipe("abc")), ["a", "b", "c"]);
  assert.deepEqual(await collect(pipe(new Set([1, 2]))), [1, 2]);
  assert.deepEqual(await collect(pipe([Promise.resolve(1), 2])), [1, 2]);
});

test("pipe returns what its last stage returns", async () => {
  const sum = async (source: AsyncIterable<number>): Promise<number> =>
    (await collect(source)).reduce((a, b) => a + b, 0);
  const total: number = await pipe([1, 2, 3], map((n) => n * 2), sum);
  assert.equal(total, 12);
  assert.equal(pipe([1], () => "anything"), "anything");
});

test("pipe closes a sync source when the consumer breaks", async () => {
  let closed = 0;
  function* source(): Generator<number> {
    try {
      for (let n = 0;; n++) yield n;
    } finally {
      closed++;
    }
  }
  for await (const n of pipe(source(), map((n) => n))) if (n === 3) break;
  assert.equal(closed, 1);
});

test("pipe closes a sync source when a promise in it rejects", async () => {
  let closed = 0;
  function* source(): Generator<Promise<number>> {
    try {
      yield Promise.reject(failure);
    } finally {
      closed++;
    }
  }
  await assert.rejects(collect(pipe(source(), map((n) => n))), failure);
  assert.equal(closed, 1);
});

test("pipe infers the types of eight stages", async () => {
  const result: AsyncIterable<string> = pipe(
    [1, 2, 3, 4, 5, 6, 7] as (number | string)[],
    filter((n): n is number => typeof n === "number"),
    map((n) => n * 10),
    take(5),
    tap((n) => n.toFixed()),
    filter((n) => Promise.resolve(n > 10)),
    map((n) => Promise.resolve(`${n}`)),
    batch({ size: 2 }),
    map((pair) => pair.join()),
  );
  assert.deepEqual(await collect(result), ["20,30", "40,50"]);
});

test("pipe can be consumed again when its source can", async () => {
  const stream = pipe([1, 2, 3], map((n, i) => n * i), take(2));
  assert.deepEqual(await collect(stream), [0, 2]);
  assert.deepEqual(await collect(stream), [0, 2]);
});

test("map, filter and tap give the index of the item to their function", async () => {
  const seen: [string, number][] = [];
  const stream = pipe(
    ["a", "b", "c"],
    tap((item, i) => seen.push([item, i])),
    filter((_, i) => i !== 1),
    map((item, i) => item + i),
  );
  assert.deepEqual(await collect(stream), ["a0", "c1"]);
  assert.deepEqual(seen, [["a", 0], ["b", 1], ["c", 2]]);
});

test("map waits for its async function before it pulls the next item", async () => {
  const source = new Traced([1, 2, 3]);
  const iterator = open(pipe(
    source,
    map(async (n) => {
      await sleep(1);
      assert.equal(source.nexts, n);
      return n;
    }),
  ));
  assert.equal((await iterator.next()).value, 1);
  assert.equal(source.nexts, 1);
  assert.equal((await iterator.next()).value, 2);
});

test("map passes undefined and null", async () => {
  const stream = pipe([undefined, null], map((item) => item));
  assert.deepEqual(await collect(stream), [undefined, null]);
});

test("filter keeps no chain of promises over what it skips", async () => {
  function* many(): Generator<number> {
    for (let n = 0; n < 300_000; n++) yield n;
  }
  const stream = pipe(many(), filter((n) => n === 299_999));
  assert.deepEqual(await collect(stream), [299_999]);
});

test("tap waits for its async function", async () => {
  const order: string[] = [];
  const stream = pipe(
    [1, 2],
    tap(async (n) => {
      await sleep(1);
      order.push(`tap ${n}`);
    }),
    tap((n) => order.push(`then ${n}`)),
  );
  assert.deepEqual(await collect(stream), [1, 2]);
  assert.deepEqual(order, ["tap 1", "then 1", "tap 2", "then 2"]);
});

test("take pulls no item more than it passes, and closes the source", async () => {
  const source = new Traced([1, 2, 3, 4]);
  assert.deepEqual(await collect(pipe(source, take(2))), [1, 2]);
  assert.equal(source.nexts, 2);
  assert.equal(source.returns, 1);
});

test("take leaves the source open while the last item is in use", async () => {
  const source = new Traced([1, 2, 3]);
  const iterator = open(pipe(source, take(1)));
  await iterator.next();
  assert.equal(source.returns, 0);
  assert.equal((await iterator.next()).done, true);
  assert.equal(source.returns, 1);
});

test("take of nothing pulls nothing and closes the source", async () => {
  const source = new Traced([1, 2]);
  assert.deepEqual(await collect(pipe(source, take(0))), []);
  assert.equal(source.nexts, 0);
  assert.equal(source.returns, 1);
});

test("take does not close a source that ends before", async () => {
  const source = new Traced([1, 2]);
  assert.deepEqual(await collect(pipe(source, take(5))), [1, 2]);
  assert.equal(source.returns, 0);
});

test("merge gives items as they come", async () => {
  const [a, b] = [new Manual<string>(), new Manual<string>()];
  const iterator = open(merge(a, b));
  const first = iterator.next();
  b.push("b1");
  assert.equal((await first).value, "b1");
  const second = iterator.next();
  a.push("a1");
  b.push("b2");
  assert.equal((await second).value, "a1");
  assert.equal((await iterator.next()).value, "b2");
  a.end();
  b.end();
  assert.equal((await iterator.next()).done, true);
});

test("merge pulls each source at most one item ahead", async () => {
  const [a, b] = [new Traced([1, 2, 3]), new Traced([4, 5, 6])];
  const iterator = open(merge(a, b));
  await iterator.next();
  await sleep(1);
  assert.equal(a.nexts, 1);
  assert.equal(b.nexts, 1);
  assert.equal((await iterator.next()).value, 4);
  assert.equal(a.nexts, 1);
  assert.equal(b.nexts, 1);
  await iterator.return();
});

test("merge does not let a busy source starve another", async () => {
  const a = Array.from({ length: 100 }, () => "a");
  const b = Array.from({ length: 100 }, () => "b");
  const items = await collect(pipe(merge(a, b), take(20)));
  assert.equal(items.filter((item) => item === "b").length, 10);
});

test("merge closes all sources when one fails, after what has come", async () => {
  const error = new Error("source");
  const bad = new Traced<number>([1], { then: "fail", error });
  const parked = new Traced<number>([2], { then: "park" });
  const idle = new Traced([3, 4, 5]);
  const seen: number[] = [];
  await assert.rejects(
    prompt((async () => {
      for await (const n of merge(bad, parked, idle)) seen.push(n);
    })()),
    error,
  );
  assert.deepEqual(seen.slice(0, 3), [1, 2, 3]);
  assert.deepEqual([bad.returns, parked.returns, idle.returns], [0, 1, 1]);
});

test("merge closes every source when the consumer breaks", async () => {
  const sources = [
    new Traced([1]),
    new Traced([2], { then: "park" }),
    new Traced([3, 4]),
  ];
  for await (const n of merge(...sources)) if (n === 4) break;
  assert.deepEqual(sources.map((s) => s.returns), [0, 1, 1]);
});

test("merge of nothing is empty", async () => {
  assert.deepEqual(await collect(merge()), []);
});

test("merge takes sources of several types", async () => {
  const merged: AsyncIterable<string | number> = merge("ab", [1], pipe([2]));
  assert.deepEqual(new Set(await collect(merged)), new Set(["a", "b", 1, 2]));
});

test("merge closes the sources it has opened when one cannot be opened", () => {
  const good = new Traced([1]);
  const bad = { [Symbol.asyncIterator]: fail };
  assert.throws(() => open(merge(good, bad)), failure);
  assert.equal(good.returns, 1);
});

test("abortable listens to the signal only while it is consumed", async () => {
  const { signal } = new AbortController();
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: [string, EventListener]) => {
    listening++;
    add(...args);
  };
  const iterator = open(pipe([1, 2], abortable(signal)));
  assert.equal(listening, 0);
  await iterator.next();
  await iterator.next();
  assert.equal(listening, 1);
  await iterator.return();
});

test("abortable rejects with a DOMException when no reason is given", async () => {
  const controller = new AbortController();
  const pending = open(pipe(new Manual(), abortable(controller.signal))).next();
  controller.abort();
  await assert.rejects(pending, { name: "AbortError" });
});

test("abortable closes the source of every operator before it", async () => {
  const controller = new AbortController();
  const source = new Manual<number>();
  const seen: number[] = [];
  const running = pipe(
    source,
    map((n) => n),
    filter(() => true),
    tap((n) => seen.push(n)),
    take(9),
    abortable(controller.signal),
    collect,
  );
  source.push(1);
  await sleep(1);
  controller.abort(failure);
  await assert.rejects(prompt(running), failure);
  assert.equal(source.returns, 1);
  source.push(2);
  await sleep(1);
  assert.deepEqual(seen, [1]);
});

test("next() called several times at once is answered in order", async () => {
  const stages: Record<string, Stage<number, unknown>> = {
    abortable: abortable(new AbortController().signal),
    buffer: buffer({ capacity: 2 }),
    batch: batch({ size: 1, within: 5 }),
    map: map((n) => n),
  };
  for (const [name, stage] of Object.entries(stages)) {
    const iterator = open(pipe(new Traced([1, 2, 3]), stage));
    const results = await prompt(
      Promise.all([1, 2, 3, 4].map(() => iterator.next())),
    );
    const values = results.filter((r) => !r.done).map((r) => r.value).flat();
    assert.deepEqual(values, [1, 2, 3], name);
    assert.equal(results[3]!.done, true, name);
  }
});
