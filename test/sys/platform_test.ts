/** Importing is always possible; the first use of the system may not be. */
import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { arch } from "node:os";
import { test } from "node:test";
import { platform } from "../../src/sys/ffi.ts";
import { lacks } from "../_support/lacks.ts";
import {
  describeError,
  moduleUrl,
  onDeno,
  runCode,
  withoutPrivilege,
} from "./_child.ts";

const entry = moduleUrl("mod");
const sys = moduleUrl("src/sys/mod");

/** Makes a process believe that it runs elsewhere, before it imports. */
function pretend(os: string, cpu: string): string {
  return onDeno
    ? `const build = { os: "${os}", arch: "${cpu}" };
       Object.defineProperty(globalThis, "Deno", { value: { build } });`
    : `Object.defineProperty(process, "platform", { value: "${os}" });
       Object.defineProperty(process, "arch", { value: "${cpu}" });`;
}

/** Uses the pure rooms, then tries everything that opens something. */
const tour = `
  const { Packet, buildIcmpEcho, buildIp, collect, map, pipe } = api;
  const bytes = buildIp({ source: "10.0.0.1", destination: "10.0.0.2",
    protocol: 1,
    payload: buildIcmpEcho({ type: "request", identifier: 1, sequence: 2 }) });
  const lines = [];
  for await (const line of pipe([bytes], map((b) => String(Packet.from(b))))) {
    lines.push(line);
  }
  const run = api.ping("127.0.0.1", { count: 1 });
  const before = run.stats.sent;
  const errors = [];
  for (const use of [
    () => run.summary(),
    () => sys.TunDevice.open(),
    () => sys.UdpSocket.open({ local: { address: "127.0.0.1", port: 0 } }),
    () => sys.Netlink.open(),
    () => sys.createNetns(),
    () => sys.withNetns("nowhere", () => {}),
    () => api.openTun(),
    () => api.openUdp({ local: "127.0.0.1:0" }),
  ]) {
    try { await use(); errors.push("done"); }
    catch (e) { errors.push(${describeError}); }
  }
  report({ lines, before, errors });`;

const line = "IPv4 10.0.0.1 → 10.0.0.2 ICMP echo request id 1 seq 2, 8 bytes";

for (
  const [os, cpu, told] of [
    ["darwin", onDeno ? "aarch64" : "arm64", "darwin aarch64"],
    ["windows", onDeno ? "x86_64" : "x64", "windows x86_64"],
    ["linux", "riscv64", "linux riscv64"],
  ]
) {
  test(`on ${told} the pure rooms work and the first use says why not`, () => {
    const { lines, before, errors } = runCode(`${pretend(os, cpu)}
      const api = await import("${entry}");
      const sys = await import("${sys}");${tour}`);
    assert.deepEqual(lines, [line]);
    assert.equal(before, 0);
    assert.equal(errors.length, 8);
    for (const error of errors) {
      assert.equal(error.name, "UnsupportedPlatformError");
      assert.equal(
        error.message,
        `Cannot open sockets and devices on ${told}: ` +
          `echoduct needs Linux on x86-64 or arm64`,
      );
    }
  });
}

test("the platform is told in one vocabulary on every runtime", () => {
  const { os, arch: cpu, runtime } = platform();
  assert.equal(os, "linux");
  assert.equal(cpu, arch() === "x64" ? "x86_64" : "aarch64");
  assert.match(runtime, /^(deno|node|bun)$/);
  assert.equal(runtime === "deno", onDeno);
});

// Permissions are Deno's: elsewhere there is nothing to test.
if (onDeno) {
  test("without permission for FFI the module loads and its pure rooms work", () => {
    const { lines, before, errors } = runCode(
      `import * as api from "${entry}"; import * as sys from "${sys}";${tour}`,
      { permissions: [] },
    );
    assert.deepEqual(lines, [line]);
    assert.equal(before, 0);
    for (const error of errors) {
      assert.equal(error.name, "NotCapable", JSON.stringify(errors));
      assert.match(error.message, /--allow-ffi/);
    }
  });
}

test("without privilege every refusal says what would help", {
  skip: lacks("setpriv"),
}, () => {
  const { errors } = runCode(
    `import * as api from "${entry}"; import * as sys from "${sys}";${tour}`,
    { wrapper: withoutPrivilege },
  );
  // Ping sockets are nobody's here, UDP and looking around are everybody's.
  const [, tun, udp, netlink, created, missing, openTun, openUdp] = errors;
  for (const error of [tun, created, openTun]) {
    assert.equal(error.name, "PermissionError", JSON.stringify(error));
    assert.match(error.code, /^(EPERM|EACCES)$/);
    assert.match(error.remedy, /^run as root, with CAP_\w+_ADMIN, .*unshare/);
    assert.ok(error.message.endsWith(`; ${error.remedy}`));
  }
  assert.deepEqual([udp, netlink, openUdp], ["done", "done", "done"]);
  assert.equal(missing.code, "ENOENT");
});
