import assert from "node:assert/strict";
import { test } from "node:test";
import { detach } from "../../cli/parser.ts";

test("values written to their letters are taken apart", () => {
  const cases: [string, string][] = [
    ["ping -c3 h", "ping -c 3 h"],
    ["-i.2 -W1s -s1000 -t64", "-i .2 -W 1s -s 1000 -t 64"],
    ["-qc3", "-q -c 3"],
    ["-qc 3", "-q -c 3"],
    ["-4q", "-4 -q"],
  ];
  for (const [written, meant] of cases) {
    assert.deepEqual(detach(written.split(" ")), meant.split(" "), written);
  }
});

test("everything else stays as it is", () => {
  for (
    const written of [
      "ping -c 3 h",
      "-4 -6 -q -c",
      "--count 3 --count=3 --interval=2s",
      "- --",
      "-x3 -v",
      "host -- -c3 -qc3",
      "c3 2001:db8::c3",
    ]
  ) assert.deepEqual(detach(written.split(" ")), written.split(" "));
});
