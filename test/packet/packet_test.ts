import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  buildIcmpEcho,
  buildIcmpError,
  buildIp,
  buildIpv4,
  buildIpv6,
  buildTcp,
  buildUdp,
  Packet,
  PacketError,
} from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { packet as randomPacket } from "./_samples.ts";
import { everyCut, hex, Random } from "./_util.ts";

const four = { source: "10.7.0.2", destination: "10.7.0.1" };
const six = { source: "fd00::2", destination: "fd00::1" };
const echo = {
  type: "request",
  identifier: 7,
  sequence: 3,
  payload: new Uint8Array(56),
} as const;
const udp = buildUdp({
  ...four,
  sourcePort: 53,
  destinationPort: 4000,
  payload: new Uint8Array(24),
});

test("Packet has the fields of either version under one name", () => {
  const a = Packet.from(captured.recordRouteRequest);
  assert.deepEqual(
    [a.version, a.source, a.destination, a.protocol, a.hopLimit, a.length],
    [4, "127.0.0.1", "127.0.0.1", 1, 64, 124],
  );
  assert.equal(a.ip.version, 4);
  assert.equal(a.payload.length, 64);
  const b = Packet.from(captured.multicastReport);
  assert.deepEqual(
    [b.version, b.destination, b.protocol, b.hopLimit, b.length],
    [6, "ff02::16", 58, 1, 96],
  );
  assert.equal(b.ip.version, 6);
  assert.equal(b.payload.length, 48);
});

test("Packet verifies captured checksums, and sees offloaded ones as wrong", () => {
  const offloaded = ["udpOffloaded", "syn", "push", "reset"];
  for (const [name, bytes] of Object.entries(captured)) {
    const isRight = !offloaded.includes(name);
    assert.equal(Packet.from(bytes).verifyChecksums(), isRight, name);
  }
});

test("Packet verifies every checksum that is built and finds every changed bit", () => {
  const random = new Random(15);
  for (let i = 0; i < 300; i++) {
    const payload = buildUdp({
      ...four,
      sourcePort: random.below(65536),
      destinationPort: random.below(65536),
      payload: random.bytes(random.below(64)),
    });
    const bytes = buildIp({ ...four, protocol: 17, payload });
    assert(Packet.from(bytes).verifyChecksums());
    const at = 26 + random.below(bytes.length - 26);
    bytes[at] ^= 1 << random.below(8);
    assert(!Packet.from(bytes).verifyChecksums(), `byte ${at}`);
  }
  for (let i = 0; i < 300; i++) Packet.from(randomPacket(random));
});

test("Packet.parse refuses captured packets cut at every length", () => {
  for (const bytes of Object.values(captured)) {
    everyCut(bytes, (cut) => assert.equal(Packet.parse(cut), undefined));
  }
});

test("Packet gives the quoted ports however short the quote", () => {
  everyCut(captured.syn, (cut, length) => {
    const quoted = Packet.parse(cut, { truncated: true });
    if (quoted === undefined) return;
    assert.equal(quoted.isTruncated, true);
    assert.equal(quoted.length, 60);
    assert.equal(quoted.destinationPort, length < 24 ? undefined : 7001);
    assert.equal(quoted.tcp, undefined);
    assert.doesNotMatch(`${quoted}`, length < 24 ? /^$/ : /malformed/);
  });
});

test("Packet.from says what is wrong", () => {
  assert.throws(() => Packet.from(hex("")), { reason: "truncated" });
  assert.throws(() => Packet.from(hex("00")), { reason: "version" });
  assert.throws(() => Packet.from(captured.syn.subarray(1)), PacketError);
  assert.throws(() => Packet.from(captured.syn.subarray(0, 30)), {
    name: "PacketError",
    message: "Cannot read 30 bytes as an IP packet: truncated",
  });
});

test("Packet gives one upper layer and none of the others", () => {
  const tcp = Packet.from(captured.push);
  assert.equal(tcp.tcp?.payload.length, 3);
  assert.equal(tcp.tcp, tcp.tcp);
  assert.equal(tcp.udp, undefined);
  assert.equal(tcp.icmp, undefined);
});

test("Packet does not take ICMP over IPv6 for ICMPv6, nor the other way", () => {
  const payload = buildIcmpEcho(echo);
  const a = Packet.from(buildIp({ ...six, protocol: 1, payload }));
  const b = Packet.from(buildIp({ ...four, protocol: 58, payload }));
  assert.equal(a.icmp, undefined);
  assert.equal(b.icmp, undefined);
  assert(a.verifyChecksums() && b.verifyChecksums());
});

test("Packet reads the upper layer of the first fragment only", () => {
  const fields = { ...four, protocol: 17, identification: 9 };
  const first = Packet.from(
    buildIpv4({ ...fields, moreFragments: true, payload: udp.subarray(0, 16) }),
  );
  assert.equal(first.udp?.length, 32);
  assert.deepEqual(first.fragment, {
    identification: 9,
    offset: 0,
    more: true,
  });
  const last = Packet.from(
    buildIpv4({ ...fields, fragmentOffset: 16, payload: udp.subarray(16) }),
  );
  assert.equal(last.udp, undefined);
  assert.equal(last.sourcePort, undefined);
  assert(first.verifyChecksums() && last.verifyChecksums());
});

test("Packet takes an atomic fragment for a whole packet", () => {
  const extensions = [{ type: 44, data: hex("0000 00000007") }];
  const packet = Packet.from(
    buildIpv6({ ...six, protocol: 17, payload: udp, extensions }),
  );
  assert.equal(packet.fragment, undefined);
  assert.equal(packet.udp?.sourcePort, 53);
});

test("Packet describes itself in one line", () => {
  const lines: [Uint8Array, string][] = [
    [
      buildIp({ ...four, protocol: 1, payload: buildIcmpEcho(echo) }),
      "IPv4 10.7.0.2 → 10.7.0.1 ICMP echo request id 7 seq 3, 64 bytes",
    ],
    [
      buildIp({
        ...six,
        protocol: 58,
        payload: buildIcmpEcho({ ...echo, ...six, type: "reply" }),
      }),
      "IPv6 fd00::2 → fd00::1 ICMPv6 echo reply id 7 seq 3, 64 bytes",
    ],
    [
      buildIp({ ...four, protocol: 17, payload: udp }),
      "IPv4 10.7.0.2:53 → 10.7.0.1:4000 UDP, 32 bytes",
    ],
    [
      buildIp({ ...six, protocol: 17, payload: udp }),
      "IPv6 [fd00::2]:53 → [fd00::1]:4000 UDP, 32 bytes",
    ],
    [
      buildIp({
        ...four,
        protocol: 6,
        payload: buildTcp({
          ...four,
          sourcePort: 40_000,
          destinationPort: 443,
          sequence: 1,
          acknowledgment: 2,
          flags: ["SYN", "ACK"],
        }),
      }),
      "IPv4 10.7.0.2:40000 → 10.7.0.1:443 TCP SYN ACK seq 1 ack 2 win 65535, 20 bytes",
    ],
    [
      captured.portUnreachable,
      "IPv4 127.0.0.1 → 127.0.0.1 ICMP port unreachable for (IPv4 127.0.0.1:50398 → 127.0.0.1:9999 UDP, 13 bytes), 41 bytes",
    ],
    [
      captured.lastFragment,
      "IPv4 127.0.0.1 → 127.0.0.1 ICMP fragment id 61910 at 2960, 48 bytes",
    ],
    [
      captured.lastFragment6,
      "IPv6 ::1 → ::1 ICMPv6 fragment id 4207028405 at 2896, 112 bytes",
    ],
    [
      buildIpv4({
        ...four,
        protocol: 17,
        identification: 9,
        moreFragments: true,
        payload: udp.subarray(0, 16),
      }),
      "IPv4 10.7.0.2:53 → 10.7.0.1:4000 UDP fragment id 9 at 0, more follow, 16 bytes",
    ],
    [
      buildIp({ ...four, protocol: 132, payload: new Uint8Array(5) }),
      "IPv4 10.7.0.2 → 10.7.0.1 SCTP, 5 bytes",
    ],
    [
      buildIp({ ...four, protocol: 200, payload: new Uint8Array(5) }),
      "IPv4 10.7.0.2 → 10.7.0.1 protocol 200, 5 bytes",
    ],
    [
      buildIp({ ...four, protocol: 1, payload: new Uint8Array(5) }),
      "IPv4 10.7.0.2 → 10.7.0.1 ICMP malformed, 5 bytes",
    ],
    [
      buildIp({ ...six, protocol: 0, payload: new Uint8Array(5) }),
      "IPv6 fd00::2 → fd00::1 malformed extension header, 5 bytes",
    ],
    [
      captured.multicastReport,
      "IPv6 :: → ff02::16 ICMPv6 multicast listener report v2, 48 bytes",
    ],
  ];
  for (const [bytes, line] of lines) {
    assert.equal(Packet.from(bytes).toString(), line);
  }
});

test("Packet tells how much of a quoted packet is there", () => {
  const packet = buildIp({ ...four, protocol: 17, payload: udp });
  const payload = buildIcmpError({
    type: 3,
    code: 4,
    mtu: 1280,
    packet: packet.subarray(0, 28),
  });
  assert.equal(
    Packet.from(buildIp({ ...four, protocol: 1, payload })).toString(),
    "IPv4 10.7.0.2 → 10.7.0.1 ICMP fragmentation needed mtu 1280 for (IPv4 10.7.0.2:53 → 10.7.0.1:4000 UDP, 8 of 32 bytes), 36 bytes",
  );
});

test("Packet does not follow errors that quote errors", () => {
  let bytes: Uint8Array = captured.portUnreachable;
  for (let i = 0; i < 1000; i++) {
    const header = bytes.slice(0, 28);
    const total = bytes.length + 28;
    header[2] = total >> 8;
    header[3] = total;
    const outer = new Uint8Array(total);
    outer.set(header);
    outer.set(bytes, 28);
    bytes = outer;
  }
  assert(Packet.from(bytes).toString().length < 300);
});

test("every view shows its line when it is inspected", () => {
  const deno = Symbol.for("Deno.customInspect");
  for (const bytes of Object.values(captured)) {
    const packet = Packet.from(bytes);
    const views = [packet, packet.ip, packet.icmp, packet.udp, packet.tcp];
    for (const view of views) {
      if (view === undefined) continue;
      assert.equal(inspect(view), view.toString());
      const show = (view as unknown as Record<symbol, () => string>)[deno];
      assert.equal(show.call(view), view.toString());
      assert(!view.toString().includes("\n"));
    }
  }
});
