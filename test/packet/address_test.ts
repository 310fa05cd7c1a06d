import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import {
  addressFamily,
  addressToBytes,
  canonicalAddress,
  formatAddress,
  parseAddress,
  unmapAddress,
} from "../../src/packet/mod.ts";
import { hex, Random } from "./_util.ts";

test("parseAddress reads IPv4 with four decimal parts", () => {
  assert.deepEqual(parseAddress("192.0.2.255"), {
    family: 4,
    address: "192.0.2.255",
    bytes: new Uint8Array([192, 0, 2, 255]),
  });
});

test("parseAddress reads every form of IPv6 text", () => {
  const forms: Record<string, string> = {
    "::": "::",
    "::1": "::1",
    "1::": "1::",
    "2001:DB8::0008:800:200c:417A": "2001:db8::8:800:200c:417a",
    "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "::2:3:4:5:6:7:8": "0:2:3:4:5:6:7:8",
    "0:0:0:0:0:ffff:10.7.0.2": "::ffff:10.7.0.2",
    "::ffff:a07:2": "::ffff:10.7.0.2",
    "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    "1:2:3:4:5:6:1.2.3.4": "1:2:3:4:5:6:102:304",
    "::1.2.3.4": "::102:304",
  };
  for (const [text, canonical] of Object.entries(forms)) {
    assert.equal(parseAddress(text)?.address, canonical, text);
  }
});

test("parseAddress splits the zone off", () => {
  const parsed = parseAddress("FE80::1%eth0.5");
  assert.equal(parsed?.address, "fe80::1");
  assert.equal(parsed?.zone, "eth0.5");
  assert.equal(canonicalAddress("FE80::1%eth0.5"), "fe80::1%eth0.5");
});

test("parseAddress refuses what is not an address", () => {
  const wrong = [
    "",
    " ",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    "1.2.3.-4",
    "1.2.3.4%eth0",
    "0x1.2.3.4",
    "1..3.4",
    ":",
    ":::",
    "1:::2",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "12345::",
    "g::",
    ":1",
    "1:",
    "::1:",
    ":1::",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
    "[::1]",
    "::1/64",
    "fe80::1%",
    "fe80::1%a b",
    "fe80::1%a%b",
    "fe80::1%a/64",
    "example.com",
    "１.2.3.4",
  ];
  for (const text of wrong) {
    assert.equal(parseAddress(text), undefined, JSON.stringify(text));
  }
});

test("parseAddress agrees with the runtime about random text", () => {
  const random = new Random(5);
  const pieces = ["1", "0", "ff", "12ab", ":", ":", ":", "::", ".", "255", "g"];
  for (let i = 0; i < 20_000; i++) {
    let text = "";
    for (let n = random.below(16); n >= 0; n--) text += random.pick(pieces);
    assert.equal(addressFamily(text) ?? 0, isIP(text), text);
  }
});

test("formatAddress and addressToBytes are each other's inverse", () => {
  const random = new Random(6);
  for (let i = 0; i < 5000; i++) {
    const bytes = random.bytes(random.bool() ? 4 : 16);
    for (let n = random.below(12); n > 0; n--) {
      bytes[random.below(bytes.length)] = 0;
    }
    const text = formatAddress(bytes);
    assert.deepEqual(addressToBytes(text), bytes, text);
    assert.equal(canonicalAddress(text), text);
  }
});

test("formatAddress writes IPv6 like the URL standard", () => {
  const random = new Random(7);
  for (let i = 0; i < 2000; i++) {
    const bytes = random.bytes(16);
    for (let n = random.below(20); n > 0; n--) bytes[random.below(16)] = 0;
    const text = formatAddress(bytes);
    if (text.includes(".")) continue;
    assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
  }
});

test("formatAddress reads from the middle of a packet", () => {
  const bytes = hex("ffff 0a070002 ffff");
  assert.equal(formatAddress(bytes, 2, 6), "10.7.0.2");
  assert.throws(() => formatAddress(bytes, 6, 10), RangeError);
  assert.throws(() => formatAddress(bytes, -2, 2), RangeError);
  assert.throws(() => formatAddress(bytes), RangeError);
});

test("addressToBytes names the text that it cannot parse", () => {
  assert.throws(() => addressToBytes("10.0.0.256"), {
    name: "TypeError",
    message: 'Cannot parse an IP address: current value is "10.0.0.256"',
  });
});

test("unmapAddress turns only IPv4-mapped addresses into IPv4", () => {
  assert.equal(unmapAddress("::FFFF:a07:2"), "10.7.0.2");
  assert.equal(unmapAddress("::ffff:0:10.7.0.2"), "::ffff:0:a07:2");
  assert.equal(unmapAddress("10.7.0.2"), "10.7.0.2");
  assert.equal(unmapAddress("fe80::1%eth0"), "fe80::1%eth0");
});
