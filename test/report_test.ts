import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fromJunit,
  fromNode,
  type NodeEvent,
  type Result,
} from "./_support/report.ts";

/** The sum, then the names of what failed. */
function outline(results: readonly Result[]): string {
  const count = (outcome: string) =>
    results.filter((result) => result.outcome === outcome).length;
  const failed = results.filter(({ outcome }) => outcome === "failed");
  return [
    `${count("passed")}/${count("failed")}/${count("skipped")}`,
    ...failed.map(({ name }) => name),
  ].join(" | ");
}

test("members of a group count on Deno, the group does not", () => {
  const report = `<testsuites name="deno test" tests="6">
    <testsuite name="./test/a_test.ts" tests="4">
      <testcase name="alone" classname="./test/a_test.ts" line="3">
      </testcase>
      <testcase name="group" classname="./test/a_test.ts">
        <failure message="1 test step failed">1 test step failed.</failure>
      </testcase>
      <testcase name="skips" classname="./test/a_test.ts"><skipped/></testcase>
      <testcase name="ends it all" classname="./test/a_test.ts">
        <error message="Cancelled"/>
      </testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts" tests="2">
      <testcase name="group &gt; &quot;a&quot;" classname="ext:deno_node/testing.ts">
      </testcase>
      <testcase name="group &gt; b" classname="ext:deno_node/testing.ts">
        <failure message="x">at &lt;anonymous&gt; (a > b)</failure>
      </testcase>
    </testsuite>
  </testsuites>`;
  assert.equal(outline(fromJunit(report)), "2/2/1 | ends it all | group > b");
  assert.equal(fromJunit(report)[0].file, "./test/a_test.ts");
});

test("a group that fails by itself counts on Deno", () => {
  const report = `<testcase name="group"><failure message="hook"/></testcase>
    <testcase name="group &gt; a"></testcase>`;
  assert.equal(outline(fromJunit(report)), "1/1/0 | group");
});

test("nested suites are groups on Bun", () => {
  const report = `<testsuite name="test/a_test.js" tests="3">
    <testcase name="a" file="test/a_test.js" assertions="0" />
    <testsuite name="group" file="test/a_test.js">
      <testcase name="b" file="test/a_test.js"><failure>x</failure></testcase>
    </testsuite>
    <testcase name="c" file="test/a_test.js"><skipped /></testcase>
  </testsuite>`;
  assert.equal(outline(fromJunit(report)), "1/1/1 | group > b");
});

test("leaves count on Node, and parents that fail by themselves", () => {
  const event = (
    name: string,
    nesting: number,
    more: Partial<NodeEvent> = {},
  ) =>
    JSON.stringify(
      { name, nesting, file: "/a/b_test.js", passed: true, ...more },
    ) + "\n";
  const fails = (failureType: string) => ({ passed: false, failureType });
  const report = event("a", 1) + event("b", 1, fails("testCodeFailure")) +
    event("group", 0, fails("subtestsFailed")) +
    event("c", 1) + event("hooked", 0, fails("hookFailed")) +
    event("d", 1) + event("good", 0) +
    event("e", 0, { skip: "needs fping" }) + event("/a/b_test.js", 0);
  const results = fromNode(report);
  assert.equal(outline(results), "3/2/1 | b | hooked");
  assert.equal(results.at(-1)?.reason, "needs fping");
});
