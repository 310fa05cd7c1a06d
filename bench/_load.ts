/** The load that is put on a tunnel, by programs that are not ours. */
import type { Lab } from "./_lab.ts";

/** What came through in one TCP stream. */
export interface TcpResult {
  /** Received, in Gb/s. */
  readonly gbps: number;
  readonly retransmits: number;
}

/** Sends as much as goes from near to far, through the tunnel. */
export async function tcp(
  lab: Lab,
  options: { seconds: number },
): Promise<TcpResult> {
  const { seconds } = options;
  const { inner } = lab.far;
  const server = lab.start(
    lab.far,
    ["iperf3", "-s", "-1", "--forceflush", "-B", inner],
  );
  try {
    await server.until(/Server listening/);
    const text = await lab.run(
      lab.near,
      ["iperf3", "-c", inner, "-J", "-t", String(seconds)],
      { timeout: seconds * 1000 + 10_000 },
    );
    const { end } = JSON.parse(text);
    return {
      gbps: end.sum_received.bits_per_second / 1e9,
      retransmits: end.sum_sent.retransmits,
    };
  } finally {
    await lab.stop(server);
  }
}

/** Round trips through the tunnel, one every 10 ms, in ms. */
export async function roundTrips(lab: Lab, count: number): Promise<number[]> {
  const text = await lab.run(
    lab.near,
    ["ping", "-n", "-i", "0.01", "-c", String(count), "-W", "1", lab.far.inner],
    { timeout: count * 20 + 10_000, tolerant: true },
  );
  return pingTimes(text);
}

/** The round trips that ping(8) printed, in ms. */
export function pingTimes(text: string): number[] {
  return [...text.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
}
