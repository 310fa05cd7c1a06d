/**
 * The two ways to drive a tunnel's pumps: on this thread, giving way to its
 * event loop, or on a thread of their own that blocks while it is idle.
 *
 * @module
 */
import type { Counters } from "../sys/mod.ts";
import { StopFlag } from "../sys/stop_flag.ts";
import { startThread } from "../sys/thread.ts";
import type { Tun } from "./device.ts";
import type { UdpLink } from "./link.ts";
import { type BatchStage, drive, Pump, type StageModule } from "./pump.ts";
import type { WorkerData, WorkerResult } from "./worker.ts";

/** How pumps are driven: `"worker"` is fastest, `"async"` takes closures. */
export type Gear = "async" | "worker";

/** Pumps in motion. */
export interface Running {
  /** Resolves when they were stopped, rejects if they cannot go on. */
  readonly ended: Promise<void>;
  /** Stops them; afterwards nothing uses the descriptors. */
  stop(): Promise<void>;
}

/** Both ends of a tunnel and what lies between. */
export interface GearOptions<S> {
  readonly tun: Tun;
  readonly link: UdpLink;
  /** Bytes of the longest packet. */
  readonly maxPacket: number;
  /** Stages from the device to the link. */
  readonly outbound: readonly S[];
  /** Stages from the link to the device. */
  readonly inbound: readonly S[];
}

/** Drives both directions on this thread. */
export function runAsync(options: GearOptions<BatchStage>): Running {
  const { tun, link, maxPacket } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const ended = Promise.all([
    drive(
      new Pump({
        source: tun,
        sink: link,
        stages: options.outbound,
        maxPacket,
      }),
      { signal },
    ),
    drive(
      new Pump({
        source: link,
        sink: tun,
        stages: options.inbound,
        maxPacket,
      }),
      { signal },
    ),
  ]).then(() => {}, (error) => {
    const stopped = signal.aborted;
    stop.abort();
    if (!stopped) throw error;
  });
  ended.catch(() => {});
  return {
    ended,
    async stop() {
      stop.abort();
      await ended.catch(() => {});
    },
  };
}

/** Drives both directions on a thread of their own. */
export async function runWorker(
  options: GearOptions<StageModule>,
): Promise<Running> {
  const { tun, link, maxPacket, outbound, inbound } = options;
  const stop = new StopFlag();
  const data: WorkerData = {
    stop: stop.signal,
    tun: {
      fd: tun.device.fd,
      name: tun.name,
      counters: shared(tun.counters),
    },
    udp: {
      fd: link.socket.fd,
      remote: link.remote,
      counters: shared(link.counters),
    },
    maxPacket,
    outbound,
    inbound,
  };
  const thread = await startThread("./worker", import.meta.url, data);
  const ended = thread.result.then((result) => {
    const { failure } = result as WorkerResult;
    if (failure) throw Object.assign(new Error(failure.message), failure);
  }).finally(() => stop[Symbol.dispose]());
  ended.catch(() => {});
  // Not started is not opened: `ended` rejects with the reason.
  if (!await thread.started) await ended;
  return {
    ended,
    async stop() {
      stop.raise();
      await ended.catch(() => {});
    },
  };
}

function shared(counters: Counters): SharedArrayBuffer {
  return counters.values.buffer as SharedArrayBuffer;
}
