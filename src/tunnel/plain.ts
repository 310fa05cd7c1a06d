import type {
  CounterValues,
  NetworkNamespace,
  SocketAddress,
} from "../sys/mod.ts";
import { openTun, type Tun } from "./device.ts";
import { TunnelError } from "./errors.ts";
import { type Gear, runAsync, type Running, runWorker } from "./gear.ts";
import { openUdp, type UdpLink } from "./link.ts";
import type { BatchStage, StageModule } from "./pump.ts";

/** Settings of {@linkcode openPlainTunnel}. */
export interface PlainTunnelOptions {
  /** The device's addresses with prefix lengths: `["10.7.0.1/24"]`. */
  readonly addresses: readonly string[];
  /** The own UDP address and port: `"192.0.2.1:7001"`. */
  readonly local: string;
  /**
   * The peer's UDP address and port. Without one, this end is a server:
   * packets go to whoever sent the last datagram.
   */
  readonly remote?: string;
  /**
   * The interface's name.
   *
   * @default {"tun%d"}
   */
  readonly name?: string;
  /**
   * Bytes of the longest packet inside. Each travels in a datagram that is 28
   * bytes longer over IPv4, 48 over IPv6.
   *
   * @default {1420}
   */
  readonly mtu?: number;
  /** The network namespace of the device, and of the link. */
  readonly netns?: NetworkNamespace;
  /**
   * The network namespace of the link, where it is another.
   *
   * @default {netns}
   */
  readonly linkNetns?: NetworkNamespace;
  /**
   * `"worker"` moves packets on a thread of its own, `"async"` on this one.
   *
   * @default {"worker"}
   */
  readonly gear?: Gear;
  /**
   * Stages from the device to the link: functions in the `"async"` gear,
   * modules in the `"worker"` gear.
   */
  readonly outbound?: readonly (BatchStage | StageModule)[];
  /** Stages from the link to the device. */
  readonly inbound?: readonly (BatchStage | StageModule)[];
  /** Stops the tunnel; before it is open, gives up. */
  readonly signal?: AbortSignal;
}

/** What passed through a tunnel since it opened. */
export interface PlainTunnelStats {
  /** Of the device: `rx` is what this system sent into the tunnel. */
  readonly tun: CounterValues;
  /** Of the link: `rx` is what the peer sent. */
  readonly udp: CounterValues;
}

/**
 * A tunnel in plain mode: a device and a link, and packets moving both ways.
 *
 * @example
 * ```ts ignore
 * import { openPlainTunnel } from "@echoduct/echoduct/tunnel";
 *
 * await using tunnel = await openPlainTunnel({
 *   addresses: ["10.7.0.1/24"],
 *   local: "192.0.2.1:7001",
 *   remote: "192.0.2.2:7001",
 * });
 * await tunnel.closed;
 * ```
 */
export class PlainTunnel implements AsyncDisposable {
  /** The device. Its packets are the tunnel's: read `stats`, not packets. */
  readonly tun: Tun;
  /** The link to the peer. */
  readonly link: UdpLink;
  /**
   * Resolves when the tunnel was stopped, rejects with a
   * {@linkcode TunnelError} when it cannot go on; either way nothing is left.
   */
  readonly closed: Promise<void>;
  readonly #running: Running;

  /** Use {@linkcode openPlainTunnel}. */
  constructor(tun: Tun, link: UdpLink, running: Running) {
    this.tun = tun;
    this.link = link;
    this.#running = running;
    this.closed = running.ended.catch((cause) => {
      throw new TunnelError(`Tunnel stopped: ${messageOf(cause)}`, { cause });
    }).finally(() => {
      tun.close();
      link.close();
    });
    this.closed.catch(() => {});
  }

  /** The interface's name. */
  get name(): string {
    return this.tun.name;
  }

  /** The own UDP address. */
  get local(): SocketAddress {
    return this.link.local;
  }

  /** What passed through so far. */
  get stats(): PlainTunnelStats {
    return {
      tun: this.tun.counters.toJSON(),
      udp: this.link.counters.toJSON(),
    };
  }

  /** Stops the tunnel and removes its device. */
  async stop(): Promise<void> {
    await this.#running.stop();
    await this.closed.catch(() => {});
  }

  /** The same as {@linkcode PlainTunnel.stop}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Opens a tunnel in plain mode: every IP packet that the system routes to the
 * device travels as it is in one UDP datagram, and every datagram received is
 * handed to the system as a packet.
 *
 * **Nothing is encrypted and nobody is authenticated**: who can send datagrams
 * to this end can send packets into this system.
 *
 * @param options Addresses, peer, namespaces and gear.
 * @returns The tunnel, through which packets can flow already.
 * @throws {TypeError | RangeError} If an option is malformed.
 * @throws {PermissionError} Without CAP_NET_ADMIN in the namespace.
 * @throws {ResolveError} If the peer's name stands for no address.
 * @throws {SystemCallError} If the device's name or the port is taken.
 * @throws {TunnelError} If a stage's module cannot be loaded.
 *
 * @example
 * ```ts ignore
 * import { openPlainTunnel } from "@echoduct/echoduct/tunnel";
 *
 * const server = await openPlainTunnel({
 *   addresses: ["10.7.0.1/24", "fd07::1/64"],
 *   local: "0.0.0.0:7001",
 * });
 * console.log(server.name, server.stats);
 * await server.stop();
 * ```
 */
export async function openPlainTunnel(
  options: PlainTunnelOptions,
): Promise<PlainTunnel> {
  const { mtu = 1420, gear = "worker", netns, signal } = options;
  const { linkNetns = netns, outbound = [], inbound = [] } = options;
  checkStages(gear, [...outbound, ...inbound]);
  const tun = await openTun({ ...options, mtu });
  let link: UdpLink | undefined;
  try {
    link = await openUdp({
      local: options.local,
      remote: options.remote,
      maxDatagram: Math.min(mtu, 65_507),
      netns: linkNetns,
      signal,
    });
    const ends = { tun, link, maxPacket: mtu };
    const running = gear === "worker"
      ? await runWorker({
        ...ends,
        outbound: outbound as StageModule[],
        inbound: inbound as StageModule[],
      }).catch(cannotStart)
      : runAsync({
        ...ends,
        outbound: outbound as BatchStage[],
        inbound: inbound as BatchStage[],
      });
    if (signal?.aborted) {
      await running.stop();
      throw signal.reason;
    }
    const tunnel = new PlainTunnel(tun, link, running);
    stopOnAbort(tunnel, signal);
    return tunnel;
  } catch (error) {
    tun.close();
    link?.close();
    throw error;
  }
}

function stopOnAbort(
  tunnel: PlainTunnel,
  signal: AbortSignal | undefined,
): void {
  if (!signal) return;
  const stop = () => void tunnel.stop();
  signal.addEventListener("abort", stop, { once: true });
  tunnel.closed.catch(() => {}).finally(() =>
    signal.removeEventListener("abort", stop)
  );
}

function checkStages(gear: Gear, stages: readonly unknown[]): void {
  for (const stage of stages) {
    if ((typeof stage === "function") === (gear === "async")) continue;
    throw new TypeError(
      gear === "worker"
        ? "Cannot run a function as a stage in the worker gear: give a module"
        : "Cannot run a module as a stage in the async gear: give a function",
    );
  }
}

function cannotStart(cause: unknown): never {
  throw new TunnelError(`Cannot start a tunnel: ${messageOf(cause)}`, {
    cause,
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
