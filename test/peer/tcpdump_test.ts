import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

import { test } from "node:test";
import { type Packet, pcapTap, PcapWriter } from "../../src/packet/mod.ts";
import { ping } from "../../src/ping/mod.ts";
import { filter, pipe, take, tap } from "../../src/stream/mod.ts";
import {
  type BatchStage,
  openPlainTunnel,
  openTun,
} from "../../src/tunnel/mod.ts";
import { lacks } from "../_support/lacks.ts";
import { noNobody, run } from "../lab/command.ts";
import { assertCarries, endOptions } from "../lab/tunnel_pair.ts";
import { skip, twoNamespaces } from "../lab/two_namespaces.ts";

/** What `tcpdump -nr` reads in a capture, a line a packet. */
async function tcpdump(chunks: readonly Uint8Array[]): Promise<string[]> {
  const folder = mkdtempSync(`${tmpdir()}/echoduct-`);
  try {
    const file = `${folder}/packets.pcap`;
    writeFileSync(file, Buffer.concat(chunks));
    const { code, stdout, stderr } = await run(["tcpdump", "-tnr", file]);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /truncated|bogus|invalid/);
    return stdout.trimEnd().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// As root it becomes another user, whom a user namespace may not have.
const missing = skip || noNobody || lacks("tcpdump");

test(
  "tcpdump reads what a tap on a device's packets wrote",
  { skip: missing },
  async () => {
    const lab = twoNamespaces();
    try {
      const { fd } = lab.left;
      await using tun = await openTun({
        addresses: ["10.7.0.1/24", "fd07::1/64"],
        netns: fd,
      });
      const run = ping(["10.7.0.9", "fd07::9"], {
        count: 2,
        interval: 1,
        netns: fd,
      });
      const done = run.summary();
      const chunks: Uint8Array[] = [];
      const captured = pipe(
        tun.packets({ signal: AbortSignal.timeout(5000) }),
        filter((packet: Packet) => packet.icmp?.isEchoRequest === true),
        tap(pcapTap((chunk) => chunks.push(chunk))),
        take(4),
      );
      for await (const _ of captured);
      run.stop();
      await done;
      const lines = await tcpdump(chunks);
      assert.equal(lines.length, 4);
      for (
        const [version, from, to] of [
          ["IP", "10.7.0.1", "10.7.0.9"],
          ["IP6", "fd07::1", "fd07::9"],
        ]
      ) {
        const start = `${version} ${from} > ${to}: ICMP`;
        const own = lines.filter((line) =>
          line.startsWith(start) && /echo request.*length 64$/.test(line)
        );
        assert.equal(own.length, 2, lines.join("\n"));
      }
    } finally {
      lab[Symbol.dispose]();
    }
  },
);

test(
  "tcpdump reads what stages of a tunnel wrote",
  { skip: missing },
  async () => {
    const lab = twoNamespaces();
    try {
      const chunks: Uint8Array[] = [];
      const writer = new PcapWriter((chunk) => chunks.push(chunk));
      const capture: BatchStage = (batch) => {
        for (let i = 0; i < batch.count; i++) writer.write(batch.packet(i));
      };
      await using left = await openPlainTunnel({
        ...endOptions(lab, "left"),
        gear: "async",
        outbound: [capture],
        inbound: [capture],
      });
      await using _right = await openPlainTunnel(endOptions(lab, "right"));
      await assertCarries(lab.left);
      await left.stop();
      const lines = await tcpdump(chunks);
      assert.equal(lines.length, writer.count);
      for (const kind of ["echo request", "echo reply"]) {
        const of = (version: string) =>
          lines.filter((line) =>
            line.startsWith(`${version} `) && line.includes(kind)
          ).length;
        assert.deepEqual([of("IP"), of("IP6")], [5, 5], kind);
      }
    } finally {
      lab[Symbol.dispose]();
    }
  },
);
