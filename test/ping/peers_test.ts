/** Other people's programs beside ours, and looking at what we send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplyEvent } from "../../src/ping/mod.ts";
import { lacks } from "../_support/lacks.ts";
import { noNobody, run, start } from "../lab/command.ts";
import { icmpNamespace, skip, skipTun } from "../lab/icmp_namespace.ts";
import { hostAddress, IcmpResponder } from "../lab/icmp_responder.ts";
import { collect, families, loopback, ofType, transports } from "./_events.ts";

interface Line {
  readonly seq: number;
  readonly ttl?: number;
  readonly rtt: number;
  readonly size: number;
}

/** What ping(8) tells of its replies. */
function readPing(text: string): Line[] {
  const line =
    /^(\d+) bytes from .*: icmp_seq=(\d+) ttl=(\d+) time=([\d.]+) ms/;
  return text.split("\n").flatMap((each) => {
    const found = line.exec(each);
    if (!found) return [];
    const [size, seq, ttl, rtt] = found.slice(1).map(Number);
    return [{ size, seq, ttl, rtt }];
  });
}

/** What fping(8) tells of its replies: counted from 0. */
function readFping(text: string): Line[] {
  const line = /: \[(\d+)\], (\d+) bytes, ([\d.]+) ms/;
  return text.split("\n").flatMap((each) => {
    const found = line.exec(each);
    if (!found) return [];
    const [seq, size, rtt] = found.slice(1).map(Number);
    return [{ size, seq: seq + 1, rtt }];
  });
}

/** The shortest time, which others' work on this machine delays least. */
const least = (lines: readonly { rtt: number }[]) =>
  Math.min(...lines.map(({ rtt }) => rtt));

const view = ({ seq, ttl, size }: ReplyEvent) => ({ seq, ttl, size });

/** A lab whose hosts answer after 20 ms with a hop limit of 57. */
async function slowLab(transport: "dgram" | "raw") {
  const netns = icmpNamespace(transport);
  const network = await IcmpResponder.open({
    netns: netns.fd,
    answer: (request, network) =>
      network.reply(request, { delay: 20, hopLimit: 57 }),
  });
  return {
    fd: netns.fd,
    async [Symbol.asyncDispose]() {
      await network[Symbol.asyncDispose]();
      netns[Symbol.dispose]();
    },
  };
}

for (const family of families) {
  const target = hostAddress(family, 2);

  test(`IPv${family}: ping sees what we see`, {
    skip: skipTun || lacks("ping"),
  }, async () => {
    for (const transport of transports) {
      await using lab = await slowLab(transport);
      const { stdout, stderr } = await run(
        ["ping", `-${family}`, "-n", "-c5", "-i0.03", target],
        { netns: lab.fd, env: { LC_ALL: "C" } },
      );
      const theirs = readPing(stdout);
      const events = await collect(target, {
        count: 5,
        interval: 30,
        netns: lab.fd,
      });
      const ours = ofType(events, "reply");
      assert.equal(theirs.length, 5, stdout + stderr);
      assert.deepEqual(
        ours.map(view),
        theirs.map(({ seq, ttl, size }) => ({ seq, ttl, size })),
      );
      const difference = Math.abs(least(ours) - least(theirs));
      assert.ok(difference < 5, `${least(ours)} and ${least(theirs)} ms`);
      assert.ok(least(ours) >= 19.5, `${least(ours)} ms`);
    }
  });

  test(`IPv${family}: fping sees what we see`, {
    skip: skipTun || lacks("fping"),
  }, async () => {
    for (const transport of transports) {
      await using lab = await slowLab(transport);
      const { stdout, stderr } = await run(
        ["fping", `-${family}`, "-c5", "-p30", "-t1000", target],
        { netns: lab.fd, env: { LC_ALL: "C" } },
      );
      const theirs = readFping(stdout);
      const events = await collect(target, {
        count: 5,
        interval: 30,
        netns: lab.fd,
      });
      const ours = ofType(events, "reply");
      assert.equal(theirs.length, 5, stdout + stderr);
      assert.deepEqual(
        ours.map(({ seq, size }) => ({ seq, size })),
        theirs.map(({ seq, size }) => ({ seq, size })),
      );
      const difference = Math.abs(least(ours) - least(theirs));
      assert.ok(difference < 5, `${least(ours)} and ${least(theirs)} ms`);
    }
  });

  for (const transport of transports) {
    test(
      `IPv${family} ${transport}: tcpdump reads right echo requests and replies`,
      {
        // Root's tcpdump becomes another user.
        skip: skip || noNobody || lacks("tcpdump"),
      },
      async () => {
        using netns = icmpNamespace(transport);
        const protocol = family === 4 ? "icmp" : "icmp6";
        const dump = start(
          ["tcpdump", "-ilo", "-nl", "-vv", "-t", "-c6", protocol],
          { netns: netns.fd },
        );
        await dump.says(/listening on lo/);
        const host = loopback[family];
        const events = await collect(host, {
          count: 3,
          interval: 10,
          ttl: 33,
          netns: netns.fd,
        });
        const { stdout } = await dump.ended;
        const [{ identifier }] = ofType(events, "resolved");
        const lines = stdout.replaceAll(/\n\s+/g, " ").trim().split("\n");
        assert.equal(lines.length, 6, stdout);
        const first = wireSequence(lines[0]);
        lines.forEach((line, i) => {
          const [what, hops] = i % 2 ? ["reply", 64] : ["request", 33];
          const sequence = first + (i >> 1);
          const message = family === 4
            ? `ICMP echo ${what}, id ${identifier}, seq ${sequence}, length 64`
            : `[icmp6 sum ok] ICMP6, echo ${what}, id ${identifier}, seq ${sequence}`;
          assert.ok(line.includes(message), line);
          assert.ok(
            line.includes(`${family === 4 ? "ttl" : "hlim"} ${hops}`),
            line,
          );
          // What tcpdump says of a checksum that is wrong.
          assert.doesNotMatch(line, /wrong|bad|incorrect|malformed/, line);
          if (family === 4) assert.match(line, /flags \[none\].* length 84\)/);
          else assert.match(line, /payload length: 64\)/);
        });
      },
    );
  }
}

function wireSequence(line: string): number {
  return Number(/seq (\d+)/.exec(line)?.[1]);
}
