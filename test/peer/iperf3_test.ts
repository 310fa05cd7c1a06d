import assert from "node:assert/strict";
import { test } from "node:test";
import { lacks } from "../_support/lacks.ts";
import { echoduct, run, start } from "../lab/command.ts";
import { inside, openPair } from "../lab/tunnel_pair.ts";
import {
  type Side,
  skip,
  type TwoNamespaces,
  twoNamespaces,
} from "../lab/two_namespaces.ts";

interface Report {
  readonly end: {
    readonly sum_sent: { readonly bytes: number };
    readonly sum_received: { readonly bytes: number };
    readonly sum?: { readonly lost_percent: number; readonly packets: number };
  };
  readonly error?: string;
}

/** A second of iperf3 from one side to an address of the other. */
async function iperf3(
  from: Side,
  to: Side,
  address: string,
  ...more: string[]
): Promise<Report> {
  await using server = start(
    ["iperf3", "-s", "-1", "--forceflush", "-B", address],
    { netns: to.fd },
  );
  await server.says(/Server listening/);
  const { code, stdout, stderr } = await run(
    ["iperf3", "-c", address, "-t", "1", "-J", ...more],
    { netns: from.fd },
  );
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout);
}

/** TCP and UDP over both IP versions, all through the tunnel. */
async function assertThroughput(lab: TwoNamespaces): Promise<void> {
  for (const address of [inside.right.v4, inside.right.v6]) {
    const tcp = await iperf3(lab.left, lab.right, address);
    const { bytes } = tcp.end.sum_received;
    assert.ok(bytes > 1e6, `TCP to ${address}: ${bytes} bytes`);
    // Backwards: the far end sends.
    const udp = await iperf3(
      ...[lab.left, lab.right, address] as const,
      ...["-u", "-b", "5M", "-l", "1200", "-R"],
    );
    const { lost_percent, packets } = udp.end.sum!;
    assert.ok(packets > 300, `UDP to ${address}: ${packets} packets`);
    assert.ok(lost_percent < 5, `UDP to ${address}: ${lost_percent} % lost`);
  }
}

const missing = skip || lacks("iperf3");

test("iperf3 runs through the async gear", { skip: missing }, async () => {
  const lab = twoNamespaces();
  try {
    await using pair = await openPair(lab, { gear: "async" });
    await assertThroughput(lab);
    const { tun, udp } = pair.left.stats;
    assert.ok(tun.rxBytes > 2e6, `${tun.rxBytes} bytes`);
    assert.ok(udp.rxPackets > 600, `${udp.rxPackets} packets`);
  } finally {
    lab[Symbol.dispose]();
  }
});

test("iperf3 runs through two commands", { skip: missing }, async () => {
  const lab = twoNamespaces();
  try {
    await using left = start(echoduct(...words(1, 2)), { netns: lab.left.fd });
    await using right = start(echoduct(...words(2, 1)), {
      netns: lab.right.fd,
    });
    await left.says(/ready/);
    await right.says(/ready/);
    await assertThroughput(lab);
    left.kill("SIGINT");
    const { code, stdout } = await left.ended;
    assert.equal(code, 0);
    const stopped = JSON.parse(stdout.trimEnd().split("\n")[1]);
    assert.ok(stopped.tun.rxBytes > 2e6, stdout);
  } finally {
    lab[Symbol.dispose]();
  }
});

function words(own: number, other: number): string[] {
  return [
    ...["tunnel", "plain", "--json", "--name", "duct0"],
    ...["--address", `10.7.0.${own}/24`, "--address", `fd07::${own}/64`],
    ...["--listen", `[2001:db8::${own}]:7001`],
    ...["--remote", `[2001:db8::${other}]:7001`],
  ];
}
