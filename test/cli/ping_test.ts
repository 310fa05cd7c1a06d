import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ping } from "../../src/ping/mod.ts";
import { lacks } from "../_support/lacks.ts";
import {
  asNobody,
  bounded,
  echoduct,
  noNobody,
  run,
  start,
} from "../lab/command.ts";
import { skip, twoNamespaces } from "../lab/two_namespaces.ts";

interface Line {
  readonly type: string;
  readonly target: string;
  readonly [key: string]: unknown;
}

function parseLines(text: string): Line[] {
  assert.ok(text.endsWith("\n"));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** What kinds of value an event has, whatever they are. */
function shape(event: object): Record<string, string> {
  const entries = Object.entries(JSON.parse(JSON.stringify(event)));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value]).sort(),
  );
}

test("--json prints the module's events and nothing else", async () => {
  const { code, stdout, stderr } = await run(
    echoduct(..."ping --json -c 3 -i 50ms 127.0.0.1 ::1".split(" ")),
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const lines = parseLines(stdout);
  const shapes = new Map<string, object>();
  for await (const event of ping(["127.0.0.1", "::1"], { count: 1 })) {
    shapes.set(event.type, shape(event));
  }
  for (const target of ["127.0.0.1", "::1"]) {
    const own = lines.filter((line) => line.target === target);
    assert.deepEqual(own.map(({ type, seq }) => [type, seq].join(" ").trim()), [
      "resolved",
      ...["sent 1", "reply 1", "sent 2", "reply 2", "sent 3", "reply 3"],
      "summary",
    ]);
    for (const line of own) {
      assert.deepEqual(shape(line), shapes.get(line.type));
    }
    const summary = own.at(-1)!;
    assert.deepEqual(
      [summary.sent, summary.received, summary.lost, summary.loss],
      [3, 3, 0, 0],
    );
    const [first, , third] = own.filter(({ type }) => type === "sent");
    const apart = Number(third.time) - Number(first.time);
    assert.ok(apart > 50, `${apart} ms for two intervals`);
  }
  assert.equal(lines.length, 16);
});

test("without --json it prints what ping(8) prints", {
  skip: lacks("ping"),
}, async () => {
  const args = ["-c", "2", "-i", "0.2", "-s", "100", "127.0.0.1"];
  const ours = await run(echoduct("ping", ...args));
  const theirs = await run(["ping", ...args]);
  const normal = (text: string) =>
    text.replace(/time=[\d.]+/g, "time=T").replace(/time \d+ms/, "time Tms")
      .replace(/= [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+/, "= RTTS");
  assert.deepEqual(
    [ours.code, normal(ours.stdout), ours.stderr],
    [theirs.code, normal(theirs.stdout), theirs.stderr],
  );
});

test("-q prints the beginning and the summary only", async () => {
  const { code, stdout } = await run(echoduct("ping", "-qc2", "-i1ms", "::1"));
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^PING ::1 .*\n\n--- ::1 ping statistics ---\n2 packets transmitted, 2 received, 0% packet loss, time \d+ms\nrtt min\/avg\/max\/mdev = [\d.]+\/[\d.]+\/[\d.]+\/[\d.]+ ms\n$/,
  );
});

test("options reach the probes", async () => {
  const { stdout } = await run(
    echoduct(..."ping --json -c1 -s1000 -t 9 -4 127.0.0.1".split(" ")),
  );
  const lines = parseLines(stdout);
  assert.deepEqual(
    lines.map(({ type, size, ttl }) => [type, size, ttl]),
    [
      ["resolved", undefined, undefined],
      ["sent", 1008, undefined],
      ["reply", 1008, 64],
      ["summary", undefined, undefined],
    ],
  );
});

test(
  "a host that does not reply makes it 1, however long it waited",
  { skip },
  async () => {
    const lab = twoNamespaces();
    try {
      const silent = "192.0.2.99";
      for (const wait of ["100ms", ".1"]) {
        const { code, stdout } = await run(
          echoduct("ping", "--json", "-c1", "-W", wait, silent),
          { netns: lab.left.fd },
        );
        assert.equal(code, 1);
        const [timeout] = parseLines(stdout).filter(({ type }) =>
          type === "timeout"
        );
        assert.equal(timeout.timeout, 100, wait);
      }
      const both = await run(
        echoduct("ping", "-c1", "-W100ms", silent, lab.right.v4),
        { netns: lab.left.fd },
      );
      assert.equal(both.code, 1);
      assert.match(both.stdout, /no answer from 192\.0\.2\.99: icmp_seq=1/);
      assert.match(both.stdout, /64 bytes from 192\.0\.2\.2: icmp_seq=1/);
      assert.match(
        both.stdout,
        /1 packets transmitted, 0 received, 100% packet loss/,
      );
    } finally {
      lab[Symbol.dispose]();
    }
  },
);

test("a host without an address makes it 2, and the others are pinged", async () => {
  const { code, stdout, stderr } = await run(
    echoduct("ping", "-c1", "no-such-host.invalid", "127.0.0.1"),
  );
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^echoduct: Cannot resolve 'no-such-host\.invalid'.*\n$/,
  );
  assert.match(stdout, /64 bytes from 127\.0\.0\.1/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends it with the summary`, async () => {
    await using text = start(echoduct("ping", "-i", "20ms", "127.0.0.1"));
    await using json = start(echoduct("ping", "--json", "-i20ms", "::1"));
    await text.says(/icmp_seq=3 /);
    await json.says(/"seq":3/);
    text.kill(signal);
    json.kill(signal);
    const said = await text.ended;
    assert.deepEqual([said.code, said.signal, said.stderr], [0, null, ""]);
    assert.match(
      said.stdout,
      /\n\n--- 127\.0\.0\.1 ping statistics ---\n.*\nrtt .*\n$/,
    );
    const lines = await json.ended;
    assert.deepEqual([lines.code, lines.stderr], [0, ""]);
    assert.equal(parseLines(lines.stdout).at(-1)?.type, "summary");
  });
}

test("SIGINT before any reply makes it 1", { skip }, async () => {
  const lab = twoNamespaces();
  try {
    await using process = start(echoduct("ping", "192.0.2.99"), {
      netns: lab.left.fd,
    });
    await process.says(/^PING/);
    await sleep(50);
    process.kill("SIGINT");
    const { code, stdout } = await process.ended;
    assert.equal(code, 1);
    assert.match(stdout, /1 packets transmitted, 0 received, 1 on the way/);
  } finally {
    lab[Symbol.dispose]();
  }
});

test("a reader that has had enough ends it without a word", async () => {
  const { code, stdout, stderr } = await run([
    ...[...bounded, "sh", "-c", '"$@" | head -n 2', "sh"],
    ...echoduct("ping", "-i", "10ms", "127.0.0.1"),
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(stdout.trimEnd().split("\n").length, 2);

  await using process = start(echoduct("ping", "--json", "-i5ms", "::1"));
  await process.says(/"reply"/);
  process.closeStdout();
  const ended = await process.ended;
  assert.deepEqual([ended.signal, ended.stderr], [null, ""]);
});

test("who may not ping is told what would allow it", {
  skip: skip || noNobody,
}, async () => {
  const lab = twoNamespaces();
  try {
    // A new namespace lets no group ping.
    const { code, stdout, stderr } = await run(
      asNobody(["ping", "-c1", "::1"]),
      {
        netns: lab.left.fd,
      },
    );
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /ping_group_range.*CAP_NET_RAW.*unshare/);
  } finally {
    lab[Symbol.dispose]();
  }
});

test("--netns pings from there, by name and by path", { skip }, async () => {
  const lab = twoNamespaces();
  try {
    const path = `/proc/${globalThis.process.pid}/fd/${lab.left.fd}`;
    const by = ["-c1", lab.right.v4, lab.right.v6];
    const byPath = await run(echoduct("ping", "--netns", path, ...by));
    assert.equal(byPath.code, 0, byPath.stderr);
    const script = [
      "mount -t tmpfs none /run",
      "mkdir /run/netns",
      "touch /run/netns/blue",
      `mount --bind ${path} /run/netns/blue`,
      'exec "$@"',
    ].join("\n");
    const byName = await run([
      ...["unshare", "-m", "sh", "-ec", script, "sh"],
      ...echoduct("ping", "--netns", "blue", ...by),
    ]);
    assert.equal(byName.code, 0, byName.stderr);
    assert.match(byName.stdout, /64 bytes from 2001:db8::2/);
  } finally {
    lab[Symbol.dispose]();
  }
});
