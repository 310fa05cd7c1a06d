import assert from "node:assert/strict";
import { test } from "node:test";
import { buildIpv6, emitIpv6, IPv6, Packet } from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { ipv6Fields } from "./_samples.ts";
import { concat, everyCut, hex, Random } from "./_util.ts";

const plain = {
  source: "fd00::2",
  destination: "fd00::1",
  protocol: 253,
  payload: hex("0102 0304"),
};

test("IPv6 reads a captured echo request", () => {
  const ip = IPv6.parse(captured.echoRequest6);
  assert(ip !== undefined);
  assert.equal(ip.version, 6);
  assert.equal(ip.flowLabel, 0x72e4a);
  assert.equal(ip.dscp, 0);
  assert.equal(ip.ecn, 0);
  assert.equal(ip.payloadLength, 64);
  assert.equal(ip.nextHeader, 58);
  assert.equal(ip.protocol, 58);
  assert.equal(ip.hopLimit, 64);
  assert.equal(ip.source, "::1");
  assert.equal(ip.destination, "::1");
  assert.equal(ip.fragment, undefined);
  assert.deepEqual(ip.extensions, []);
  assert.equal(ip.payload.length, 64);
});

test("IPv6 walks captured hop-by-hop and destination options", () => {
  const ip = IPv6.parse(captured.udpWithExtensions);
  assert.equal(ip?.nextHeader, 0);
  assert.equal(ip.protocol, 17);
  assert.deepEqual(ip.extensions, [
    { type: 0, data: hex("0104 0000 0000") },
    { type: 60, data: hex("0104 0000 0000") },
  ]);
  assert.equal(ip.payload.length, 12);
});

test("IPv6 reads a captured router alert before a multicast report", () => {
  const ip = IPv6.parse(captured.multicastReport);
  assert.equal(ip?.protocol, 58);
  assert.equal(ip.hopLimit, 1);
  assert.equal(ip.extensions[0].type, 0);
  assert.equal(ip.payload[0], 143);
});

test("IPv6 reads a captured last fragment", () => {
  const ip = IPv6.parse(captured.lastFragment6);
  assert.deepEqual(ip?.fragment, {
    identification: 0xfac228b5,
    offset: 2896,
    more: false,
  });
  assert.equal(ip.protocol, 58);
  assert.equal(ip.payload.length, 112);
});

test("IPv6 knows AH by its own unit of length", () => {
  const bytes = buildIpv6({
    ...plain,
    protocol: 17,
    extensions: [
      { type: 51, data: new Uint8Array(22) },
      { type: 43, data: new Uint8Array(6) },
    ],
  });
  assert.equal(bytes[41], 4);
  assert.equal(IPv6.parse(bytes)?.protocol, 17);
  assert.equal(IPv6.parse(bytes)?.payload.length, 4);
});

test("IPv6 does not look behind a later fragment's header", () => {
  const fragment = { type: 44, data: hex("0051 00000007") };
  const options = { type: 60, data: hex("0104 0000 0000") };
  const bytes = buildIpv6({ ...plain, extensions: [fragment, options] });
  const ip = IPv6.parse(bytes);
  assert.equal(ip?.protocol, 60);
  assert.equal(ip.fragment?.offset, 80);
  assert.equal(ip.fragment?.more, true);
  assert.equal(ip.payload.length, 12);
});

test("IPv6.protocol is undefined where an extension header is cut short", () => {
  const whole = captured.udpWithExtensions;
  for (let length = 40; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    cut[5] = length - 40;
    const ip = IPv6.parse(cut);
    assert.equal(ip?.protocol, length < 56 ? undefined : 17, `${length} bytes`);
    assert.equal(ip?.extensions.length, length < 48 ? 0 : length < 56 ? 1 : 2);
    assert.match(`${ip}`, length < 56 ? /malformed/ : /UDP/);
  }
});

test("IPv6 walks 32 extension headers and no more", () => {
  const option = { type: 60, data: new Uint8Array(6) };
  const of = (count: number) =>
    IPv6.parse(
      buildIpv6({ ...plain, extensions: Array(count).fill(option) }),
    )!;
  assert.equal(of(32).protocol, 253);
  assert.equal(of(33).protocol, undefined);
  assert.equal(of(33).extensions.length, 32);
  assert.equal(Packet.from(of(33).bytes).protocol, undefined);
});

test("IPv6.parse refuses a packet cut at every length", () => {
  everyCut(captured.udpWithExtensions, (cut, length) => {
    assert.equal(IPv6.parse(cut), undefined);
    assert.equal(IPv6.check(cut), "truncated");
    const quoted = IPv6.parse(cut, { truncated: true });
    assert.equal(quoted !== undefined, length >= 40, `${length} bytes`);
  });
});

test("IPv6.parse ignores what lies beyond the payload length", () => {
  const bytes = concat([buildIpv6(plain), new Uint8Array(9)]);
  assert.deepEqual(IPv6.parse(bytes)?.payload, plain.payload);
});

test("IPv6.check refuses another version", () => {
  const bytes = buildIpv6(plain);
  bytes[0] = 0x40;
  assert.equal(IPv6.check(bytes), "version");
});

test("buildIpv6 writes what IPv6 reads", () => {
  const random = new Random(11);
  for (let i = 0; i < 1000; i++) {
    const fields = ipv6Fields(random);
    const ip = IPv6.parse(buildIpv6(fields));
    assert(ip !== undefined);
    assert.deepEqual(ip.toFields(), fields);
    assert.deepEqual(buildIpv6(ip.toFields()), ip.bytes);
  }
});

test("buildIpv6 rebuilds captured packets byte for byte", () => {
  const { udpWithExtensions, lastFragment6, multicastReport } = captured;
  for (const bytes of [udpWithExtensions, lastFragment6, multicastReport]) {
    assert.deepEqual(buildIpv6(IPv6.parse(bytes)!.toFields()), bytes);
  }
});

test("buildIpv6 refuses fields that do not fit", () => {
  const extension = (type: number, size: number) => ({
    extensions: [{ type, data: new Uint8Array(size) }],
  });
  const bad = [
    { hopLimit: 256 },
    { flowLabel: 0x100000 },
    { dscp: 64 },
    { ecn: -1 },
    { protocol: 256 },
    { payload: new Uint8Array(65536) },
    extension(60, 7),
    extension(60, 2046 + 8),
    extension(44, 14),
    extension(51, 8),
    extension(17, 6),
  ];
  for (const field of bad) {
    assert.throws(() => buildIpv6({ ...plain, ...field }), RangeError);
  }
  assert.throws(() => buildIpv6({ ...plain, source: "10.0.0.1" }), TypeError);
  assert.throws(() => emitIpv6(new Uint8Array(43), plain), RangeError);
});
