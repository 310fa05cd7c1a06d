import type { Lab } from "./_lab.ts";
import { pingTimes } from "./_load.ts";
import type { BenchOptions } from "./main.ts";
import { loopbackHosts } from "./peers/loopback_hosts.ts";
import { cpuSeconds, delay, deno, hasProgram } from "./_process.ts";
import {
  figure,
  mean,
  median,
  quantile,
  ratio,
  type Report,
} from "./_report.ts";

const host = "127.0.0.1";
const ours = "echoduct ping";

function echoduct(...args: string[]): string[] {
  return deno("cli/main.ts", "ping", ...args);
}

/** Samples by the name of what they were taken of. */
type Samples = Map<string, number[]>;

/** Pings side by side: ours, ping(8) and fping(8). */
export async function benchPing(
  lab: Lab,
  { quick }: BenchOptions,
): Promise<Report> {
  const peers = ["ping", "fping"];
  const missing = peers.filter((name) => !hasProgram(name))
    .map((name) => `${name}: it is not installed`);
  const [load] = Deno.loadavg();
  const once = await measureOnce(lab, quick ? 3 : 10);
  const many = await measureMany(lab, quick ? 1 : 5);
  const rtts = await measureRtt(lab, quick ? 50 : 200);
  const waiting = await measureWaiting(lab);
  return {
    bench: "ping",
    tables: [
      {
        title: "The whole process for one probe of 127.0.0.1, ms",
        rows: summarize(once, 1),
      },
      {
        title: `${manyHosts} loopback hosts, one probe each, hosts/s`,
        rows: summarize(many, 0),
      },
      {
        title: "Round trip on loopback, a probe every 10 ms, ms",
        rows: summarize(rtts, 3),
      },
    ],
    targets: [
      {
        name: "whole process for one probe",
        value: get(once, ours),
        most: 150,
        unit: "ms",
        decimals: 0,
      },
      {
        name: "many hosts, module / fping",
        value: ratio(get(many, moduleName), get(many, "fping")),
        unit: "×",
        decimals: 2,
      },
      {
        name: "median round trip, echoduct / ping",
        value: ratio(get(rtts, ours), get(rtts, "ping")),
        unit: "×",
        decimals: 2,
      },
      {
        name: "CPU of a ping that waits, over 3 s",
        value: waiting,
        most: 1,
        unit: "% of a core",
        decimals: 2,
      },
    ],
    missing,
    load,
    results: {
      once: Object.fromEntries(once),
      many: Object.fromEntries(many),
      rtt: Object.fromEntries(
        [...rtts].map(([name, all]) => [name, {
          median: median(all),
          mean: mean(all),
          p99: quantile(all, 0.99),
          count: all.length,
        }]),
      ),
    },
  };
}

/** Milliseconds from the start of the process to its end. */
async function measureOnce(lab: Lab, repetitions: number): Promise<Samples> {
  const commands: Record<string, string[]> = {
    [ours]: echoduct("-c", "1", host),
    ping: ["ping", "-n", "-c", "1", host],
    fping: ["fping", "-c1", host],
  };
  const samples: Samples = new Map();
  // The first fills the caches.
  for (let i = 0; i <= repetitions; i++) {
    for (const [name, command] of Object.entries(commands)) {
      if (!isPresent(name)) continue;
      progress("one probe", i, repetitions, name);
      const start = performance.now();
      await lab.run(lab.near, command, { timeout: 10_000 });
      if (i > 0) add(samples, name, performance.now() - start);
    }
  }
  return samples;
}

const manyHosts = 10_000;
const moduleName = "echoduct module, ping()";

/** Hosts a second, ours without start-up and with it. */
async function measureMany(lab: Lab, repetitions: number): Promise<Samples> {
  const samples: Samples = new Map();
  const input = loopbackHosts(manyHosts).join("\n");
  const script = deno("bench/peers/ping_many.ts", String(manyHosts));
  const fping = ["fping", "-i", "0.001", "-r", "0", "-t", "2000", "-q", "-s"];
  for (let i = 1; i <= repetitions; i++) {
    progress("many hosts", i, repetitions, moduleName);
    const start = performance.now();
    const text = await lab.run(lab.near, script, { timeout: 60_000 });
    const { received, ms } = JSON.parse(text);
    expect(received, moduleName);
    add(samples, moduleName, manyHosts / ms * 1000);
    add(samples, "the same with start-up", rateSince(start));
    if (!isPresent("fping")) continue;
    progress("many hosts", i, repetitions, "fping");
    const begin = performance.now();
    const { complaints } = await lab.finish(lab.near, fping, {
      input,
      timeout: 60_000,
    });
    expect(Number(/(\d+) alive/.exec(complaints)?.[1]), "fping");
    add(samples, "fping", rateSince(begin));
  }
  return samples;
}

/** Round trips on loopback, as each program prints them. */
async function measureRtt(lab: Lab, count: number): Promise<Samples> {
  const samples: Samples = new Map();
  const run = async (name: string, command: string[]) => {
    if (!isPresent(name)) return "";
    progress("round trip", 1, 1, name);
    return await lab.run(lab.near, command, { timeout: count * 20 + 10_000 });
  };
  const n = String(count);
  const events = await run(
    ours,
    echoduct("--json", "-c", n, "-i", "10ms", host),
  );
  samples.set(
    ours,
    events.trim().split("\n").map((line) => JSON.parse(line))
      .filter(({ type }) => type === "reply").map(({ rtt }) => rtt),
  );
  samples.set(
    "ping",
    pingTimes(await run("ping", ["ping", "-n", "-c", n, "-i", "0.01", host])),
  );
  const lines = await run("fping", ["fping", "-c", n, "-p", "10", host]);
  samples.set(
    "fping",
    [...lines.matchAll(/bytes, ([\d.]+) ms/g)].map(([, ms]) => Number(ms)),
  );
  return new Map([...samples].filter(([, all]) => all.length > 0));
}

/** Percent of a core that a ping uses that waits a second between probes. */
async function measureWaiting(lab: Lab): Promise<number> {
  progress("waiting", 1, 1, ours);
  const program = lab.start(lab.near, echoduct("-i", "1", host));
  try {
    await program.until(/icmp_seq=2/);
    const before = cpuSeconds([program.pid]);
    await delay(3000);
    return (cpuSeconds([program.pid]) - before) / 3 * 100;
  } finally {
    await lab.stop(program);
  }
}

function isPresent(name: string): boolean {
  return name === ours || hasProgram(name);
}

function progress(what: string, i: number, of: number, name: string): void {
  console.error(`${what} ${i}/${of} ${name}`);
}

function add(samples: Samples, name: string, value: number): void {
  samples.set(name, [...samples.get(name) ?? [], value]);
}

function get(samples: Samples, name: string): number | undefined {
  const all = samples.get(name);
  return all && median(all);
}

function rateSince(start: number): number {
  return manyHosts / (performance.now() - start) * 1000;
}

function expect(replies: number, name: string): void {
  if (replies === manyHosts) return;
  throw new Error(`${name} had ${replies} replies from ${manyHosts} hosts`);
}

function summarize(samples: Samples, decimals: number): string[][] {
  return [
    ["", "median", "avg", "p99", "least", "most"],
    ...[...samples].map(([name, all]) => [
      name,
      ...[
        median(all),
        mean(all),
        quantile(all, 0.99),
        Math.min(...all),
        Math.max(...all),
      ].map((value) => figure(value, decimals)),
    ]),
  ];
}
