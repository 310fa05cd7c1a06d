/**
 * Measures echoduct beside other programs, in one run, in namespaces of its
 * own.
 *
 * ```sh
 * deno task bench            # what there is
 * deno task bench tunnel     # tables, ratios, one line of JSON
 * deno task bench ping --quick
 * ```
 *
 * @module
 */
import { isolate, onStop } from "./_isolate.ts";
import { Lab } from "./_lab.ts";
import { print, type Report } from "./_report.ts";
import { benchPing } from "./ping.ts";
import { benchTunnel } from "./tunnel.ts";

/** How a benchmark is to run. */
export interface BenchOptions {
  /** Shorter, and once: to see that it works, not to quote. */
  readonly quick: boolean;
}

interface Bench {
  readonly about: string;
  run(lab: Lab, options: BenchOptions): Promise<Report>;
}

const benches: Readonly<Record<string, Bench>> = {
  tunnel: {
    about: "throughput, round trip and CPU of tunnels (about 4 minutes)",
    run: benchTunnel,
  },
  ping: {
    about: "start-up, many hosts and accuracy of pings (about 1 minute)",
    run: benchPing,
  },
};

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => !arg.startsWith("-"));
  const flags = args.filter((arg) => arg.startsWith("-"));
  const wrong = flags.find((flag) => flag !== "--quick") ??
    names.find((name) => !Object.hasOwn(benches, name));
  if (wrong !== undefined) console.error(`bench: there is no '${wrong}'`);
  if (wrong !== undefined || names.length === 0) {
    console.log("deno task bench NAME... [--quick]");
    for (const [name, { about }] of Object.entries(benches)) {
      console.log(`  ${name.padEnd(8)} ${about}`);
    }
    return wrong === undefined ? 0 : 2;
  }
  const code = await isolate();
  if (code !== undefined) return code;
  const stop = new AbortController();
  onStop(() => stop.abort());
  for (const name of names) {
    await runBench(benches[name], { quick: flags.length > 0 }, stop.signal);
    if (stop.signal.aborted) return 130;
  }
  return 0;
}

async function runBench(
  bench: Bench,
  options: BenchOptions,
  signal: AbortSignal,
): Promise<void> {
  const lab = new Lab();
  const close = () => void lab.close();
  signal.addEventListener("abort", close);
  try {
    const report = await bench.run(lab, options);
    if (!signal.aborted) print(report);
  } catch (error) {
    // A closed lab fails everything that is under way.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", close);
    await lab.close();
  }
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
