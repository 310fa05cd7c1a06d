import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import * as rules from "./_support/rules.ts";
import { scan } from "./_support/scan.ts";
import { readConfig, readSources, root } from "./_support/tree.ts";

const sources = readSources();
const config = readConfig();
const packagesAreDeclared = rules.packagesAreDeclared(
  Object.keys(config.imports ?? {}),
);

/** The breaches of a rule in a tree of one made-up file. */
function breaches(rule: rules.Rule, path: string, text: string): string[] {
  return rule([scan(path, text)]);
}

test("the rules see the whole product", () => {
  assert.ok(sources.length > 20);
  for (const room of ["src/stream/", "src/packet/", "src/sys/", "test/"]) {
    assert.ok(sources.some(({ path }) => path.startsWith(room)), room);
  }
});

test("imports go down only", () => {
  assert.deepEqual(rules.importsGoDown(sources), []);
  for (
    const [path, target] of [
      ["src/stream/map.ts", "../packet/mod.ts"],
      ["src/packet/ipv4.ts", "../sys/errno.ts"],
      ["src/sys/netlink/socket.ts", "../../ping/mod.ts"],
      ["src/ping/echo.ts", "../tunnel/mod.ts"],
      ["src/tunnel/pump.ts", "../ping/mod.ts"],
      ["src/wireguard/peer.ts", "../control/mod.ts"],
    ]
  ) {
    const text = `import type { x } from "${target}";`;
    assert.equal(breaches(rules.importsGoDown, path, text).length, 1, path);
  }
  const down = `export * from "../packet/mod.ts"; import("./pump.ts");`;
  assert.deepEqual(
    breaches(rules.importsGoDown, "src/tunnel/mod.ts", down),
    [],
  );
});

test("nothing imports the command, the tests or the benchmarks", () => {
  const rule = rules.nothingImportsTheTop;
  assert.deepEqual(rule(sources), []);
  const text = `import { a } from "../../cli/a.ts"; import "../../mod.ts";`;
  assert.equal(breaches(rule, "src/control/app.ts", text).length, 2);
  assert.equal(breaches(rule, "cli/a.ts", `import "../test/a.ts";`).length, 1);
  assert.deepEqual(breaches(rule, "cli/a.ts", `import "../mod.ts";`), []);
});

test("runtimes are known in their seams only", () => {
  const rule = rules.runtimesStayInTheirSeams;
  assert.deepEqual(rule(sources), []);
  for (
    const text of [
      `Deno.exit(1);`,
      "const text = `now ${Deno.pid}`;",
      `import { readFile } from "node:fs/promises";`,
      `const dns = await import("node:dns");`,
      `process.exit(1);`,
      `const { Deno } = globalThis;`,
      `const koffi = require("koffi");`,
      `const a = b / 2; Bun.serve({}); const c = d / 2;`,
    ]
  ) {
    assert.equal(breaches(rule, "src/ping/echo.ts", text).length, 1, text);
    assert.deepEqual(breaches(rule, "src/sys/ffi_deno.ts", text), []);
  }
  const innocent = `// Deno.exit\n/* process.exit */ const a = "Deno.exit(1)";
    const b = /["'\`] Deno.exit/; this.process.run(\`process.exit \${1}\`);`;
  assert.deepEqual(breaches(rule, "src/ping/echo.ts", innocent), []);
});

test("packages are imported as deno.json declares them", () => {
  assert.deepEqual(packagesAreDeclared(sources), []);
  for (const name of ["npm:hono@4", "@echoduct/echoduct/sys", "left-pad"]) {
    const text = `import "${name}";`;
    assert.equal(breaches(packagesAreDeclared, "cli/a.ts", text).length, 1);
  }
});

test("no string names a source file", () => {
  const rule = rules.noSourceNamesInStrings;
  assert.deepEqual(rule(sources), []);
  const text = `new Worker(new URL("./worker.ts", import.meta.url))`;
  assert.equal(breaches(rule, "src/tunnel/run.ts", text).length, 1);
});

test("the product does not call ip(8)", () => {
  const rule = rules.noIpCommand;
  assert.deepEqual(rule(sources), []);
  for (
    const text of [
      `new Command("ip", { args: ["link"] })`,
      `execSync("ip link set lo up")`,
      `run(["/sbin/ip", "route"])`,
    ]
  ) assert.equal(breaches(rule, "src/tunnel/run.ts", text).length, 1, text);
});

test("sources have at most 400 lines", () => {
  assert.deepEqual(rules.sourcesAreShort(sources), []);
  const text = "\n".repeat(401);
  assert.equal(breaches(rules.sourcesAreShort, "src/a/b.ts", text).length, 1);
});

test("tests run whole on every runtime", () => {
  const rule = rules.testsArePortable;
  assert.deepEqual(rule(sources), []);
  for (
    const text of [
      `import { test } from "vitest";`,
      `import { test } from "node:test"; test.only("x", () => {});`,
      `import { test } from "node:test"; test("x", (t) => t.skip());`,
      `import { test } from "node:test"; test("x", () => Deno.exit());`,
    ]
  ) assert.equal(breaches(rule, "test/a_test.ts", text).length, 1, text);
});

test("every room that can be used from outside is exported", () => {
  const here = (path: string) => existsSync(new URL(path, root));
  for (const [name, path] of Object.entries(config.exports)) {
    assert.ok(here(path), `${name} is exported from ${path}, which is missing`);
  }
  for (const room of ["stream", "packet", "sys", "ping", "tunnel"]) {
    const path = `./src/${room}/mod.ts`;
    if (here(path)) assert.equal(config.exports[`./${room}`], path);
  }
  if (here("mod.ts")) assert.equal(config.exports["."], "./mod.ts");
});
