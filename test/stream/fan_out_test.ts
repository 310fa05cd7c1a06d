import assert from "node:assert/strict";
import { test } from "node:test";
import { map, pipe, share, tee } from "../../src/stream/mod.ts";
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

test("tee gives every item to every branch, in order", async () => {
  const source = new Traced([1, 2, 3]);
  const [a, b, c] = tee(source, 3);
  assert.deepEqual(
    await Promise.all([collect(a), collect(b), collect(pipe(c, map(String)))]),
    [[1, 2, 3], [1, 2, 3], ["1", "2", "3"]],
  );
  assert.equal(source.opened, 1);
  assert.equal(source.nexts, 4);
  assert.equal(source.returns, 0);
});

test("tee without a capacity lets branches be consumed one after the other", async () => {
  const items = Array.from({ length: 5000 }, (_, i) => i);
  const [a, b] = tee(items, 2);
  assert.deepEqual(await collect(a), items);
  assert.deepEqual(await collect(b), items);
});

test("tee opens and pulls its source only when a branch is consumed", async () => {
  const source = new Traced([1]);
  const [a] = tee(source, 2);
  assert.equal(source.opened, 0);
  const iterator = open(a);
  assert.equal(source.nexts, 0);
  await iterator.next();
  assert.equal(source.nexts, 1);
});

test("tee and share do not pull for a consumer for whom an item waits", async () => {
  const source = new Traced([1, 2, 3]);
  const branches = tee(source, 2);
  const hot = new Traced([1, 2, 3]);
  const shared = share(hot);
  for (
    const [fast, slow, traced] of [
      [...branches, source],
      [shared, shared, hot],
    ] as const
  ) {
    const [left, right] = [open(fast), open(slow)];
    await left.next();
    assert.equal((await right.next()).value, 1);
    assert.equal(traced.nexts, 1);
    await Promise.all([left.return(), right.return()]);
  }
});

test("tee with a capacity makes the fast branch wait for the slow one", async () => {
  const source = new Traced([1, 2, 3, 4, 5]);
  const [fast, slow] = tee(source, 2, { capacity: 2 });
  const [left, right] = [open(fast), open(slow)];
  await left.next();
  await left.next();
  const third = left.next();
  await sleep(2);
  assert.equal(source.nexts, 2);
  assert.equal((await right.next()).value, 1);
  assert.equal((await prompt(third)).value, 3);
});

test("tee goes on when the slow branch leaves", async () => {
  const source = new Traced([1, 2, 3, 4, 5]);
  const [fast, slow] = tee(source, 2, { capacity: 1 });
  const [left, right] = [open(fast), open(slow)];
  await left.next();
  const second = left.next();
  await sleep(1);
  assert.equal(source.nexts, 1);
  await right.return();
  assert.equal((await prompt(second)).value, 2);
  assert.equal(source.returns, 0);
  await left.return();
  assert.equal(source.returns, 1);
});

test("tee closes its source only when the last branch is done", async () => {
  const source = new Traced([1, 2, 3, 4]);
  const [a, b] = tee(source, 2);
  for await (const _ of a) break;
  assert.equal(source.returns, 0);
  for await (const n of b) if (n === 2) break;
  assert.equal(source.returns, 1);
});

test("tee forwards the error to every branch, after its items", async () => {
  const error = new Error("source");
  const [a, b] = tee(new Traced([1], { then: "fail", error }), 2);
  await assert.rejects(collect(a), error);
  const late = open(b);
  assert.equal((await late.next()).value, 1);
  await assert.rejects(late.next(), error);
});

test("tee rejects every branch when aborted", () =>
  leavesNothing(async (controller) => {
    const source = new Traced<number>([], { then: "park" });
    const branches = tee(source, 2, { signal: controller.signal });
    const pending = branches.map((branch) => collect(branch));
    const reason = new Error("enough");
    await sleep(1);
    controller.abort(reason);
    for (const one of pending) await assert.rejects(prompt(one), reason);
    assert.equal(source.returns, 1);
  }));

test("share lets late subscribers see items from then on", async () => {
  const source = new Manual<number>();
  const shared = share(source);
  const early = open(shared);
  const first = early.next();
  source.push(1);
  assert.equal((await first).value, 1);
  const late = open(shared);
  const pending = [early.next(), late.next()];
  source.push(2);
  const results = await Promise.all(pending);
  assert.deepEqual(results.map((r) => r.value), [2, 2]);
  assert.equal(source.nexts, 2);
  source.end();
  assert.equal((await early.next()).done, true);
  assert.equal((await late.next()).done, true);
});

test("share closes its source when the last subscriber leaves", async () => {
  const source = new Traced([1, 2, 3, 4]);
  const shared = share(source);
  const [a, b] = [open(shared), open(shared)];
  await a.next();
  await a.return();
  await a.return();
  assert.equal(source.returns, 0);
  assert.equal((await b.next()).value, 1);
  await b.return();
  assert.equal(source.returns, 1);
  assert.deepEqual(await collect(shared), []);
  assert.equal(source.opened, 1);
});

test("share does not hang when the last subscriber leaves a parked generator", async () => {
  const shared = share(parkedGenerator(1));
  const iterator = open(shared);
  await iterator.next();
  const pending = iterator.next();
  await sleep(1);
  await prompt(iterator.return());
  assert.equal((await prompt(pending)).done, true);
});

test("share loses nothing while subscribers keep within the capacity", async () => {
  const items = Array.from({ length: 500 }, (_, i) => i);
  const shared = share(items);
  const slow = (async () => {
    const seen: number[] = [];
    for await (const n of shared) {
      seen.push(n);
      if (n % 100 === 0) await sleep(1);
    }
    return seen;
  })();
  assert.deepEqual(await collect(shared), items);
  assert.deepEqual(await slow, items);
});

for (
  const [policy, kept, lost] of [
    ["drop-oldest", [4, 5], [1, 2, 3]],
    ["drop-newest", [1, 2], [3, 4, 5]],
  ] as const
) {
  test(`share with ${policy} drops for the slow subscriber only`, async () => {
    const dropped: number[] = [];
    const onDrop = (n: number): void => void dropped.push(n);
    const shared = share([1, 2, 3, 4, 5], { capacity: 2, policy, onDrop });
    const slow = open(shared);
    assert.deepEqual(await collect(shared), [1, 2, 3, 4, 5]);
    const rest = [(await slow.next()).value, (await slow.next()).value];
    assert.deepEqual(rest, kept);
    assert.deepEqual(dropped, lost);
    assert.equal((await slow.next()).done, true);
  });
}

test("share closes its source and rejects when onDrop throws", async () => {
  const error = new Error("callback");
  const source = new Traced([1, 2, 3, 4]);
  const onDrop = (): never => {
    throw error;
  };
  const shared = share(source, { capacity: 1, onDrop });
  const slow = open(shared);
  await assert.rejects(prompt(collect(shared)), error);
  assert.equal((await slow.next()).value, 2);
  await assert.rejects(prompt(slow.next()), error);
  assert.equal(source.returns, 1);
});

test("share forwards the error to all, also to whoever comes later", async () => {
  const error = new Error("source");
  const shared = share(new Traced<number>([1], { then: "fail", error }));
  const both = await Promise.allSettled([collect(shared), collect(shared)]);
  for (const one of both) {
    assert.equal((one as { reason: unknown }).reason, error);
  }
  await assert.rejects(collect(shared), error);
});
