import {
  createNetns,
  Netlink,
  openPlainTunnel,
  type OwnedNetns,
  PermissionError,
  ping,
  type PingSummary,
  type PlainTunnel,
} from "../mod.ts";
import { histogram, sparkline } from "./plot.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Says to the second run of the demo that it is inside already. */
const inside = "ECHODUCT_DEMO_INSIDE";

/**
 * `echoduct demo`: pings, a tunnel between two namespaces, pings through it.
 * Without the privilege to make namespaces it runs itself again in a user
 * namespace, where everybody has it.
 */
export async function runDemo(terminal: Terminal): Promise<number> {
  let left: OwnedNetns;
  try {
    left = createNetns();
  } catch (error) {
    if (!(error instanceof PermissionError) || terminal.env(inside)) {
      throw error;
    }
    const code = await terminal.runBehind(["unshare", "-Urn"], {
      [inside]: "1",
    });
    if (code === undefined) {
      throw new Error(
        "Cannot make network namespaces: run as root, or install 'unshare' (util-linux)",
      );
    }
    return code;
  }
  const right = createNetns();
  const stop = new AbortController();
  const settle = terminal.onStop(() => stop.abort());
  try {
    return await show(left, right, stop.signal, terminal);
  } catch (error) {
    if (stop.signal.aborted) return 130;
    throw error;
  } finally {
    settle();
    // Where it failed half-way, a tunnel may still be open.
    stop.abort();
    left.close();
    right.close();
  }
}

async function show(
  left: OwnedNetns,
  right: OwnedNetns,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<number> {
  const say = (text: string) => terminal.out(`${text}\n`);
  say(`echoduct ${version}: a ping and a tunnel, in two network namespaces`);

  connect(left, right);
  say("\n1. Ping this end's own addresses");
  const loopback = await pingAll(["127.0.0.1", "::1"], 5, left, signal);
  sayReplies(loopback, say);

  say("\n2. Open a tunnel: TUN device ⇄ UDP ⇄ TUN device");
  const options = { mtu: 1420, signal };
  const near = await openPlainTunnel({
    ...options,
    name: "duct0",
    addresses: ["10.7.0.1/24", "fd07::1/64"],
    local: "192.0.2.1:7001",
    remote: "192.0.2.2:7001",
    netns: left.fd,
  });
  const far = await openPlainTunnel({
    ...options,
    name: "duct0",
    addresses: ["10.7.0.2/24", "fd07::2/64"],
    local: "192.0.2.2:7001",
    remote: "192.0.2.1:7001",
    netns: right.fd,
  });
  say(
    "   10.7.0.1 ─ duct0 ─ 192.0.2.1:7001 ~~~ 192.0.2.2:7001 ─ duct0 ─ 10.7.0.2",
  );

  say("\n3. Ping through it");
  const through = await Promise.race([
    pingAll(["10.7.0.2", "fd07::2"], 50, left, signal),
    failureOf(near, far),
  ]);
  sayReplies(through, say);
  const all = [...through.rtts.values()].flat().filter((ms) =>
    ms !== undefined
  );
  say("\n   Round trips, how many took how long:");
  for (const line of histogram(all, { lines: 6, width: 40, unit: "ms" })) {
    say(`   ${line}`);
  }
  sayTraffic(near, say);

  say("\n4. Clean up");
  await near.stop();
  await far.stop();
  const clean = [left, right].every((netns) => !hasDevice(netns, "duct0"));
  say(`   ${clean ? "Nothing is left behind" : "A device is left behind"}`);
  const lost = loopback.summary.lost + through.summary.lost;
  return clean && lost === 0 ? 0 : 1;
}

/** Joins two namespaces by a cable: a veth pair with an address at each end. */
function connect(left: OwnedNetns, right: OwnedNetns): void {
  const near = Netlink.open({ netns: left.fd });
  const far = Netlink.open({ netns: right.fd });
  try {
    near.addVeth({ name: "cable", peer: "cable", peerNetns: right.fd });
    for (
      const [end, address] of [
        [near, "192.0.2.1/24"],
        [far, "192.0.2.2/24"],
      ] as const
    ) {
      end.setLink("lo", { up: true });
      end.setLink("cable", { up: true });
      end.addAddress({ link: "cable", address });
    }
  } finally {
    near.close();
    far.close();
  }
}

/** Rejects when one of the tunnels fails, and never resolves. */
async function failureOf(...tunnels: PlainTunnel[]): Promise<never> {
  await Promise.all(tunnels.map((tunnel) => tunnel.closed));
  return await new Promise<never>(() => {});
}

interface Replies {
  readonly rtts: Map<string, (number | undefined)[]>;
  readonly summary: PingSummary;
}

async function pingAll(
  hosts: readonly string[],
  count: number,
  from: OwnedNetns,
  signal: AbortSignal,
): Promise<Replies> {
  const rtts = new Map<string, (number | undefined)[]>();
  for (const host of hosts) rtts.set(host, new Array(count).fill(undefined));
  const run = ping(hosts, {
    count,
    interval: 25,
    timeout: 1000,
    netns: from.fd,
    signal,
  });
  for await (const event of run) {
    if (event.type === "reply") {
      rtts.get(event.target)![event.seq - 1] = event.rtt;
    }
  }
  return { rtts, summary: await run.summary() };
}

function sayReplies(replies: Replies, say: (text: string) => void): void {
  for (const { target, sent, received, rtt } of replies.summary.targets) {
    const times = rtt
      ? `min ${rtt.min.toFixed(3)}  avg ${rtt.avg.toFixed(3)}  max ${
        rtt.max.toFixed(3)
      } ms  `
      : "";
    say(
      `   ${target.padEnd(10)} ${received} of ${sent} replies  ${times}${
        sparkline(replies.rtts.get(target)!)
      }`,
    );
  }
}

function sayTraffic(tunnel: PlainTunnel, say: (text: string) => void): void {
  const { tun, udp } = tunnel.stats;
  say(
    `   ${tunnel.name} carried ${tun.rxPackets} packets out (${udp.txBytes} bytes) ` +
      `and ${tun.txPackets} in (${udp.rxBytes} bytes)`,
  );
}

function hasDevice(netns: OwnedNetns, name: string): boolean {
  const netlink = Netlink.open({ netns: netns.fd });
  try {
    return netlink.link(name) !== undefined;
  } finally {
    netlink.close();
  }
}
