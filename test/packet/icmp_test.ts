import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildIcmp,
  buildIcmpEcho,
  buildIcmpError,
  buildIp,
  emitIcmpEcho,
  ICMP,
  icmpName,
  ICMPv6,
  IPv6,
  Packet,
  parseIcmpExtensions,
} from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { address, ends } from "./_samples.ts";
import { concat, everyCut, hex, Random } from "./_util.ts";

test("ICMP reads a captured echo request", () => {
  const icmp = ICMP.parse(captured.recordRouteRequest.subarray(60));
  assert(icmp !== undefined);
  assert.equal(icmp.type, 8);
  assert.equal(icmp.code, 0);
  assert.equal(icmp.checksum, 0xb5b3);
  assert.equal(icmp.identifier, 8892);
  assert.equal(icmp.sequence, 1);
  assert.equal(icmp.payload.length, 56);
  assert(icmp.isEchoRequest && !icmp.isEchoReply && !icmp.isError);
  assert.equal(icmp.quoted, undefined);
  assert(icmp.verifyChecksum());
});

test("ICMPv6 verifies captured checksums with their pseudo-headers", () => {
  const { echoRequest6, portUnreachable6, multicastReport } = captured;
  const all = [echoRequest6, portUnreachable6, multicastReport];
  for (const bytes of [...all, captured.routerSolicitation]) {
    const ip = IPv6.parse(bytes)!;
    const icmp = ICMPv6.parse(ip.payload)!;
    const [source, destination] = ends(ip.source, ip.destination);
    assert(icmp.verifyChecksum(source, destination));
    assert(!icmp.verifyChecksum(source, new Uint8Array(16).fill(9)));
  }
});

test("ICMP quotes the packet of a captured port unreachable", () => {
  const packet = Packet.from(captured.portUnreachable);
  assert.equal(packet.icmp?.name, "port unreachable");
  assert.equal(packet.quoted?.destinationPort, 9999);
  assert.equal(packet.quoted?.udp?.payload.length, 5);
});

test("ICMPv6 quotes a packet with extension headers", () => {
  const packet = Packet.from(captured.portUnreachable6);
  assert.equal(packet.icmp?.name, "port unreachable");
  assert.equal(packet.quoted?.sourcePort, 50102);
  assert.equal(packet.quoted?.destinationPort, 9999);
});

test("ICMP and ICMPv6 refuse fewer than 8 bytes", () => {
  everyCut(new Uint8Array(8), (cut) => {
    assert.equal(ICMP.parse(cut), undefined);
    assert.equal(ICMPv6.parse(cut), undefined);
  });
});

test("buildIcmpEcho writes what ICMP and ICMPv6 read", () => {
  const random = new Random(12);
  for (let i = 0; i < 500; i++) {
    const family = random.pick([4, 6] as const);
    const source = address(random, family);
    const destination = address(random, family);
    const identifier = random.below(65536);
    const sequence = random.below(65536);
    const payload = random.bytes(random.below(100));
    const type = random.pick(["request", "reply"] as const);
    const bytes = buildIcmpEcho({
      type,
      identifier,
      sequence,
      payload,
      source,
      destination,
    });
    const message = family === 4 ? ICMP.parse(bytes) : ICMPv6.parse(bytes);
    assert(message !== undefined);
    assert.equal(message.isEchoRequest, type === "request");
    assert.equal(message.isEchoReply, type === "reply");
    assert.equal(message.code, 0);
    assert.equal(message.identifier, identifier);
    assert.equal(message.sequence, sequence);
    assert.deepEqual(message.payload, payload);
    assert(message.verifyChecksum(...ends(source, destination)));
  }
});

test("buildIcmpEcho leaves the checksum of ICMPv6 to the kernel without addresses", () => {
  const echo = { type: "request", identifier: 1, sequence: 2 } as const;
  const bytes = buildIcmpEcho({ ...echo, family: 6 });
  assert.deepEqual(bytes, hex("8000 0000 0001 0002"));
  assert.deepEqual(buildIcmpEcho(echo), hex("0800 f7fc 0001 0002"));
});

test("buildIcmpEcho refuses a family that its addresses are not of", () => {
  const echo = { type: "request", identifier: 1, sequence: 2 } as const;
  const six = { source: "::1", destination: "::1" };
  assert.throws(() => buildIcmpEcho({ ...echo, ...six, family: 4 }), TypeError);
  const mixed = { source: "::1", destination: "10.0.0.1" };
  assert.throws(() => buildIcmpEcho({ ...echo, ...mixed }), TypeError);
  assert.throws(() => buildIcmpEcho({ ...echo, sequence: 65536 }), RangeError);
  const payload = new Uint8Array(65528);
  assert.throws(() => buildIcmpEcho({ ...echo, payload }), RangeError);
  assert.throws(() => emitIcmpEcho(new Uint8Array(7), echo), RangeError);
});

test("buildIcmpError carries what its type asks for", () => {
  const packet = captured.syn;
  const of = (type: number, code: number, extra: object) =>
    ICMP.parse(buildIcmpError({ type, code, packet, ...extra }))!;
  const tooBig = of(3, 4, { mtu: 1280 });
  assert.equal(tooBig.mtu, 1280);
  assert.equal(`${tooBig}`, "ICMP fragmentation needed mtu 1280, 68 bytes");
  const problem = of(12, 0, { pointer: 9 });
  assert.equal(problem.pointer, 9);
  const redirect = of(5, 1, { gateway: "10.7.0.254" });
  assert.equal(redirect.gateway, "10.7.0.254");
  assert.equal(`${redirect}`, "ICMP redirect for host to 10.7.0.254, 68 bytes");
  assert.equal(of(3, 1, {}).mtu, undefined);
  assert.throws(() => of(5, 1, { gateway: "::1" }), TypeError);
  assert.throws(() => of(3, 4, { mtu: 65536 }), RangeError);
  const six = ICMPv6.parse(
    buildIcmpError({ type: 2, code: 0, packet, mtu: 70_000, family: 6 }),
  );
  assert.equal(six?.mtu, 70_000);
});

test("buildIcmpError quotes no more than may pass anywhere", () => {
  const packet = buildIp({
    source: "10.0.0.1",
    destination: "10.0.0.2",
    protocol: 17,
    payload: new Uint8Array(3000),
  });
  assert.equal(buildIcmpError({ type: 3, code: 1, packet }).length, 556);
  const six = buildIcmpError({ type: 1, code: 3, packet, family: 6 });
  assert.equal(six.length, 1240);
});

test("parseIcmpExtensions reads the MPLS labels behind a padded quote", () => {
  const quote = concat([captured.syn, new Uint8Array(128 - 60)]);
  const structure = hex("2000 0000 0008 0101 0001 01ff");
  const bytes = buildIcmp({
    type: 11,
    rest: 32 << 16,
    payload: concat([quote, structure]),
  });
  const icmp = ICMP.parse(bytes)!;
  assert.equal(icmp.quoted?.length, 128);
  assert.deepEqual(icmp.extensions, structure);
  assert.deepEqual(parseIcmpExtensions(icmp.extensions!), [
    { class: 1, type: 1, payload: hex("000101ff") },
  ]);
  const quoted = Packet.parse(icmp.quoted!, { truncated: true });
  assert.equal(quoted?.tcp?.destinationPort, 7001);
});

test("parseIcmpExtensions refuses another version and a wrong checksum", () => {
  assert.equal(parseIcmpExtensions(hex("")), undefined);
  assert.equal(parseIcmpExtensions(hex("1000 0000")), undefined);
  assert.equal(parseIcmpExtensions(hex("2000 1234")), undefined);
  assert.deepEqual(parseIcmpExtensions(hex("2000 dfff")), []);
  assert.deepEqual(parseIcmpExtensions(hex("2000 0000 0003 0101")), []);
  assert.deepEqual(parseIcmpExtensions(hex("2000 0000 0009 0101 00")), []);
});

test("icmpName names the codes of both registries", () => {
  const names: [4 | 6, number, number, string][] = [
    [4, 0, 0, "echo reply"],
    [4, 3, 0, "network unreachable"],
    [4, 3, 1, "host unreachable"],
    [4, 3, 13, "communication administratively prohibited"],
    [4, 3, 15, "precedence cutoff in effect"],
    [4, 3, 16, "destination unreachable code 16"],
    [4, 5, 1, "redirect for host"],
    [4, 8, 0, "echo request"],
    [4, 8, 1, "echo request code 1"],
    [4, 11, 0, "ttl exceeded in transit"],
    [4, 12, 2, "bad length"],
    [4, 99, 1, "type 99 code 1"],
    [4, 99, 0, "type 99"],
    [6, 1, 0, "no route to destination"],
    [6, 1, 4, "port unreachable"],
    [6, 2, 0, "packet too big"],
    [6, 3, 0, "hop limit exceeded in transit"],
    [6, 4, 1, "unrecognized next header"],
    [6, 128, 0, "echo request"],
    [6, 129, 0, "echo reply"],
    [6, 135, 0, "neighbor solicitation"],
    [6, 138, 255, "router renumbering code 255"],
  ];
  for (const [version, type, code, name] of names) {
    assert.equal(icmpName(version, type, code), name);
  }
  assert.equal(icmpName(4, 3), "destination unreachable");
  for (let type = 0; type < 256; type++) {
    for (let code = 0; code < 256; code++) {
      assert(icmpName(4, type, code) && icmpName(6, type, code));
    }
  }
});
