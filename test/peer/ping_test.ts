import assert from "node:assert/strict";
import { test } from "node:test";
import { lacks } from "../_support/lacks.ts";
import { run } from "../lab/command.ts";
import { inside, openPair } from "../lab/tunnel_pair.ts";
import { skip, twoNamespaces } from "../lab/two_namespaces.ts";

test("ping(8) goes through the tunnel at every size", {
  skip: skip || lacks("ping"),
}, async () => {
  const lab = twoNamespaces();
  try {
    await using _pair = await openPair(lab);
    const { v4, v6 } = inside.right;
    const cases = [
      [v4, 0],
      [v4, 1392], // the MTU of 1420, to the byte
      [v4, 8000], // in fragments
      [v6, 0],
      [v6, 1372],
      [v6, 8000],
    ] as const;
    const ended = await Promise.all(cases.map(([address, size]) =>
      run(
        ["ping", "-c", "5", "-i", "0.05", "-W", "2", "-s", `${size}`, address],
        { netns: lab.left.fd },
      )
    ));
    ended.forEach(({ code, stdout }, i) => {
      assert.equal(code, 0, stdout);
      assert.match(stdout, /5 packets transmitted, 5 received/, `${cases[i]}`);
    });
  } finally {
    lab[Symbol.dispose]();
  }
});

test("what does not fit is told to ping(8) as too long", {
  skip: skip || lacks("ping"),
}, async () => {
  const lab = twoNamespaces();
  try {
    await using _pair = await openPair(lab);
    const { code, stdout, stderr } = await run(
      ["ping", "-c1", "-W1", "-M", "do", "-s", "1393", inside.right.v4],
      { netns: lab.left.fd },
    );
    assert.equal(code, 1);
    assert.match(stdout + stderr, /too long, mtu[=:] ?1420/);
  } finally {
    lab[Symbol.dispose]();
  }
});
