/** How runs end: by themselves, from inside, from outside, at every stage. */
import "../_support/isolated.ts";
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ping, type PingEvent } from "../../src/ping/mod.ts";
import { pipe, take } from "../../src/stream/mod.ts";
import { lacks } from "../_support/lacks.ts";
import {
  allowEverybody,
  icmpNamespace,
  setSysctl,
  skip,
  skipTun,
} from "../lab/icmp_namespace.ts";
import { twoNamespaces } from "../lab/two_namespaces.ts";
import { TunDevice } from "../../src/sys/mod.ts";
import { hostAddress, IcmpResponder } from "../lab/icmp_responder.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { moduleUrl, runCode, withSilentNameServer } from "../sys/_child.ts";
import { collect, countsOf, noCounts, ofType, transports } from "./_events.ts";

const both = ["127.0.0.1", "::1"];
const reason = new Error("enough");

test("nothing happens before the first event is asked for", async () => {
  await leavesNothing([], async () => {
    let asked = false;
    async function* targets() {
      asked = true;
      yield "127.0.0.1";
    }
    const run = ping(targets());
    await sleep(20);
    assert.equal(asked, false);
    assert.deepEqual(
      countsOf({ ...run.stats } as Parameters<typeof countsOf>[0]),
      noCounts,
    );
    await run[Symbol.asyncDispose]();
    assert.equal(asked, false);
  });
});

test("stop ends a run with its summaries", async () => {
  await leavesNothing([], async () => {
    const events: PingEvent[] = [];
    const run = ping(both, { interval: 5 });
    for await (const event of run) {
      events.push(event);
      if (event.type === "reply" && event.seq === 3) run.stop();
    }
    assert.deepEqual(events.slice(-2).map(({ type }) => type), [
      ...["summary", "summary"],
    ]);
    const summary = await run.summary();
    assert.ok(summary.received >= 5);
    assert.deepEqual(summary.targets, ofType(events, "summary"));
    run.stop();
  });
});

test("stop before the first event leaves nothing to tell", async () => {
  await leavesNothing([], async () => {
    const run = ping(both, { interval: 5 });
    run.stop();
    const events = [];
    for await (const event of run) events.push(event);
    assert.deepEqual(events, []);
    assert.deepEqual((await run.summary()).targets, []);
  });
});

test(
  "stop does not wait for replies that are still to come",
  { skip: skipTun },
  async () => {
    using netns = icmpNamespace("raw");
    await using _silent = await IcmpResponder.open({
      netns: netns.fd,
      answer: () => {},
    });
    const run = ping(hostAddress(4, 2), {
      interval: 10,
      timeout: 60_000,
      netns: netns.fd,
    });
    setTimeout(() => run.stop(), 100);
    const start = performance.now();
    const summary = await run.summary();
    assert.ok(performance.now() - start < 1000);
    assert.ok(summary.sent >= 5);
    assert.equal(summary.pending, summary.sent);
    assert.equal(summary.lost, 0);
    assert.equal(summary.loss, 0);
  },
);

test("break ends a run and closes its sockets", async () => {
  await leavesNothing([], async () => {
    for (let i = 0; i < 10; i++) {
      const run = ping(both, { interval: 1 });
      for await (const event of run) {
        if (event.type === "reply") break;
      }
      // What became of the targets can still be asked.
      const { targets, received } = await run.summary();
      assert.deepEqual(targets.map(({ target }) => target), both);
      assert.ok(received >= 1);
    }
  });
});

test("throwing out of the loop ends a run and closes its sockets", async () => {
  await leavesNothing([], async () => {
    for (let i = 0; i < 10; i++) {
      await assert.rejects(async () => {
        for await (const event of ping(both, { interval: 1 })) {
          if (event.type === "sent") throw reason;
        }
      }, reason);
    }
  });
});

test("return ends a run also while its next event is waited for", async () => {
  await leavesNothing([], async () => {
    const run = ping("127.0.0.1", { interval: 60_000 });
    const iterator = run[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) await iterator.next();
    const parked = iterator.next();
    const start = performance.now();
    assert.deepEqual(await iterator.return!(), {
      value: undefined,
      done: true,
    });
    await parked;
    assert.deepEqual(await iterator.next(), { value: undefined, done: true });
    assert.ok(performance.now() - start < 1000);
    assert.equal((await run.summary()).received, 1);
  });
});

test("disposing ends a run at every stage", async () => {
  await leavesNothing([], async () => {
    {
      await using _untouched = ping(both);
    }
    {
      await using run = ping(both, { interval: 1 });
      await run[Symbol.asyncIterator]().next();
    }
    const parked: Promise<unknown>[] = [];
    {
      await using run = ping(both, { interval: 60_000 });
      const iterator = run[Symbol.asyncIterator]();
      for (let i = 0; i < 8; i++) parked.push(iterator.next());
      await sleep(20);
    }
    await Promise.all(parked);
  });
});

test("a pipe that has had enough ends the run", async () => {
  await leavesNothing([], async () => {
    const events = [];
    for await (const event of pipe(ping(both, { interval: 5 }), take(4))) {
      events.push(event);
    }
    assert.equal(events.length, 4);
  });
});

for (
  const [stage, begin] of [
    ["before the start", (controller: AbortController) => {
      controller.abort(reason);
      return "127.0.0.1";
    }],

    ["while targets are waited for", (controller: AbortController) => {
      setTimeout(() => controller.abort(reason), 30);
      return (async function* () {
        await sleep(200);
        yield "127.0.0.1";
      })();
    }],
    ["while replies are waited for", (controller: AbortController) => {
      setTimeout(() => controller.abort(reason), 30);
      return both;
    }],
    ["in the middle of a burst", (controller: AbortController) => {
      return (async function* () {
        for (let i = 0; i < 3000; i++) {
          yield `127.0.${i >> 8}.${i & 255}`;
          if (i === 2000) controller.abort(reason);
        }
      })();
    }],
  ] as const
) {
  test(`abort ${stage} throws the reason and leaves nothing`, async () => {
    await leavesNothing([], async () => {
      for (let i = 0; i < 5; i++) {
        const controller = new AbortController();
        const { signal } = controller;
        const run = ping(begin(controller), { interval: 60_000, signal });
        const start = performance.now();
        await assert.rejects(async () => {
          for await (const event of run) {
            assert.notEqual(event.type, "summary");
          }
        }, reason);
        assert.ok(performance.now() - start < 1000);
        await assert.rejects(run.summary(), reason);
      }
    });
  });
}

test("a run whose signal is aborted already asks for no target", async () => {
  let asked = false;
  function* targets() {
    asked = true;
    yield "127.0.0.1";
  }
  const signal = AbortSignal.abort(reason);
  await assert.rejects(ping(targets(), { signal }).summary(), reason);
  assert.equal(asked, false);
});

test("abort while a name is resolved does not wait for the name server", {
  skip: skip || lacks("mount", "unshare"),
}, () => {
  const { message, elapsed, types } = runCode(
    `import { ping } from "${moduleUrl("mod")}";
     const controller = new AbortController();
     setTimeout(() => controller.abort(new Error("enough")), 50);
     const types = [], start = performance.now();
     const run = ping(["name.example", "127.0.0.1"], controller);
     try { for await (const { type } of run) types.push(type); }
     catch ({ message }) {
       report({ message, elapsed: performance.now() - start, types });
     }`,
    { wrapper: withSilentNameServer },
  );
  assert.equal(message, "enough");
  assert.deepEqual(types, []);
  assert.ok(elapsed < 900, `${elapsed} ms`);
});

test("after an abort from inside the loop no event comes", async () => {
  await leavesNothing([], async () => {
    const controller = new AbortController();
    let after = 0;
    await assert.rejects(async () => {
      const { signal } = controller;
      for await (const _ of ping(both, { interval: 1, signal })) {
        if (signal.aborted) after++;
        controller.abort(reason);
      }
    }, reason);
    assert.equal(after, 0);
  });
});

test("runs one after the other, and at once, leave nothing", async () => {
  await leavesNothing([], async () => {
    for (let i = 0; i < 25; i++) await collect(both, { count: 1 });
    await Promise.all(
      Array.from({ length: 25 }, () => collect(both, { count: 1 })),
    );
  });
});

test("a waiting run costs no processor time", { skip: skipTun }, async () => {
  using netns = icmpNamespace("raw");
  await using _silent = await IcmpResponder.open({
    netns: netns.fd,
    answer: () => {},
  });
  const run = ping([hostAddress(4, 2), hostAddress(6, 2)], {
    interval: 60_000,
    timeout: 60_000,
    netns: netns.fd,
  });
  const ended = run.summary();
  await sleep(150);
  const before = process.cpuUsage();
  await sleep(1000);
  const { user, system } = process.cpuUsage(before);
  run.stop();
  const { pending } = await ended;
  assert.equal(pending, 2);
  // 3 % of a core, three times what is asked, for the noise of others.
  assert.ok(user + system < 30_000, `${user + system} µs in 1 s`);
});

test("an interval of 0 floods, and lets timers and stop have their turn", async () => {
  const run = ping("127.0.0.1", { interval: 0 });
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  setTimeout(() => run.stop(), 200);
  let events = 0;
  for await (const _ of run) events++;
  clearInterval(timer);
  const { sent, received } = run.stats;
  assert.ok(sent > 500, `${sent} sent in 200 ms`);
  assert.equal(sent, received);
  assert.equal(events, sent + received + 2);
  assert.ok(turns >= 5, `${turns} turns of a timer of 5 ms in 200 ms`);
});

test(
  "a socket that is full sends what is laid out later, and whole",
  { skip },
  async () => {
    for (const transport of transports) {
      using lab = twoNamespaces();
      const { left, right } = lab;
      if (transport === "dgram") allowEverybody(left.fd);
      // What is sent to an address that nobody has yet waits in the socket's
      // buffer, if ARP's own queue does not end that first.
      setSysctl(left.fd, "ipv4/neigh/cable/unres_qlen_bytes", "100000000");
      setSysctl(left.fd, "ipv4/neigh/cable/retrans_time_ms", "100");
      setSysctl(left.fd, "ipv4/neigh/cable/mcast_solicit", "50");
      const run = ping("192.0.2.50", {
        count: 250,
        interval: 0,
        size: 60_000,
        timeout: 1000,
        netns: left.fd,
      });
      const sent: number[] = [], replied: number[] = [];
      const types = new Set<string>();
      const collecting = (async () => {
        for await (const event of run) {
          types.add(event.type);
          if (event.type === "sent") sent.push(event.seq);
          if (event.type === "reply") replied.push(event.seq);
        }
      })();
      let length = -1;
      while (length !== sent.length) {
        ({ length } = sent);
        await sleep(50);
      }
      assert.ok(length > 20 && length < 250, `${length} sent`);
      assert.notEqual(length % 64, 0, "it stopped within a batch");
      right.netlink.addAddress({ link: "cable", address: "192.0.2.50/24" });
      await collecting;
      assert.deepEqual(sent, Array.from({ length: 250 }, (_, i) => i + 1));
      for (const wrong of ["unexpected", "duplicate", "late"]) {
        assert.ok(!types.has(wrong), wrong);
      }
      const { received, lost } = run.stats;
      assert.equal(received + lost, 250);
      // The replies come all at once, more than there is room for.
      assert.ok(received > 30, `${received} received`);
      assert.ok(replied.some((seq) => seq <= length), "of the first");
      assert.ok(replied.includes(length + 1), "the first of those that waited");
    }
  },
);

test(
  "a device that takes nothing does not keep a run from its end",
  { skip: skipTun },
  async () => {
    using netns = icmpNamespace("raw");
    const tun = TunDevice.open({ name: "stuck", netns: netns.fd });
    netns.netlink.setLink("stuck", { up: true });
    netns.netlink.addAddress({ link: "stuck", address: "10.66.0.1/24" });
    const { sent, lost, errors } = await ping("10.66.0.2", {
      count: 3000,
      interval: 0,
      timeout: 100,
      netns: netns.fd,
      signal: AbortSignal.timeout(5000),
    }).summary();
    tun.close();
    assert.deepEqual({ sent, lost, errors }, {
      sent: 3000,
      lost: 3000,
      errors: 0,
    });
  },
);

test("a consumer that takes nothing pauses the run, and it goes on when it does", async () => {
  const run = ping("127.0.0.1", { interval: 0 });
  const iterator = run[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  for (let waited = 0; before !== run.stats.sent; waited += 100) {
    assert.ok(waited < 10_000, `${run.stats.sent} sent, and no end`);
    before = run.stats.sent;
    await sleep(100);
  }
  // Two events of each probe, a batch or two beyond the mark.
  assert.ok(before > 30_000 && before < 33_500, `${before} sent`);
  for (let i = 0; i < 40_000; i++) await iterator.next();
  for (let waited = 0; run.stats.sent < before + 1000; waited += 10) {
    assert.ok(waited < 2000, `${run.stats.sent} sent, as before`);
    await sleep(10);
  }
  await iterator.return!();
});

test("what its consumer has taken is not kept", async () => {
  // Never empty: each event is asked for while another one waits.
  const run = ping(both, { interval: 0 });
  const iterator = run[Symbol.asyncIterator]();
  for (let i = 0; i < 5000; i++) await iterator.next();
  await run[Symbol.asyncDispose]();
  assert.ok(run.stats.received > 1000);
});
