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
  type Stage,
  take,
  tap,
  tee,
  throttle,
  timeout,
} from "../../src/stream/mod.ts";
import { collect, prompt, randomizer, sleep } from "./_util.ts";

type Random = (n: number) => number;

/** A stage, and what it does to an array. */
interface Modelled {
  name: string;
  stage: Stage<number, number>;
  model: (items: number[]) => number[];
}

const same = (items: number[]): number[] => items;
const flat = (source: AsyncIterable<number[]>): AsyncIterable<number> => ({
  async *[Symbol.asyncIterator]() {
    for await (const items of source) yield* items;
  },
});

const makers: ((random: Random) => Modelled)[] = [
  (random) => {
    const k = random(9);
    const fn = (n: number, i: number): number => n * 3 + i * k;
    return { name: "map", stage: map(fn), model: (xs) => xs.map(fn) };
  },
  (random) => {
    const fn = async (n: number): Promise<number> => {
      if (random(8) === 0) await sleep(0);
      return n + 1;
    };
    return {
      name: "map async",
      stage: map(fn),
      model: (xs) => xs.map((n) => n + 1),
    };
  },
  (random) => {
    const k = 2 + random(4);
    const fn = (n: number, i: number): boolean => (n + i) % k !== 0;
    return { name: "filter", stage: filter(fn), model: (xs) => xs.filter(fn) };
  },
  () => ({ name: "tap", stage: tap(() => Promise.resolve()), model: same }),
  (random) => {
    const n = random(40);
    return { name: `take ${n}`, stage: take(n), model: (xs) => xs.slice(0, n) };
  },
  (random) => {
    const options = {
      size: 1 + random(6),
      within: random(2) ? random(3) : undefined,
    };
    return {
      name: `batch ${JSON.stringify(options)}`,
      stage: (s) => pipe(s, batch<number>(options), flat),
      model: same,
    };
  },
  (random) => {
    const size = 1 + random(6);
    return {
      name: `batch sums ${size}`,
      stage: (s) =>
        pipe(
          s,
          batch<number>({ size }),
          map((xs) => xs.reduce((a, b) => a + b)),
        ),
      model: (xs) => {
        const sums: number[] = [];
        for (let i = 0; i < xs.length; i += size) {
          sums.push(xs.slice(i, i + size).reduce((a, b) => a + b));
        }
        return sums;
      },
    };
  },
  (random) => ({
    name: "buffer",
    stage: buffer({ capacity: 1 + random(9) }),
    model: same,
  }),
  () => ({ name: "timeout", stage: timeout(5000), model: same }),
  () => ({ name: "throttle", stage: throttle({ rate: 1e6 }), model: same }),
  () => ({
    name: "abortable",
    stage: abortable(new AbortController().signal),
    model: same,
  }),
  () => ({ name: "share", stage: (s) => share(s), model: same }),
  (random) => ({
    name: "tee",
    stage: (s) => tee(s, 1, { capacity: 1 + random(4) })[0],
    model: same,
  }),
  () => ({ name: "merge", stage: (s) => merge(s), model: same }),
];

/** A source that is sometimes slow, and tells how it ended. */
async function* moody(
  items: number[],
  random: Random,
  state: { open: boolean },
): AsyncGenerator<number> {
  state.open = true;
  try {
    for (const item of items) {
      if (random(10) === 0) await sleep(random(2));
      yield item;
    }
  } finally {
    state.open = false;
  }
}

function pipeline(random: Random): Modelled {
  const parts = Array.from(
    { length: 1 + random(6) },
    () => makers[random(makers.length)]!(random),
  );
  return {
    name: parts.map((part) => part.name).join(" | "),
    stage: (source) => parts.reduce((s, part) => part.stage(s), source),
    model: (items) => parts.reduce((xs, part) => part.model(xs), items),
  };
}

test("a random pipeline gives what the array operations give", async () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = randomizer(seed);
    const items = Array.from({ length: random(60) }, () => random(1000));
    const { name, stage, model } = pipeline(random);
    const state = { open: false };
    const actual = await prompt(
      collect(stage(moody(items, random, state))),
      5000,
    );
    assert.deepEqual(actual, model(items), `seed ${seed}: ${name}`);
    assert.equal(state.open, false, `seed ${seed}: ${name}`);
  }
});

test("a random pipeline left early gives a prefix and closes its source", async () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = randomizer(seed + 10_000);
    const items = Array.from({ length: 10 + random(60) }, () => random(1000));
    const { name, stage, model } = pipeline(random);
    const state = { open: false };
    const n = 1 + random(10);
    const seen: number[] = [];
    for await (const item of stage(moody(items, random, state))) {
      seen.push(item);
      if (seen.length === n) break;
    }
    // A source that was being pulled is told to close, but not waited for.
    for (let i = 0; state.open && i < 100; i++) await sleep(1);
    assert.deepEqual(seen, model(items).slice(0, n), `seed ${seed}: ${name}`);
    assert.equal(state.open, false, `seed ${seed}: ${name}`);
  }
});

test("a random pipeline that is aborted rejects and closes its source", async () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = randomizer(seed + 20_000);
    const { name, stage } = pipeline(random);
    const state = { open: false };
    const controller = new AbortController();
    const reason = new Error(`seed ${seed}: ${name}`);
    const items = Array.from({ length: 30 }, () => random(1000));
    const guarded = random(2)
      ? pipe(moody(items, random, state), abortable(controller.signal), stage)
      : pipe(moody(items, random, state), stage, abortable(controller.signal));
    const outcome = collect(guarded).then(() => "done", (error) => error);
    const timer = setTimeout(() => controller.abort(reason), random(3));
    const result = await prompt(outcome, 5000);
    clearTimeout(timer);
    assert(result === "done" || result === reason, String(result));
    for (let i = 0; state.open && i < 100; i++) await sleep(1);
    assert.equal(state.open, false, reason.message);
  }
});

test("merge gives a random interleaving that keeps each source's order", async () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = randomizer(seed + 30_000);
    const sources = Array.from(
      { length: random(5) },
      (_, s) => Array.from({ length: random(20) }, (_, i) => s * 1000 + i),
    );
    const merged = await collect(
      merge(...sources.map((items) => moody(items, random, { open: false }))),
    );
    sources.forEach((items, s) => {
      const own = merged.filter((n) => Math.floor(n / 1000) === s);
      assert.deepEqual(own, items, `seed ${seed}`);
    });
    assert.equal(merged.length, sources.flat().length, `seed ${seed}`);
  }
});

test("tee gives all to branches consumed at random paces", async () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = randomizer(seed + 40_000);
    const items = Array.from({ length: random(40) }, (_, i) => i);
    const branches = tee(
      moody(items, random, { open: false }),
      1 + random(4),
      { capacity: 1 + random(5) },
    );
    const seen = await prompt(
      Promise.all(branches.map((branch) =>
        collect(pipe(
          branch,
          tap(() => random(20) === 0 ? sleep(0) : undefined),
        ))
      )),
      5000,
    );
    for (const one of seen) assert.deepEqual(one, items, `seed ${seed}`);
  }
});
