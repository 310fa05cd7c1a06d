import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  buildIcmpEcho,
  buildIcmpError,
  buildIp,
  buildIpv4,
  buildIpv6,
  buildOptions,
  buildTcp,
  buildUdp,
  Packet,
  pcapTap,
} from "../../src/packet/mod.ts";
import { concat, hex } from "./_util.ts";

const missing = spawnSync("tcpdump", ["--version"]).error !== undefined;
const skip = missing && "tcpdump is not installed";

/** What tcpdump says about packets: one line each, without the time. */
function tcpdump(packets: readonly Uint8Array[]): string[] {
  const chunks: Uint8Array[] = [];
  const tap = pcapTap((chunk) => chunks.push(chunk));
  for (const packet of packets) tap(packet);
  const folder = mkdtempSync(join(tmpdir(), "echoduct-"));
  try {
    const file = join(folder, "packets.pcap");
    writeFileSync(file, concat(chunks));
    const options = ["-t", "-n", "-vv", "-r", file];
    const run = spawnSync("tcpdump", options, { encoding: "utf8" });
    assert.equal(run.status, 0, run.stderr);
    assert.doesNotMatch(run.stderr, /truncated|bogus/);
    assert.match(run.stderr, /link-type RAW/);
    return run.stdout.replace(/\n\s+/g, " ").trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const four = { source: "10.7.0.2", destination: "10.7.0.1" };
const six = { source: "fd00::2", destination: "fd00::1" };
const ports = { sourcePort: 40_000, destinationPort: 4000 };
const odd = hex("0102 0304 05");
const echo = {
  type: "request",
  identifier: 7,
  sequence: 3,
  payload: odd,
} as const;
const segment = {
  ...ports,
  sequence: 1_000_000,
  acknowledgment: 2,
  flags: ["ACK", "PSH"],
  window: 512,
  options: [
    { kind: 2, data: hex("05b4") },
    { kind: 1, data: hex("") },
    { kind: 3, data: hex("07") },
  ],
  payload: odd,
} as const;

/** A packet and what tcpdump must say about it. */
const cases: [
  name: string,
  packet: Uint8Array,
  ...said: (RegExp | string)[],
][] = [
  [
    "an ICMP echo request",
    buildIp({ ...four, protocol: 1, payload: buildIcmpEcho(echo) }),
    "10.7.0.2 > 10.7.0.1: ICMP echo request, id 7, seq 3, length 13",
    "ttl 64",
  ],
  [
    "an ICMPv6 echo reply",
    buildIp({
      ...six,
      protocol: 58,
      payload: buildIcmpEcho({ ...echo, ...six, type: "reply" }),
    }),
    "fd00::2 > fd00::1: [icmp6 sum ok] ICMP6, echo reply, id 7, seq 3",
  ],
  [
    "UDP over IPv4",
    buildIp({
      ...four,
      protocol: 17,
      payload: buildUdp({ ...four, ...ports, payload: odd }),
    }),
    "10.7.0.2.40000 > 10.7.0.1.4000: [udp sum ok] UDP, length 5",
  ],
  [
    "UDP over IPv6 behind extension headers",
    buildIpv6({
      ...six,
      protocol: 17,
      payload: buildUdp({ ...six, ...ports, payload: odd }),
      extensions: [
        { type: 0, data: hex("0104 0000 0000") },
        { type: 60, data: hex("0104 0000 0000") },
      ],
      flowLabel: 0x12345,
      dscp: 46,
      ecn: 1,
      hopLimit: 9,
    }),
    "HBH (padn) DSTOPT (padn) 40000 > 4000: [udp sum ok] UDP, length 5",
    "class 0xb9, flowlabel 0x12345, hlim 9",
  ],
  [
    "TCP over IPv4",
    buildIp({
      ...four,
      protocol: 6,
      payload: buildTcp({ ...four, ...segment }),
    }),
    /Flags \[P\.\], cksum 0x[0-9a-f]+ \(correct\)/,
    "seq 1000000:1000005, ack 2, win 512, options [mss 1460,nop,wscale 7], length 5",
  ],
  [
    "TCP over IPv6",
    buildIp({
      ...six,
      protocol: 6,
      payload: buildTcp({ ...six, ...segment, flags: ["SYN", "ECE"] }),
    }),
    /Flags \[SE\], cksum 0x[0-9a-f]+ \(correct\)/,
  ],
  [
    "an ICMP error that quotes a packet",
    buildIp({
      ...four,
      protocol: 1,
      payload: buildIcmpError({
        type: 3,
        code: 4,
        mtu: 1280,
        packet: buildIp({
          source: "10.7.0.1",
          destination: "192.0.2.1",
          protocol: 17,
          payload: buildUdp({
            source: "10.7.0.1",
            destination: "192.0.2.1",
            ...ports,
            payload: odd,
          }),
        }),
      }),
    }),
    "ICMP 192.0.2.1 unreachable - need to frag (mtu 1280)",
    "10.7.0.1.40000 > 192.0.2.1.4000: [udp sum ok] UDP, length 5",
  ],
  [
    "an ICMPv6 error",
    buildIp({
      ...six,
      protocol: 58,
      payload: buildIcmpError({
        ...six,
        type: 2,
        code: 0,
        mtu: 1280,
        packet: buildIp({ ...six, protocol: 59, payload: hex("") }),
      }),
    }),
    "[icmp6 sum ok] ICMP6, packet too big, mtu 1280",
  ],
  [
    "IPv4 with options, DSCP and a fragment",
    buildIpv4({
      ...four,
      protocol: 17,
      payload: new Uint8Array(16),
      options: buildOptions([{ kind: 148, data: hex("0000") }]),
      dscp: 46,
      ecn: 2,
      identification: 4711,
      moreFragments: true,
      fragmentOffset: 1480,
    }),
    "tos 0xba,ECT(0), ttl 64, id 4711, offset 1480, flags [+], proto UDP (17), length 40, options (RA)",
  ],
  [
    "an IPv6 fragment",
    buildIpv6({
      ...six,
      protocol: 17,
      payload: new Uint8Array(16),
      extensions: [{ type: 44, data: hex("05a9 00001267") }],
    }),
    "frag (0x00001267:1448|16)",
  ],
];

for (const [name, packet, ...said] of cases) {
  test(`tcpdump reads ${name} as it was meant`, { skip }, () => {
    const [line] = tcpdump([packet]);
    for (const part of said) {
      const found = typeof part === "string"
        ? line.includes(part)
        : part.test(line);
      assert(found, `${part} is not in ${line}`);
    }
    assert.doesNotMatch(line, /bad|incorrect|wrong/);
    assert(Packet.from(packet).verifyChecksums());
  });
}

test("tcpdump counts the packets of a written file", { skip }, () => {
  assert.equal(tcpdump(cases.map(([, packet]) => packet)).length, cases.length);
});
