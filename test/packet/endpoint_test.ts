import assert from "node:assert/strict";
import { test } from "node:test";
import { formatEndpoint, parseEndpoint } from "../../src/packet/mod.ts";

test("parseEndpoint reads addresses and names", () => {
  assert.deepEqual(parseEndpoint("1.2.3.4:7001"), {
    host: "1.2.3.4",
    port: 7001,
    family: 4,
  });
  assert.deepEqual(parseEndpoint("[FE80::1%eth0]:0"), {
    host: "fe80::1%eth0",
    port: 0,
    family: 6,
  });
  assert.deepEqual(parseEndpoint("vpn.example.com:65535"), {
    host: "vpn.example.com",
    port: 65535,
  });
});

test("parseEndpoint takes the default port where there is none", () => {
  const options = { defaultPort: 7001 };
  for (const text of ["1.2.3.4", "::1", "[::1]", "host"]) {
    assert.equal(parseEndpoint(text, options).port, 7001, text);
    assert.throws(() => parseEndpoint(text), TypeError, text);
  }
  assert.equal(parseEndpoint("host:1", options).port, 1);
  assert.equal(parseEndpoint("::1:7002", options).host, "::1:7002");
});

test("parseEndpoint refuses what is not a host and a port", () => {
  const wrong = [
    "",
    ":7001",
    "host:",
    "host:x",
    "host:-1",
    "host:1:2",
    "[host]:1",
    "[1.2.3.4]:1",
    "[::1]7001",
    "[::1]:",
    "[::1",
    "1.2.3.256:1",
    "1.2.3:1",
    "a b:1",
    "a/b:1",
    "host:99999999999",
  ];
  for (const text of wrong) {
    assert.throws(() => parseEndpoint(text), TypeError, text);
  }
  assert.throws(() => parseEndpoint("host:65536"), RangeError);
});

test("formatEndpoint writes what parseEndpoint reads", () => {
  for (const text of ["1.2.3.4:1", "[::1]:7001", "[fe80::1%a]:5", "host:53"]) {
    assert.equal(formatEndpoint(parseEndpoint(text)), text);
  }
  assert.throws(() => formatEndpoint({ host: "a", port: 65536 }), RangeError);
});
