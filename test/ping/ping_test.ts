import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  echo,
  ping,
  type PingEvent,
  type PingOptions,
  resolve,
} from "../../src/ping/mod.ts";
import { ResolveError } from "../../src/sys/mod.ts";
import { lacks } from "../_support/lacks.ts";
import {
  addressWorks,
  allowEverybody,
  icmpNamespace,
  setSysctl,
  skip,
  skipTun,
} from "../lab/icmp_namespace.ts";
import { hostAddress, IcmpResponder } from "../lab/icmp_responder.ts";
import { twoNamespaces } from "../lab/two_namespaces.ts";
import {
  describeError,
  moduleUrl,
  runCode,
  withoutPrivilege,
} from "../sys/_child.ts";
import {
  collect,
  countsOf,
  families,
  loopback,
  noCounts,
  ofType,
  transports,
  typesOf,
} from "./_events.ts";

for (const family of families) {
  for (const transport of transports) {
    const where = `IPv${family} ${transport}`;
    const host = loopback[family];

    test(`${where}: the events of a run have their order and their fields`, {
      skip,
    }, async () => {
      using netns = icmpNamespace(transport);
      const started = Date.now();
      const events = await collect(host, {
        count: 3,
        interval: 20,
        netns: netns.fd,
      });
      const ended = Date.now();
      const types = events.map(({ type }) => type);
      assert.equal(types[0], "resolved");
      assert.equal(types.at(-1), "summary");
      assert.equal(types.length, 8);
      for (const seq of [1, 2, 3]) {
        const own = events.filter((event) =>
          "seq" in event && event.seq === seq
        );
        assert.deepEqual(own.map(({ type }) => type), ["sent", "reply"]);
      }
      for (const { time } of events) {
        assert.ok(time >= started - 1 && time <= ended + 1);
      }
      const about = { target: host, address: host };
      const shape = <T extends PingEvent>({ time: _, ...rest }: T) => rest;
      const [resolved] = ofType(events, "resolved").map(shape);
      assert.ok(resolved.identifier >= 0 && resolved.identifier < 65_536);
      const { identifier } = resolved;
      assert.deepEqual(resolved, {
        type: "resolved",
        ...about,
        family,
        transport,
        identifier,
      });
      assert.deepEqual(
        ofType(events, "sent").map(shape),
        [1, 2, 3].map((seq) => ({ type: "sent", ...about, seq, size: 64 })),
      );
      for (const [i, reply] of ofType(events, "reply").entries()) {
        const { rtt } = reply;
        assert.ok(rtt > 0 && rtt < 100, `${rtt}`);
        assert.deepEqual(shape(reply), {
          type: "reply",
          ...about,
          seq: i + 1,
          rtt,
          ttl: 64,
          size: 64,
          stamp: "kernel",
        });
        const sent = ofType(events, "sent")[i];
        assert.ok(Math.abs(reply.time - sent.time - rtt) < 0.01);
      }
      const [summary] = ofType(events, "summary");
      assert.deepEqual(countsOf(summary), {
        ...noCounts,
        sent: 3,
        received: 3,
      });
      assert.equal(summary.loss, 0);
      assert.ok(summary.duration >= 40 && summary.duration < 1000);
      // Exactly what --json prints: plain, and nothing is lost on the way.
      assert.deepEqual(JSON.parse(JSON.stringify(events)), events);
    });

    test(
      `${where}: messages of every size come back whole`,
      { skip },
      async () => {
        using netns = icmpNamespace(transport);
        for (const size of [0, 1, 7, 8, 9, 57, 1472, 1473, 8000, 65_507]) {
          const events = await collect(host, {
            count: 2,
            interval: 0,
            size,
            netns: netns.fd,
          });
          assert.deepEqual(
            ofType(events, "reply").map((reply) => reply.size),
            [size + 8, size + 8],
            `${size} bytes: ${JSON.stringify(events)}`,
          );
        }
      },
    );

    test(`${where}: messages larger than the path's MTU go in fragments`, {
      skip,
    }, async () => {
      using lab = twoNamespaces();
      if (transport === "dgram") allowEverybody(lab.left.fd);
      const target = family === 4 ? lab.right.v4 : lab.right.v6;
      for (const { netlink, v6 } of [lab.left, lab.right]) {
        await addressWorks(netlink, v6);
      }
      for (const size of [1453, 8000, 60_000]) {
        const events = await collect(target, {
          count: 2,
          interval: 10,
          size,
          timeout: 1000,
          netns: lab.left.fd,
        });
        assert.equal(ofType(events, "resolved")[0].transport, transport);
        assert.deepEqual(
          ofType(events, "reply").map((reply) => reply.size),
          [size + 8, size + 8],
          `${size} bytes: ${JSON.stringify(events)}`,
        );
      }
    });

    test(
      `${where}: probes leave with the asked hop limit`,
      { skip: skipTun },
      async () => {
        using netns = icmpNamespace(transport);
        await using network = await IcmpResponder.open({ netns: netns.fd });
        for (const ttl of [1, 17, 255]) {
          await collect(hostAddress(family, 2), {
            count: 1,
            ttl,
            netns: netns.fd,
          });
          assert.equal(network.requests.at(-1)!.hopLimit, ttl);
        }
        await collect(hostAddress(family, 2), { count: 1, netns: netns.fd });
        assert.equal(network.requests.at(-1)!.hopLimit, 64);
      },
    );

    test(`${where}: the schedule does not drift`, { skip }, async () => {
      using netns = icmpNamespace(transport);
      const interval = 12.5;
      const events = await collect(host, {
        count: 61,
        interval,
        netns: netns.fd,
      });
      const times = ofType(events, "sent").map(({ time }) => time);
      assert.equal(times.length, 61);
      // Each may be late by a timer; none is early, and none passes it on.
      const [{ time: start }] = ofType(events, "resolved");
      const late = times.map((time, i) => time - start - i * interval);
      assert.ok(Math.min(...late) > -1, `${Math.min(...late)} ms early`);
      const least = Math.min(...late.slice(-20));
      assert.ok(least < 5, `${least} ms late at the end`);
      assert.ok(times[60] - start < 60 * interval + 200);
    });
  }
}

test("both IP versions and many targets go on at once, each with its schedule", async () => {
  const targets = ["127.0.0.1", "::1", "127.0.0.2", "127.0.0.3", "127.0.0.1"];
  const start = performance.now();
  const run = ping(targets, { count: 5, interval: 30 });
  const summary = await run.summary();
  const elapsed = performance.now() - start;
  assert.ok(elapsed >= 119 && elapsed < 1000, `${elapsed} ms`);
  assert.deepEqual(countsOf({ ...summary.targets[0], ...summary }), {
    ...noCounts,
    sent: 25,
    received: 25,
  });
  assert.deepEqual(summary.targets.map(({ target }) => target), targets);
  for (const each of summary.targets) {
    assert.deepEqual(countsOf(each), { ...noCounts, sent: 5, received: 5 });
  }
});

test("options out of their range are refused when the handle is made", () => {
  for (
    const [name, bad, range] of [
      ["count", [0, -1, 1.5, NaN, Infinity], "whole number from 1 to"],
      ["interval", [-1, NaN, Infinity, 2 ** 31], "number from 0 to 2147483647"],
      ["timeout", [-1, NaN, Infinity, 2 ** 31], "number from 0 to 2147483647"],
      ["size", [-1, 0.5, NaN, 65_508], "whole number from 0 to 65507"],
      ["ttl", [0, -1, 256, 1.5, NaN], "whole number from 1 to 255"],
    ] as const
  ) {
    for (const value of bad) {
      for (
        const make of [echo, (options: PingOptions) => ping("::1", options)]
      ) {
        assert.throws(() => make({ [name]: value }), (error) => {
          assert.ok(error instanceof RangeError);
          assert.ok(
            error.message.startsWith(
              `Cannot ping: '${name}' must be a ${range}`,
            ),
          );
          assert.ok(error.message.endsWith(`current value is ${value}`));
          return true;
        });
      }
    }
  }
  for (
    const options of [
      { count: 1, interval: 0, timeout: 0, size: 0, ttl: 1 },
      { interval: 2 ** 31 - 1, timeout: 2 ** 31 - 1, size: 65_507, ttl: 255 },
    ]
  ) ping("::1", options);
});

test("a host without an address is told, then thrown", async () => {
  const events: PingEvent[] = [];
  const run = ping("no-such-host.invalid", { count: 1 });
  await assert.rejects(async () => {
    for await (const event of run) events.push(event);
  }, (error) => {
    assert.ok(error instanceof ResolveError);
    assert.equal(error.host, "no-such-host.invalid");
    return true;
  });
  assert.deepEqual(events.map(({ type }) => type), ["sendError"]);
  const [{ target, error, ...rest }] = ofType(events, "sendError");
  assert.equal(target, "no-such-host.invalid");
  assert.equal(error.name, "ResolveError");
  assert.match(error.code!, /^(ENOTFOUND|EAI_AGAIN)$/);
  assert.match(error.message, /^Cannot resolve 'no-such-host.invalid': /);
  assert.deepEqual(Object.keys(rest).sort(), ["time", "type"]);
  await assert.rejects(run.summary(), ResolveError);
  await assert.rejects(ping("-", { count: 1 }).summary(), { code: "EINVAL" });
});

test("of several hosts those without an address do not keep the others", async () => {
  const events = await collect(
    ["no-such-host.invalid", "127.0.0.1", "not a name", "::1"],
    { count: 2, interval: 5 },
  );
  assert.deepEqual(typesOf(events, "no-such-host.invalid"), ["sendError"]);
  assert.deepEqual(typesOf(events, "not a name"), ["sendError"]);
  for (const host of ["127.0.0.1", "::1"]) {
    assert.equal(typesOf(events, host).filter((t) => t === "reply").length, 2);
  }
  const summary = await ping(["-", "127.0.0.1"], { count: 1 }).summary();
  assert.deepEqual(summary.targets.map(({ target }) => target), ["127.0.0.1"]);
  assert.equal(summary.received, 1);
});

test("a family is held to, by names and by addresses", async () => {
  const events = await collect("localhost", { family: 4, count: 1 });
  assert.equal(ofType(events, "resolved")[0].address, "127.0.0.1");
  assert.equal(ofType(events, "resolved")[0].target, "localhost");
  await assert.rejects(
    collect("127.0.0.1", { family: 6, count: 1 }),
    {
      name: "ResolveError",
      code: "EAFNOSUPPORT",
      message: "Cannot resolve '127.0.0.1': it has no IPv6 address",
    },
  );
});

test(
  "a destination without a route is a sendError for each probe",
  { skip },
  async () => {
    for (const transport of transports) {
      using netns = icmpNamespace(transport);
      const events = await collect(["192.0.2.1", "127.0.0.1", "2001:db8::1"], {
        count: 2,
        interval: 10,
        netns: netns.fd,
      });
      for (const target of ["192.0.2.1", "2001:db8::1"]) {
        const own = typesOf(events, target);
        assert.deepEqual(own, [
          "resolved",
          "sendError",
          "sendError",
          "summary",
        ]);
        const error = ofType(events, "sendError").find((each) =>
          each.target === target
        )!;
        assert.equal(error.seq, 1);
        assert.equal(error.address, target);
        assert.equal(error.error.code, "ENETUNREACH");
        assert.equal(error.error.name, "SystemCallError");
        const summary = ofType(events, "summary").find((each) =>
          each.target === target
        )!;
        assert.deepEqual(countsOf(summary), { ...noCounts, errors: 2 });
        assert.equal(summary.loss, 0);
        assert.equal(summary.rtt, null);
      }
      const good = typesOf(events, "127.0.0.1").filter((t) => t === "reply");
      assert.equal(good.length, 2);
    }
  },
);

test(
  "a neighbour that is not there is this system's own icmpError",
  { skip },
  async () => {
    using lab = twoNamespaces();
    allowEverybody(lab.left.fd);
    setSysctl(lab.left.fd, "ipv4/neigh/cable/retrans_time_ms", "50");
    setSysctl(lab.left.fd, "ipv6/neigh/cable/retrans_time_ms", "50");
    const targets = ["192.0.2.77", "2001:db8::77"];
    const events = await collect(targets, {
      count: 1,
      timeout: 3000,
      netns: lab.left.fd,
    });
    const errors = ofType(events, "icmpError");
    assert.deepEqual(
      errors.map(({ target, from, icmp }) => [target, from, icmp.name]).sort(),
      [
        ["192.0.2.77", lab.left.v4, "host unreachable"],
        ["2001:db8::77", lab.left.v6, "address unreachable"],
      ],
    );
  },
);

test("without permission it says what would help", {
  skip: skip || lacks("setpriv"),
}, () => {
  using netns = icmpNamespace("raw");
  const error = runCode(
    `import { ping } from "${moduleUrl("mod")}";
     const run = ping("127.0.0.1", { count: 1 });
     try { await run.summary(); } catch (e) { report(${describeError}); }`,
    { netns: netns.fd, wrapper: withoutPrivilege },
  );
  assert.equal(error.name, "PermissionError");
  assert.match(
    error.message,
    /ping_group_range.*\(now "\d+ \d+"\).*CAP_NET_RAW/,
  );
});

test("resolve gives every address, as targets that can be pinged", async () => {
  const targets = [];
  for await (const target of resolve("127.0.0.1")) targets.push(target);
  assert.deepEqual(targets, [
    { host: "127.0.0.1", address: "127.0.0.1", family: 4 },
  ]);
  for await (const target of resolve("localhost", { family: 4 })) {
    assert.equal(target.host, "localhost");
    const events = await collect(target, { count: 1 });
    assert.deepEqual(typesOf(events, "localhost"), [
      ...["resolved", "sent", "reply", "summary"],
    ]);
  }
  await assert.rejects(resolve("::1", { family: 4 }).next(), ResolveError);
  const reason = new Error("enough");
  await assert.rejects(
    resolve("::1", { signal: AbortSignal.abort(reason) }).next(),
    reason,
  );
});

test(
  "an address with a zone is pinged on its interface",
  { skip },
  async () => {
    using lab = twoNamespaces();
    const { left, right } = lab;
    let linkLocal: string | undefined;
    for (let waited = 0; !linkLocal && waited < 3000; waited += 50) {
      linkLocal = right.netlink.addresses({ link: "cable", family: 6 })
        .find(({ scope, tentative }) => scope === "link" && !tentative)
        ?.address.split("/")[0];
      if (!linkLocal) await sleep(50);
    }
    const { index } = left.netlink.link("cable")!;
    const events = await collect(`${linkLocal}%cable`, {
      count: 1,
      timeout: 3000,
      netns: left.fd,
    });
    const [resolved] = ofType(events, "resolved");
    assert.equal(resolved.target, `${linkLocal}%cable`);
    assert.equal(resolved.address, `${linkLocal}%${index}`);
    assert.equal(ofType(events, "reply").length, 1, JSON.stringify(events));
  },
);

test("echo takes targets from any source and gives the events of all", async () => {
  const target = { host: "here", address: "127.0.0.1", family: 4 } as const;
  const types: string[] = [];
  for await (const event of echo({ count: 1 })([target])) {
    types.push(event.type);
  }
  assert.deepEqual(types, ["resolved", "sent", "reply", "summary"]);
  const none = echo({ count: 1 })([]);
  assert.deepEqual(await none.next(), { value: undefined, done: true });
});

test("targets may be added while the run goes on", async () => {
  async function* growing() {
    yield "127.0.0.1";
    await sleep(60);
    yield "127.0.0.2";
    yield "::1";
    await sleep(60);
    yield "127.0.0.3";
  }
  const events = await collect(growing(), { count: 3, interval: 20 });
  assert.deepEqual(ofType(events, "resolved").map(({ target }) => target), [
    ...["127.0.0.1", "127.0.0.2", "::1", "127.0.0.3"],
  ]);
  // The first did not wait for the last.
  const thirdReply = events.findIndex((event) =>
    event.type === "reply" && event.seq === 3
  );
  const lastResolved = events.findIndex((event) =>
    event.type === "resolved" && event.target === "127.0.0.3"
  );
  assert.ok(thirdReply < lastResolved);
  assert.ok(ofType(events, "summary").every(({ received }) => received === 3));
  assert.deepEqual(
    events.slice(-4).map(({ type }) => type),
    Array(4).fill("summary"),
  );
});

test("what a source of targets throws ends the run", async () => {
  async function* failing() {
    yield "127.0.0.1";
    await sleep(20);
    throw new Error("no more targets");
  }
  const types: string[] = [];
  await assert.rejects(async () => {
    for await (const { type } of ping(failing(), { interval: 5 })) {
      types.push(type);
    }
  }, { message: "no more targets" });
  assert.ok(types.includes("reply"));
});
