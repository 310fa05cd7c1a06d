import assert from "node:assert/strict";
import { test } from "node:test";
import {
  batch,
  buffer,
  pipe,
  throttle,
  timeout,
} from "../../src/stream/mod.ts";
import {
  collect,
  leavesNothing,
  Manual,
  open,
  parkedGenerator,
  prompt,
  sleep,
  Traced,
} from "./_util.ts";

/** When each item of `stream` came, in milliseconds from the first pull. */
async function arrivals(stream: AsyncIterable<unknown>): Promise<number[]> {
  const start = performance.now();
  const times: number[] = [];
  for await (const _ of stream) times.push(performance.now() - start);
  return times;
}

/** The arrivals of the quickest of some runs: a busy machine is late at times. */
async function quickest(
  run: () => AsyncIterable<unknown>,
  enough: number,
): Promise<number[]> {
  let best = await arrivals(run());
  for (let i = 0; i < 6 && best.at(-1)! >= enough; i++) {
    const times = await arrivals(run());
    if (times.at(-1)! < best.at(-1)!) best = times;
  }
  return best;
}

test("batch fills batches and gives the rest at the end", async () => {
  const stream = pipe([1, 2, 3, 4, 5], batch({ size: 2 }));
  assert.deepEqual(await collect(stream), [[1, 2], [3, 4], [5]]);
  assert.deepEqual(await collect(pipe([], batch({ size: 2 }))), []);
  assert.deepEqual(await collect(pipe([1, 2], batch({ size: 2 }))), [[1, 2]]);
});

test("batch gives what has come within the time", () =>
  leavesNothing(async () => {
    const source = new Manual<number>();
    const iterator = open(pipe(source, batch({ size: 3, within: 15 })));
    const first = iterator.next();
    source.push(1);
    source.push(2);
    assert.deepEqual((await prompt(first)).value, [1, 2]);
    // The item of the pull that was pending then begins the next batch.
    source.push(3);
    source.push(4);
    source.push(5);
    assert.deepEqual((await prompt(iterator.next())).value, [3, 4, 5]);
    await iterator.return();
  }));

test("batch counts the time from the first item, not from the pull", async () => {
  const source = new Manual<number>();
  const pending = open(pipe(source, batch({ size: 9, within: 80 }))).next();
  await sleep(60);
  source.push(1);
  await sleep(40);
  source.push(2);
  assert.deepEqual((await prompt(pending)).value, [1, 2]);
});

test("batch clears its timer when left while a batch is filling", () =>
  leavesNothing(async () => {
    const source = new Traced([1], { then: "park" });
    const iterator = open(pipe(source, batch({ size: 2, within: 1e6 })));
    const pending = iterator.next();
    await sleep(2);
    await prompt(iterator.return());
    assert.equal((await prompt(pending)).done, true);
    assert.equal(source.returns, 1);
  }));

test("batch loses no item that comes while the consumer is busy", async () => {
  const source = new Manual<number>();
  const iterator = open(pipe(source, batch({ size: 2, within: 5 })));
  const first = iterator.next();
  source.push(1);
  assert.deepEqual((await prompt(first)).value, [1]);
  source.push(2);
  await sleep(20);
  assert.equal(source.nexts, 2);
  assert.deepEqual((await prompt(iterator.next())).value, [2]);
  source.push(3);
  source.end();
  assert.deepEqual((await prompt(iterator.next())).value, [3]);
  assert.equal((await prompt(iterator.next())).done, true);
});

test("throttle paces items without drift", async () => {
  const times = await quickest(
    () => pipe(Array(21).keys(), throttle({ interval: 10 })),
    210,
  );
  assert(times[0]! < 10, `the first came after ${times[0]} ms`);
  times.forEach((time, k) => {
    assert(time >= k * 10 - 0.5, `item ${k} came early, at ${time} ms`);
  });
  // Timers are late by a millisecond or so each; added up it would be 20.
  assert(times[20]! < 210, `the last came at ${times[20]} ms`);
});

test("throttle keeps a rate beyond what timers can tell apart", async () => {
  const times = await quickest(
    () => pipe(Array(1001).keys(), throttle({ rate: 10_000 })),
    150,
  );
  times.forEach((time, k) => assert(time >= k / 10 - 0.5));
  assert(times[1000]! < 150, `the last came at ${times[1000]} ms`);
});

test("throttle drops nothing", async () => {
  const stream = pipe([1, 2, 3, 4], throttle({ rate: 1000 }));
  assert.deepEqual(await collect(stream), [1, 2, 3, 4]);
});

test("throttle does not make up for a silence with a burst", async () => {
  const times: number[] = [];
  async function* source(): AsyncGenerator<number> {
    yield 1;
    await sleep(100);
    for (let n = 2; n < 6; n++) yield n;
  }
  for await (const _ of pipe(source(), throttle({ interval: 15 }))) {
    times.push(performance.now());
  }
  for (let i = 2; i < 5; i++) {
    const gap = times[i]! - times[1]!;
    assert(gap >= (i - 1) * 15 - 0.5, `item ${i} came after ${gap} ms`);
  }
});

test("throttle clears its timer when left or aborted while it waits", async () => {
  for (const how of ["return", "abort"]) {
    await leavesNothing(async (controller) => {
      const { signal } = controller;
      const source = new Traced([1, 2, 3]);
      const iterator = open(pipe(source, throttle({ interval: 1e6, signal })));
      await iterator.next();
      const pending = iterator.next();
      await sleep(2);
      if (how === "abort") {
        controller.abort(new Error("enough"));
        await assert.rejects(prompt(pending), { message: "enough" });
      } else {
        await prompt(iterator.return());
        assert.equal((await prompt(pending)).done, true);
      }
      assert.equal(source.returns, 1);
    });
  }
});

test("timeout rejects with a TimeoutError and closes a parked source", () =>
  leavesNothing(async () => {
    const source = new Traced([1, 2], { then: "park" });
    const seen: number[] = [];
    const start = performance.now();
    await assert.rejects(
      prompt((async () => {
        for await (const n of pipe(source, timeout(30))) seen.push(n);
      })()),
      (error) =>
        error instanceof DOMException && error.name === "TimeoutError" &&
        error.message ===
          "Timed out waiting for an item: none came within 30 ms",
    );
    assert(performance.now() - start >= 29);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(source.returns, 1);
  }));

test("timeout rejects also when a generator is parked", async () => {
  await assert.rejects(
    prompt(collect(pipe(parkedGenerator(1), timeout(10)))),
    { name: "TimeoutError" },
  );
});

test("timeout counts anew for each item", async () => {
  async function* source(): AsyncGenerator<number> {
    for (let n = 0; n < 16; n++) {
      await sleep(15);
      yield n;
    }
  }
  const items = await collect(pipe(source(), timeout(150)));
  assert.equal(items.length, 16);
});

test("timeout does not count the time the consumer takes", () =>
  leavesNothing(async () => {
    const seen: number[] = [];
    for await (const n of pipe(new Traced([1, 2, 3]), timeout(10))) {
      seen.push(n);
      await sleep(25);
    }
    assert.deepEqual(seen, [1, 2, 3]);
  }));

test("buffer reads ahead up to its capacity, from the first pull on", async () => {
  const source = new Traced([1, 2, 3, 4, 5, 6]);
  const iterator = open(pipe(source, buffer({ capacity: 3 })));
  assert.equal(source.nexts, 0);
  assert.equal((await iterator.next()).value, 1);
  await sleep(2);
  assert.equal(source.nexts, 4);
  assert.equal((await iterator.next()).value, 2);
  await sleep(2);
  assert.equal(source.nexts, 5);
  await iterator.return();
  assert.equal(source.returns, 1);
});

for (
  const [policy, kept, lost] of [
    ["drop-oldest", [1, 5, 6], [2, 3, 4]],
    ["drop-newest", [1, 2, 3], [4, 5, 6]],
  ] as const
) {
  test(`buffer with ${policy} loses the right items and tells`, async () => {
    const dropped: number[] = [];
    const onDrop = (n: number): void => void dropped.push(n);
    const seen: number[] = [];
    for await (
      const n of pipe(
        [1, 2, 3, 4, 5, 6],
        buffer({ capacity: 2, policy, onDrop }),
      )
    ) {
      seen.push(n);
      await sleep(2);
    }
    assert.deepEqual(seen, kept);
    assert.deepEqual(dropped, lost);
  });
}

test("buffer gives what it holds before the error of its source", async () => {
  const error = new Error("source");
  const source = new Traced([1, 2, 3], { then: "fail", error });
  const iterator = open(pipe(source, buffer({ capacity: 9 })));
  await iterator.next();
  await sleep(2);
  assert.equal((await iterator.next()).value, 2);
  assert.equal((await iterator.next()).value, 3);
  await assert.rejects(iterator.next(), error);
  assert.equal((await iterator.next()).done, true);
});

test("buffer discards what it holds when aborted", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const source = new Traced([1, 2, 3]);
  const iterator = open(pipe(source, buffer({ capacity: 9, signal })));
  await iterator.next();
  controller.abort(new Error("enough"));
  await assert.rejects(iterator.next(), { message: "enough" });
  assert.equal((await iterator.next()).done, true);
});

test("buffer keeps the order over many items", async () => {
  const items = Array.from({ length: 20_000 }, (_, i) => i);
  const stream = pipe(items, buffer({ capacity: 5000 }));
  assert.deepEqual(await collect(stream), items);
});
