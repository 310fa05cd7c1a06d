import type { Lab } from "./_lab.ts";
import { roundTrips, tcp } from "./_load.ts";
import type { BenchOptions } from "./main.ts";
import type { Contender } from "./peers/contender.ts";
import { command, scripted } from "./peers/echoduct.ts";
import { fsDgram } from "./peers/fs_dgram.ts";
import { socat } from "./peers/socat.ts";
import { wireguardGo } from "./peers/wireguard_go.ts";
import { cpuSeconds, delay, hasProgram, type Program } from "./_process.ts";
import {
  figure,
  mean,
  median,
  quantile,
  ratio,
  type Report,
  type Target,
} from "./_report.ts";

const packets = scripted("packets");
const batches = scripted("batches");
const contenders = [command, packets, batches, socat, fsDgram, wireguardGo];

interface RoundTrips {
  readonly median: number;
  readonly mean: number;
  readonly p99: number;
}

/** One repetition of one tunnel. */
interface Sample {
  readonly gbps: number;
  readonly retransmits: number;
  /** CPU seconds of both ends, for each second of the stream. */
  readonly cpu: number;
  /** Idle round trips of a fresh tunnel, in ms. */
  readonly rtt: RoundTrips;
  /** The same after the stream, when its code has been compiled. */
  readonly warm: RoundTrips;
}

type Samples = Map<Contender, Sample[]>;

/** Tunnels side by side: ours, and other people's. */
export async function benchTunnel(
  lab: Lab,
  { quick }: BenchOptions,
): Promise<Report> {
  for (const name of ["iperf3", "ping"]) {
    if (!hasProgram(name)) throw new Error(`Cannot measure without '${name}'`);
  }
  const [load] = Deno.loadavg();
  const missing: string[] = [];
  const present = contenders.filter(({ name, needs }) => {
    const lacking = needs.filter((program) => !hasProgram(program));
    if (lacking.length > 0) {
      missing.push(`${name}: ${lacking.join(", ")} is not installed`);
    }
    return lacking.length === 0;
  });
  const attempt = async <T>(what: string, run: () => Promise<T>) => {
    try {
      return await run();
    } catch (error) {
      if (lab.closed) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      missing.push(`${what}: ${reason}`);
      return undefined;
    }
  };
  const samples: Samples = new Map();
  const repetitions = quick ? 1 : 3;
  for (let i = 1; i <= repetitions; i++) {
    for (const contender of present) {
      console.error(`${i}/${repetitions} ${contender.name}`);
      const sample = await attempt(
        `${contender.name}, repetition ${i}`,
        () => measure(lab, contender, quick),
      );
      if (sample) {
        samples.set(contender, [...samples.get(contender) ?? [], sample]);
      }
    }
  }
  const idle = await attempt("idle CPU", () => measureIdle(lab, command));
  return {
    bench: "tunnel",
    tables: [{
      title: "Two namespaces, MTU 1420 inside, one TCP stream; medians",
      rows: rows(samples),
    }],
    targets: targets(samples, idle),
    missing,
    load,
    results: { rows: Object.fromEntries(named(samples)) },
  };
}

async function measure(
  lab: Lab,
  contender: Contender,
  quick: boolean,
): Promise<Sample> {
  const programs = await open(lab, contender);
  try {
    const rtt = await measureIdleRtt(lab, quick);
    const pids = programs.map(({ pid }) => pid);
    const seconds = quick ? 2 : 4;
    const before = cpuSeconds(pids);
    const stream = await tcp(lab, { seconds });
    const cpu = (cpuSeconds(pids) - before) / seconds;
    const warm = await measureIdleRtt(lab, quick);
    return { ...stream, cpu, rtt, warm };
  } finally {
    for (const program of programs) await lab.stop(program);
  }
}

async function measureIdleRtt(lab: Lab, quick: boolean): Promise<RoundTrips> {
  const times = await roundTrips(lab, quick ? 100 : 300);
  return {
    median: median(times),
    mean: mean(times),
    p99: quantile(times, 0.99),
  };
}

/** Percent of a core that each end of an idle tunnel uses over 3 s. */
async function measureIdle(lab: Lab, contender: Contender): Promise<number> {
  console.error(`idle ${contender.name}`);
  const programs = await open(lab, contender);
  try {
    await delay(2000);
    const before = programs.map(({ pid }) => cpuSeconds([pid]));
    await delay(3000);
    const used = programs.map(({ pid }, i) => cpuSeconds([pid]) - before[i]);
    return Math.max(...used) / 3 * 100;
  } finally {
    for (const program of programs) await lab.stop(program);
  }
}

async function open(lab: Lab, contender: Contender): Promise<Program[]> {
  const programs = await contender.start(lab);
  try {
    await lab.reach();
    return programs;
  } catch (error) {
    const complaints = programs.map((program) => program.complaints);
    for (const program of programs) await lab.stop(program);
    throw new Error(`${(error as Error).message} ${complaints.join(" ")}`);
  }
}

/** The median of one figure of a contender, if it was measured. */
function of(
  samples: Samples,
  contender: Contender,
  pick: (sample: Sample) => number,
): number | undefined {
  const all = samples.get(contender);
  return all && median(all.map(pick));
}

function rows(samples: Samples): string[][] {
  const head = ["tunnel", "Gb/s", "×socat", "from", "to", "retr", "RTT ms"];
  head.push("avg", "p99", "warm", "CPU/s");
  return [
    head,
    ...[...samples].map(([contender, all]) => {
      const get = (pick: (sample: Sample) => number) => median(all.map(pick));
      const rates = all.map(({ gbps }) => gbps);
      const base = of(samples, socat, ({ gbps }) => gbps);
      return [
        contender.name,
        figure(median(rates), 2),
        figure(ratio(median(rates), base), 2),
        figure(Math.min(...rates), 2),
        figure(Math.max(...rates), 2),
        figure(get((sample) => sample.retransmits), 0),
        figure(get((sample) => sample.rtt.median), 3),
        figure(get((sample) => sample.rtt.mean), 3),
        figure(get((sample) => sample.rtt.p99), 3),
        figure(get((sample) => sample.warm.median), 3),
        figure(get((sample) => sample.cpu), 2),
      ];
    }),
  ];
}

function targets(samples: Samples, idle: number | undefined): Target[] {
  const rate = (one: Contender) => of(samples, one, ({ gbps }) => gbps);
  const rtt = (one: Contender) => of(samples, one, (s) => s.rtt.median);
  const warm = (one: Contender) => of(samples, one, (s) => s.warm.median);
  const times = { unit: "×", decimals: 2 };
  return [
    {
      name: "throughput, tunnel plain / socat",
      value: ratio(rate(command), rate(socat)),
      least: 1.5,
      ...times,
    },
    {
      name: "throughput, script packets() / fs + dgram",
      value: ratio(rate(packets), rate(fsDgram)),
      least: 3,
      ...times,
    },
    {
      name: "throughput, script batches() / fs + dgram",
      value: ratio(rate(batches), rate(fsDgram)),
      least: 3,
      ...times,
    },
    {
      name: "idle round trip, tunnel plain / socat",
      value: ratio(rtt(command), rtt(socat)),
      most: 1.5,
      ...times,
    },
    {
      name: "the same after the stream",
      value: ratio(warm(command), warm(socat)),
      most: 1.5,
      ...times,
    },
    {
      name: "CPU of an idle end over 3 s",
      value: idle,
      most: 1,
      unit: "% of a core",
      decimals: 2,
    },
  ];
}

function named(samples: Samples): [string, Sample[]][] {
  return [...samples].map(([{ name }, all]) => [name, all]);
}
