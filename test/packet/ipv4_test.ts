import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildIpv4,
  buildOptions,
  emitIpv4,
  IPv4,
  parseOptions,
} from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { ipv4Fields } from "./_samples.ts";
import { concat, everyCut, hex, Random } from "./_util.ts";

const plain = {
  source: "10.7.0.2",
  destination: "10.7.0.1",
  protocol: 253,
  payload: hex("0102 0304"),
};

test("IPv4 reads a captured header with the record route option", () => {
  const ip = IPv4.parse(captured.recordRouteRequest);
  assert(ip !== undefined);
  assert.equal(ip.version, 4);
  assert.equal(ip.headerLength, 60);
  assert.equal(ip.totalLength, 124);
  assert.equal(ip.identification, 0xe907);
  assert.equal(ip.dontFragment, true);
  assert.equal(ip.moreFragments, false);
  assert.equal(ip.fragmentOffset, 0);
  assert.equal(ip.ttl, 64);
  assert.equal(ip.protocol, 1);
  assert.equal(ip.checksum, 0xa266);
  assert.equal(ip.source, "127.0.0.1");
  assert.equal(ip.destination, "127.0.0.1");
  assert.equal(ip.payload.length, 64);
  assert(ip.verifyChecksum());
  const options = parseOptions(ip.options);
  assert.deepEqual(options.map(({ kind }) => kind), [1, 7]);
  assert.equal(options[1].data.length, 37);
});

test("IPv4 reads a captured last fragment", () => {
  const ip = IPv4.parse(captured.lastFragment);
  assert.equal(ip?.identification, 61910);
  assert.equal(ip.fragmentOffset, 2960);
  assert.equal(ip.moreFragments, false);
});

test("IPv4 reads DSCP and ECN of the second octet", () => {
  const ip = IPv4.parse(captured.portUnreachable);
  assert.equal(ip?.dscp, 48);
  assert.equal(ip.ecn, 0);
});

test("IPv4 verifies the checksum of the header alone", () => {
  const bytes = captured.recordRouteReply.slice();
  bytes[bytes.length - 1] ^= 1;
  assert(IPv4.parse(bytes)?.verifyChecksum());
  bytes[8]--;
  assert.equal(IPv4.parse(bytes)?.verifyChecksum(), false);
});

test("IPv4.parse refuses a packet cut at every length", () => {
  everyCut(captured.recordRouteRequest, (cut, length) => {
    assert.equal(IPv4.parse(cut), undefined);
    assert.equal(IPv4.check(cut), "truncated");
    const quoted = IPv4.parse(cut, { truncated: true });
    assert.equal(quoted !== undefined, length >= 60, `${length} bytes`);
    if (quoted === undefined) return;
    assert.equal(quoted.isTruncated, true);
    assert.equal(quoted.payload.length, length - 60);
  });
});

test("IPv4.parse ignores what lies beyond the total length", () => {
  const bytes = concat([buildIpv4(plain), new Uint8Array(22)]);
  const ip = IPv4.parse(bytes);
  assert.equal(ip?.bytes.length, 24);
  assert.deepEqual(ip.payload, plain.payload);
});

test("IPv4.check says what is wrong", () => {
  const change = (at: number, ...values: number[]) => {
    const bytes = buildIpv4(plain);
    bytes.set(values, at);
    return IPv4.check(bytes);
  };
  assert.equal(change(0, 0x45), undefined);
  assert.equal(change(0, 0x65), "version");
  assert.equal(change(0, 0x44), "header length");
  assert.equal(change(0, 0x47), "truncated");
  assert.equal(change(2, 0, 19), "length");
  assert.equal(change(2, 0, 25), "truncated");
});

test("buildIpv4 writes what IPv4 reads", () => {
  const random = new Random(10);
  for (let i = 0; i < 1000; i++) {
    const fields = ipv4Fields(random);
    const ip = IPv4.parse(buildIpv4(fields));
    assert(ip !== undefined);
    assert.deepEqual(ip.toFields(), fields);
    assert(ip.verifyChecksum());
    assert.deepEqual(buildIpv4(ip.toFields()), ip.bytes);
  }
});

test("buildIpv4 rebuilds captured packets byte for byte", () => {
  const { recordRouteRequest, recordRouteReply, lastFragment } = captured;
  for (const bytes of [recordRouteRequest, recordRouteReply, lastFragment]) {
    assert.deepEqual(buildIpv4(IPv4.parse(bytes)!.toFields()), bytes);
  }
});

test("emitIpv4 takes a payload that is in place already", () => {
  const target = new Uint8Array(40).fill(0xee);
  target.set(plain.payload, 20);
  const payload = target.subarray(20, 24);
  assert.equal(emitIpv4(target, { ...plain, payload }), 24);
  assert.deepEqual(target.subarray(0, 24), buildIpv4(plain));
  assert.equal(target[24], 0xee);
});

test("buildIpv4 pads options to a multiple of 4", () => {
  const ip = IPv4.parse(buildIpv4({ ...plain, options: hex("0101 01") }));
  assert.deepEqual(ip?.options, hex("0101 0100"));
});

test("buildIpv4 refuses fields that do not fit", () => {
  const bad = [
    { ttl: 256 },
    { ttl: -1 },
    { dscp: 64 },
    { ecn: 4 },
    { protocol: 1.5 },
    { identification: 65536 },
    { fragmentOffset: 4 },
    { fragmentOffset: 65536 },
    { options: new Uint8Array(41) },
    { payload: new Uint8Array(65516) },
  ];
  for (const field of bad) {
    assert.throws(() => buildIpv4({ ...plain, ...field }), RangeError);
  }
  for (const source of ["::1", "host"]) {
    assert.throws(() => buildIpv4({ ...plain, source }), TypeError);
  }
  assert.throws(() => emitIpv4(new Uint8Array(23), plain), RangeError);
  assert.equal(
    buildIpv4({ ...plain, payload: new Uint8Array(65515) }).length,
    65535,
  );
});

test("parseOptions stops at the end of the list and at malformed options", () => {
  assert.deepEqual(parseOptions(hex("00 0204")), []);
  assert.deepEqual(parseOptions(hex("0204 05b4 00 03 03 07")).length, 1);
  for (const text of ["02", "0200", "0201", "0203", "0202 03 ff 00"]) {
    assert(parseOptions(hex(text)).length <= 1, text);
  }
});

test("buildOptions refuses what a header cannot hold", () => {
  const data = new Uint8Array(38);
  assert.equal(buildOptions([{ kind: 7, data }]).length, 40);
  assert.throws(() => buildOptions([{ kind: 0, data }]), RangeError);
  assert.throws(() => buildOptions([{ kind: 256, data }]), RangeError);
  const long = { kind: 7, data: new Uint8Array(39) };
  assert.throws(() => buildOptions([long]), RangeError);
  const longest = { kind: 7, data: new Uint8Array(100_000) };
  assert.throws(() => buildOptions([longest]), RangeError);
});
