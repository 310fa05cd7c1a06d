import assert from "node:assert/strict";
import { test } from "node:test";
import { runDemo } from "../../cli/demo.ts";
import { lacks } from "../_support/lacks.ts";
import { asNobody, echoduct, noNobody, run, start } from "../lab/command.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { skip } from "../lab/two_namespaces.ts";
import { Screen } from "./_terminal.ts";

function assertAccount(stdout: string): void {
  for (
    const line of [
      /^echoduct \d+\.\d+\.\d+: /,
      /^ {3}127\.0\.0\.1 +5 of 5 replies +min [\d.]+ +avg [\d.]+ +max [\d.]+ ms +[▁▂▃▄▅▆▇█]{5}$/m,
      /^ {3}::1 +5 of 5 replies/m,
      /^ {3}10\.7\.0\.2 +50 of 50 replies .* [▁▂▃▄▅▆▇█]{50}$/m,
      /^ {3}fd07::2 +50 of 50 replies/m,
      /^ +[\d.]+ ms │█+ \d+$/m,
      /^ {3}duct0 carried \d{3} packets out/m,
      /^ {3}Nothing is left behind$/m,
    ]
  ) assert.match(stdout, line);
  assert.ok(!stdout.includes("\x1b"));
}

test(
  "the demo shows a ping and a tunnel, and leaves nothing",
  { skip },
  async () => {
    await leavesNothing([undefined], async () => {
      const start = Date.now();
      const { code, stdout, stderr } = await run(echoduct("demo"));
      assert.deepEqual([code, stderr], [0, ""]);
      assertAccount(stdout);
      assert.ok(Date.now() - start < 15_000);
    });
  },
);

test("the demo needs no privilege", {
  skip: skip || noNobody || lacks("unshare"),
}, async () => {
  const { code, stdout, stderr } = await run(asNobody(["demo"]));
  assert.deepEqual([code, stderr], [0, ""]);
  assertAccount(stdout);
});

test(
  "a demo that is interrupted ends at once and leaves nothing",
  { skip },
  async () => {
    for (const moment of [/1\. Ping/, /3\. Ping/]) {
      await leavesNothing([undefined], async () => {
        await using demo = start(echoduct("demo"));
        await demo.says(moment);
        demo.kill("SIGINT");
        const { code, stdout, stderr } = await demo.ended;
        assert.deepEqual([code, stderr], [130, ""]);
        assert.ok(!stdout.includes("Nothing is left"));
      });
    }
  },
);

test("an interrupt reaches the demo behind unshare", {
  skip: skip || noNobody,
}, async () => {
  await using demo = start(asNobody(["demo"]));
  await demo.says(/3\. Ping/);
  demo.kill("SIGTERM");
  const { code, stdout } = await demo.ended;
  assert.equal(code, 130);
  assert.ok(!stdout.includes("Nothing is left"));
});

test("a demo that fails half-way leaves nothing", { skip }, async () => {
  await leavesNothing([undefined], async () => {
    const screen = new Screen();
    screen.onOut = (text) => {
      if (text.includes("3. Ping")) throw new Error("no more paper");
    };
    await assert.rejects(runDemo(screen), { message: "no more paper" });
    assert.equal(screen.handlers, 0);
  });
});
