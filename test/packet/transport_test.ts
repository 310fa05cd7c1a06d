import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildTcp,
  buildUdp,
  emitTcp,
  emitUdp,
  TCP,
  type TCPFlag,
  UDP,
} from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { address, ends, tcpFields, udpFields } from "./_samples.ts";
import { everyCut, hex, Random } from "./_util.ts";

const addresses = { source: "10.7.0.2", destination: "10.7.0.1" };
const ports = { sourcePort: 4000, destinationPort: 53 };

test("UDP reads a captured datagram behind extension headers", () => {
  const udp = UDP.parse(captured.udpWithExtensions.subarray(56));
  assert.equal(udp?.sourcePort, 50102);
  assert.equal(udp.destinationPort, 9999);
  assert.equal(udp.length, 12);
  assert.deepEqual(udp.payload, new TextEncoder().encode("opts"));
  assert(udp.verifyChecksum(...ends("::1", "::1")));
});

test("UDP does not verify a checksum left to an offload", () => {
  const udp = UDP.parse(captured.udpOffloaded.subarray(20));
  assert.equal(udp?.checksum, 0xfe20);
  assert.equal(udp.verifyChecksum(...ends("127.0.0.1", "127.0.0.1")), false);
});

test("UDP takes no checksum for right over IPv4 and wrong over IPv6", () => {
  const udp = UDP.parse(hex("0035 0fa0 0008 0000"));
  assert.equal(udp?.verifyChecksum(...ends("10.0.0.1", "10.0.0.2")), true);
  assert.equal(udp?.verifyChecksum(...ends("::1", "::1")), false);
});

test("UDP.parse refuses a datagram cut at every length", () => {
  const bytes = buildUdp({ ...addresses, ...ports, payload: hex("010203") });
  everyCut(bytes, (cut, length) => {
    assert.equal(UDP.parse(cut), undefined);
    const quoted = UDP.parse(cut, { truncated: true });
    assert.equal(quoted?.payload.length, length < 8 ? undefined : length - 8);
  });
});

test("UDP.parse refuses a length below its header and trims to the length", () => {
  assert.equal(UDP.parse(hex("0035 0fa0 0007 0000")), undefined);
  assert.equal(UDP.parse(hex("0035 0fa0 0000 0000")), undefined);
  assert.equal(UDP.parse(hex("0035 0fa0 0009 0000 0102"))?.payload.length, 1);
});

test("buildUdp writes what UDP reads", () => {
  const random = new Random(13);
  for (let i = 0; i < 1000; i++) {
    const family = random.pick([4, 6] as const);
    const source = address(random, family);
    const destination = address(random, family);
    const fields = udpFields(random);
    const udp = UDP.parse(buildUdp({ ...fields, source, destination }));
    assert.deepEqual(udp?.toFields(), fields);
    assert.notEqual(udp?.checksum, 0);
    assert(udp?.verifyChecksum(...ends(source, destination)));
  }
});

test("buildUdp writes a checksum of 0 as 0xffff", () => {
  const zeros = { source: "0.0.0.0", destination: "0.0.0.0" };
  // Chosen so that the sum is 0xffff: 17 + 10 + 10 + payload.
  const payload = hex("ffda");
  const bytes = buildUdp({
    ...zeros,
    sourcePort: 0,
    destinationPort: 0,
    payload,
  });
  assert.deepEqual(bytes.subarray(6, 8), hex("ffff"));
});

test("buildUdp refuses fields that do not fit", () => {
  const good = { ...addresses, ...ports, payload: new Uint8Array(4) };
  const bad = [
    { sourcePort: 65536 },
    { destinationPort: -1 },
    { payload: new Uint8Array(65528) },
  ];
  for (const field of bad) {
    assert.throws(() => buildUdp({ ...good, ...field }), RangeError);
  }
  assert.throws(() => buildUdp({ ...good, source: "::1" }), TypeError);
  assert.throws(() => emitUdp(new Uint8Array(11), good), RangeError);
});

test("TCP reads a captured SYN with its options", () => {
  const tcp = TCP.parse(captured.syn.subarray(20));
  assert(tcp !== undefined);
  assert.equal(tcp.sourcePort, 36300);
  assert.equal(tcp.destinationPort, 7001);
  assert.equal(tcp.sequence, 3040934805);
  assert.equal(tcp.acknowledgment, 0);
  assert.equal(tcp.headerLength, 40);
  assert.deepEqual(tcp.flags, ["SYN"]);
  assert.equal(tcp.window, 64240);
  assert.equal(tcp.urgentPointer, 0);
  assert.equal(tcp.maximumSegmentSize, 1460);
  assert.deepEqual(tcp.options.map(({ kind }) => kind), [2, 4, 8, 1, 3]);
  assert.equal(tcp.payload.length, 0);
});

test("TCP reads captured flags and payload", () => {
  const push = TCP.parse(captured.push.subarray(20));
  assert.deepEqual(push?.flags, ["PSH", "ACK"]);
  assert.deepEqual(push?.payload, new TextEncoder().encode("GET"));
  assert.deepEqual(TCP.parse(captured.reset.subarray(20))?.flags, [
    "RST",
    "ACK",
  ]);
});

test("TCP.parse refuses a header cut at every length or out of range", () => {
  const bytes = captured.syn.subarray(20);
  everyCut(bytes, (cut) => assert.equal(TCP.parse(cut), undefined));
  const short = bytes.slice();
  short[12] = 0x40;
  assert.equal(TCP.parse(short), undefined);
  short[12] = 0xf0;
  assert.equal(TCP.parse(short), undefined);
});

test("buildTcp gives a captured segment the checksum it should have had", () => {
  const captives = { syn: 0xdf67, push: 0xb116, reset: 0x4c5e };
  for (const [name, right] of Object.entries(captives)) {
    const bytes = captured[name as keyof typeof captives].subarray(20);
    const tcp = TCP.parse(bytes)!;
    const built = buildTcp({
      ...tcp.toFields(),
      source: "127.0.0.1",
      destination: "127.0.0.1",
    });
    assert.equal(TCP.parse(built)?.checksum, right);
    built.set(bytes.subarray(16, 18), 16);
    assert.deepEqual(built, bytes);
  }
});

test("buildTcp writes what TCP reads", () => {
  const random = new Random(14);
  for (let i = 0; i < 1000; i++) {
    const family = random.pick([4, 6] as const);
    const source = address(random, family);
    const destination = address(random, family);
    const fields = tcpFields(random);
    const tcp = TCP.parse(buildTcp({ ...fields, source, destination }));
    assert.deepEqual(tcp?.toFields(), fields);
    assert(tcp?.verifyChecksum(...ends(source, destination)));
  }
});

test("buildTcp refuses fields that do not fit", () => {
  const good = { ...addresses, ...ports, sequence: 1 };
  const bad = [
    { sourcePort: 65536 },
    { sequence: 2 ** 32 },
    { acknowledgment: -1 },
    { window: 65536 },
    { urgentPointer: 0.5 },
    { payload: new Uint8Array(65516) },
    { options: [{ kind: 2, data: new Uint8Array(39) }] },
  ];
  for (const field of bad) {
    assert.throws(() => buildTcp({ ...good, ...field }), RangeError);
  }
  const flags = ["BAD" as TCPFlag];
  assert.throws(() => buildTcp({ ...good, flags }), TypeError);
  assert.throws(() => emitTcp(new Uint8Array(19), good), RangeError);
});
