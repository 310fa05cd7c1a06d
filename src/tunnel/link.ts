import { parseEndpoint } from "../packet/endpoint.ts";
import {
  type Counters,
  lookup,
  type NetworkNamespace,
  type SocketAddress,
  UdpSocket,
} from "../sys/mod.ts";
import { Port } from "./port.ts";

/** Settings of {@linkcode openUdp}. */
export interface UdpOptions {
  /**
   * The peer: `"192.0.2.1:7001"`, `"[2001:db8::1]:7001"` or
   * `"vpn.example.com:7001"`. Without one, packets go to whoever was heard
   * from last: anybody may become the peer.
   */
  readonly remote?: string;
  /**
   * The own address and port; port 0 lets the kernel choose.
   *
   * @default All addresses of the peer's IP version, port 0.
   */
  readonly local?: string;
  /**
   * Bytes of the longest datagram that is received whole, 1 to 65 507.
   *
   * @default {9216}
   */
  readonly maxDatagram?: number;
  /**
   * Send and receive buffer, in bytes each.
   *
   * @default {8388608}
   */
  readonly bufferSize?: number;
  /** The network namespace to open it in. */
  readonly netns?: NetworkNamespace;
  /** Gives up resolving names. */
  readonly signal?: AbortSignal;
}

/**
 * A UDP socket as a port of packets: one datagram, one packet.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openUdp } from "@echoduct/echoduct/tunnel";
 *
 * const a = await openUdp({ local: "127.0.0.1:0" });
 * const b = await openUdp({ remote: `127.0.0.1:${a.local.port}` });
 * await b.sink()([new Uint8Array([1, 2, 3])]);
 * for await (const batch of a.batches()) {
 *   assert.deepEqual(batch.copy(0), new Uint8Array([1, 2, 3]));
 *   break;
 * }
 * a.close();
 * b.close();
 * ```
 */
export class UdpLink extends Port {
  /** The socket itself. */
  readonly socket: UdpSocket;

  /**
   * Makes streams of a socket; {@linkcode openUdp} opens one.
   *
   * @param socket An open socket.
   * @param maxDatagram Bytes of the longest datagram.
   */
  constructor(socket: UdpSocket, maxDatagram: number) {
    super(socket, maxDatagram);
    this.socket = socket;
  }

  /** The own address. */
  get local(): SocketAddress {
    return this.socket.local;
  }

  /** The peer's address, if it has a fixed one. */
  get remote(): SocketAddress | undefined {
    return this.socket.remote;
  }

  /** What came and went. */
  get counters(): Counters {
    return this.socket.counters;
  }
}

/**
 * Opens a UDP link.
 *
 * @param options The addresses, sizes and namespace.
 * @returns The link.
 * @throws {TypeError} If an address is malformed, or both are of different IP
 * versions.
 * @throws {ResolveError} If a name stands for no address.
 * @throws {SystemCallError} If the port is taken or the address not this
 * machine's.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openUdp } from "@echoduct/echoduct/tunnel";
 *
 * const link = await openUdp({ local: "[::1]:0" });
 * assert.equal(link.local.address, "::1");
 * link.close();
 * ```
 */
export async function openUdp(options: UdpOptions): Promise<UdpLink> {
  const { netns, bufferSize, signal, maxDatagram = 9216 } = options;
  if (options.local === undefined && options.remote === undefined) {
    throw new TypeError(
      "Cannot open a UDP link: give 'remote', 'local' or both",
    );
  }
  if (
    !Number.isInteger(maxDatagram) || maxDatagram < 1 || maxDatagram > 65_507
  ) {
    throw new RangeError(
      `Cannot open a UDP link: 'maxDatagram' must be a whole number from 1 ` +
        `to 65507, current value is ${maxDatagram}`,
    );
  }
  const remote = options.remote === undefined
    ? undefined
    : await endpoint(options.remote, signal);
  const local = options.local === undefined
    ? { address: remote?.address.includes(":") ? "::" : "0.0.0.0", port: 0 }
    : await endpoint(options.local, signal);
  const socket = UdpSocket.open({ local, remote, bufferSize, netns });
  return new UdpLink(socket, maxDatagram);
}

async function endpoint(
  text: string,
  signal: AbortSignal | undefined,
): Promise<SocketAddress> {
  const { host, port } = parseEndpoint(text);
  const [first] = await lookup(host, { signal });
  return { address: first.address, port };
}
