import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { lookup, Netlink, ResolveError } from "../../src/sys/mod.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { icmpNamespace, skip } from "../lab/icmp_namespace.ts";
import { moduleUrl, onDeno, runCode, withSilentNameServer } from "./_child.ts";
import { lacks } from "../_support/lacks.ts";

function resolveError(host: string, code: string | RegExp, reason: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ResolveError, String(error));
    assert.equal(error.name, "ResolveError");
    assert.equal(error.host, host);
    assert.match(error.code, new RegExp(code));
    assert.equal(error.message, `Cannot resolve '${host}': ${reason}`);
    return true;
  };
}

test("an address is returned in canonical text", async () => {
  for (
    const [host, address, family] of [
      ["127.0.0.1", "127.0.0.1", 4],
      ["::1", "::1", 6],
      ["2001:DB8:0:0:0:0:0:1", "2001:db8::1", 6],
      ["::ffff:10.0.0.1", "::ffff:10.0.0.1", 6],
      ["fe80::1%7", "fe80::1%7", 6],
    ] as const
  ) {
    assert.deepEqual(await lookup(host), [{ address, family }]);
    assert.deepEqual(await lookup(host, { family }), [{ address, family }]);
  }
});

test("a zone by name becomes the interface's number, whatever its addresses", async () => {
  assert.deepEqual(await lookup("fe80::1%lo"), [
    { address: "fe80::1%1", family: 6 },
  ]);
  await assert.rejects(
    lookup("fe80::1%nope0"),
    resolveError("fe80::1%nope0", "ENODEV", "there is no interface 'nope0'"),
  );
});

test(
  "a zone by name is looked for in the namespace that it is for",
  { skip },
  async () => {
    using netns = icmpNamespace("raw");
    const { netlink, fd } = netns;
    netlink.addVeth({ name: "only-here", peer: "other" });
    const { index } = netlink.link("only-here")!;
    assert.deepEqual(await lookup("fe80::1%only-here", { netns: fd }), [
      { address: `fe80::1%${index}`, family: 6 },
    ]);
    await assert.rejects(lookup("fe80::1%only-here"), { code: "ENODEV" });
  },
);

test("an address of the other family is refused", async () => {
  await assert.rejects(
    lookup("127.0.0.1", { family: 6 }),
    resolveError("127.0.0.1", "EAFNOSUPPORT", "it has no IPv6 address"),
  );
  await assert.rejects(
    lookup("::1", { family: 4 }),
    resolveError("::1", "EAFNOSUPPORT", "it has no IPv4 address"),
  );
});

test("a name is looked up in the hosts file, each address once", async () => {
  const found = await lookup("localhost");
  assert.ok(found.length >= 1);
  assert.equal(new Set(found.map(({ address }) => address)).size, found.length);
  for (const { address, family } of found) {
    assert.equal(address, family === 4 ? "127.0.0.1" : "::1");
  }
  const { family } = found[0];
  assert.deepEqual(
    await lookup("localhost", { family }),
    found.filter((each) => each.family === family),
  );
  if (found.every((each) => each.family === 4)) {
    await assert.rejects(
      lookup("localhost", { family: 6 }),
      resolveError("localhost", "EAFNOSUPPORT", "it has no IPv6 address"),
    );
  }
});

test("an unknown name says why it has no address", async () => {
  await assert.rejects(lookup("no-such-host.invalid"), (error) => {
    assert.ok(error instanceof ResolveError, String(error));
    assert.match(error.code, /^(ENOTFOUND|EAI_AGAIN)$/);
    assert.match(
      error.message,
      /^Cannot resolve 'no-such-host.invalid': (no such name|the name server did not answer)$/,
    );
    return true;
  });
});

test("what is neither a name nor an address is not looked up", async () => {
  for (
    const host of [
      "",
      " ",
      "a b",
      "a..b",
      ".a",
      "-a.example",
      "a-.example",
      "x".repeat(64) + ".example",
      Array(60).fill("abcd").join("."),
      "10.0.0.1/24",
      "[::1]",
      "::1%",
      "1::2::3",
      "http://example.com",
      "host:80",
      "a\0b",
      "a\nb",
      "a\\b",
      "$(id)",
    ]
  ) {
    await assert.rejects(
      lookup(host),
      resolveError(host, "EINVAL", "neither a name nor an address"),
    );
  }
});

test("names of every allowed shape are looked up", async () => {
  for (
    const host of [
      "a",
      "x".repeat(63) + ".invalid",
      "_srv._udp.invalid",
      "trailing.invalid.",
      "xn--bcher-kva.invalid",
      "bücher.invalid",
      "1a.invalid",
    ]
  ) {
    await assert.rejects(lookup(host), (error) => {
      assert.ok(error instanceof ResolveError, String(error));
      assert.notEqual(error.code, "EINVAL", host);
      return true;
    });
  }
});

test("abort ends a lookup with the signal's reason, before and meanwhile", async () => {
  const reason = new Error("enough");
  await assert.rejects(
    lookup("localhost", { signal: AbortSignal.abort(reason) }),
    reason,
  );
  await assert.rejects(
    lookup("127.0.0.1", { signal: AbortSignal.abort(reason) }),
    reason,
  );

  // Afterwards is too late.
  const late = new AbortController();
  assert.equal((await lookup("127.0.0.1", late)).length, 1);
  late.abort(reason);
});

test("abort does not wait for a name server, whose silence is told", {
  skip: skip || lacks("mount", "unshare", "ip"),
}, () => {
  const { aborted, silent } = runCode(
    `import { lookup } from "${moduleUrl("src/sys/mod")}";
     const controller = new AbortController();
     setTimeout(() => controller.abort(new Error("enough")), 50);
     const time = async (promise) => {
       const start = performance.now();
       try { await promise; } catch ({ message, code }) {
         return { message, code, elapsed: performance.now() - start };
       }
     };
     const aborted = await time(lookup("name.example", controller));
     const silent = await time(lookup("name.example"));
     report({ aborted, silent });`,
    { wrapper: withSilentNameServer },
  );
  assert.equal(aborted.message, "enough");
  assert.ok(aborted.elapsed < 900, `${aborted.elapsed} ms`);
  assert.equal(silent.code, "EAI_AGAIN");
  assert.equal(
    silent.message,
    "Cannot resolve 'name.example': the name server did not answer",
  );
});

test("lookups leave nothing open", { skip }, async () => {
  await leavesNothing([], async () => {
    for (let i = 0; i < 20; i++) {
      await lookup("localhost");
      await lookup("fe80::1%lo");
      await lookup("fe80::1%nope0").catch(() => {});
      await lookup("no-such-host.invalid").catch(() => {});
    }
  });
  Netlink.open().close();
});

// Permissions are Deno's: elsewhere there is nothing to test.
if (onDeno) {
  test("without permission to resolve, it says which is missing", () => {
    const message = runCode(
      `import { lookup } from "${moduleUrl("src/sys/mod")}";
     await lookup("localhost").catch((e) => report(String(e)));`,
      { permissions: [] },
    );
    assert.match(message, /--allow-(net|sys)/);
  });
}
