/**
 * What runs on the thread of the worker gear: the same pumps, driven by a loop
 * that blocks. `gear.ts` starts it; descriptors belong to the process, so the
 * thread works on those that were opened elsewhere.
 *
 * @module
 */
import { BlockingPoller } from "../sys/blocking_poller.ts";
import {
  Counters,
  type SocketAddress,
  TunDevice,
  UdpSocket,
} from "../sys/mod.ts";
import type { StopSignal } from "../sys/stop_flag.ts";
import { threadContext } from "../sys/thread.ts";
import { type BatchStage, Pump, type StageModule } from "./pump.ts";

/** What the thread is started with. */
export interface WorkerData {
  readonly stop: StopSignal;
  readonly tun: { fd: number; name: string; counters: SharedArrayBuffer };
  readonly udp: {
    fd: number;
    remote: SocketAddress | undefined;
    counters: SharedArrayBuffer;
  };
  readonly maxPacket: number;
  readonly outbound: readonly StageModule[];
  readonly inbound: readonly StageModule[];
}

/** Why it could not go on; errors of our own do not survive the journey. */
export interface WorkerFailure {
  readonly message: string;
  readonly code: string | undefined;
}

/** What it ends with: nothing, or a failure. */
export interface WorkerResult {
  readonly failure?: WorkerFailure;
}

/** Rounds that a busy loop does between looks at the stop flag. */
const roundsPerLook = 16;
/** Packets in a round from which the next is begun without asking the poller. */
const busy = 16;

async function loadStages(
  modules: readonly StageModule[],
): Promise<BatchStage[]> {
  return await Promise.all(modules.map(async ({ module, options }) => {
    const { default: make } = await import(module);
    return make(options) as BatchStage;
  }));
}

function run(data: WorkerData, outbound: BatchStage[], inbound: BatchStage[]) {
  const { tun, udp, stop, maxPacket } = data;
  const device = new TunDevice(
    tun.fd,
    tun.name,
    new Counters(tun.counters),
  );
  const link = new UdpSocket(udp.fd, udp.remote, new Counters(udp.counters));
  const out = new Pump({
    source: device,
    sink: link,
    stages: outbound,
    maxPacket,
  });
  const back = new Pump({
    source: link,
    sink: device,
    stages: inbound,
    maxPacket,
  });
  const poller = new BlockingPoller();
  try {
    poller.watch(stop.fd, true, false);
    poller.watch(tun.fd, true, false);
    poller.watch(udp.fd, true, false);
    let hasOut = true, hasBack = true, wasToLink = false, wasToTun = false;
    for (let round = 0;; round++) {
      if (round % roundsPerLook === 0 && Atomics.load(stop.flag, 0)) return;
      const moved = (hasOut ? out.step() : 0) + (hasBack ? back.step() : 0);
      if (moved >= busy) {
        hasOut = hasBack = true;
        continue;
      }
      // Little or nothing: what else there is, the kernel knows best.
      const toLink = out.blocked === "sink", toTun = back.blocked === "sink";
      if (toLink !== wasToLink || toTun !== wasToTun) {
        poller.watch(tun.fd, !toLink, toTun);
        poller.watch(udp.fd, !toTun, toLink);
        wasToLink = toLink;
        wasToTun = toTun;
      }
      poller.wait();
      if (poller.found(stop.fd)) return;
      hasOut = poller.found(toLink ? udp.fd : tun.fd);
      hasBack = poller.found(toTun ? tun.fd : udp.fd);
    }
  } finally {
    poller.close();
  }
}

const { data, started, finish } = await threadContext<WorkerData>();
try {
  const [outbound, inbound] = await Promise.all([
    loadStages(data.outbound),
    loadStages(data.inbound),
  ]);
  started();
  run(data, outbound, inbound);
  finish({});
} catch (error) {
  const { message, code } = error as WorkerFailure;
  finish({ failure: { message, code } });
}
