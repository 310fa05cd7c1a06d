import { parsePrefix } from "../packet/prefix.ts";
import {
  type Counters,
  Netlink,
  type NetworkNamespace,
  TunDevice,
} from "../sys/mod.ts";
import { Port } from "./port.ts";

/** Settings of {@linkcode openTun}. */
export interface TunOptions {
  /**
   * The interface's name, at most 15 bytes; `%d` stands for the first free
   * number.
   *
   * @default {"tun%d"}
   */
  readonly name?: string;
  /**
   * Its addresses with prefix lengths, IPv4 and IPv6: `"10.7.0.2/24"`. Each
   * brings the route to its prefix.
   *
   * @default {[]}
   */
  readonly addresses?: readonly string[];
  /**
   * Bytes of the longest packet, 68 (1280 with an IPv6 address) to 65 535.
   *
   * @default {1500}
   */
  readonly mtu?: number;
  /** The network namespace to make it in. */
  readonly netns?: NetworkNamespace;
}

/**
 * A TUN device that is up: a network interface whose packets are streams.
 *
 * @example
 * ```ts ignore
 * import { openTun } from "@echoduct/echoduct/tunnel";
 *
 * await using tun = await openTun({ addresses: ["10.7.0.2/24"] });
 * for await (const packet of tun.packets()) console.log(packet);
 * ```
 */
export class Tun extends Port {
  /** The interface's name. */
  readonly name: string;
  /** Bytes of the longest packet. */
  readonly mtu: number;
  /** Its addresses, as they were given. */
  readonly addresses: readonly string[];
  /** The device itself. */
  readonly device: TunDevice;

  /**
   * Makes streams of a device; {@linkcode openTun} sets one up.
   *
   * @param device A device that is up.
   * @param mtu Its MTU, in bytes.
   * @param addresses Its addresses.
   */
  constructor(device: TunDevice, mtu: number, addresses: readonly string[]) {
    super(device, mtu);
    this.device = device;
    this.name = device.name;
    this.mtu = mtu;
    this.addresses = addresses;
  }

  /** What came and went. */
  get counters(): Counters {
    return this.device.counters;
  }
}

/**
 * Makes a TUN device, gives it its addresses and MTU, and brings it up. It is
 * gone when it is closed, and whenever the process ends.
 *
 * @param options Name, addresses, MTU and namespace.
 * @returns The device.
 * @throws {TypeError} If an address is not one with a prefix length.
 * @throws {RangeError} If the name or the MTU is not possible.
 * @throws {PermissionError} Without CAP_NET_ADMIN in the namespace.
 * @throws {SystemCallError} If the name is taken, or the kernel refuses.
 *
 * @example
 * ```ts ignore
 * import { openTun } from "@echoduct/echoduct/tunnel";
 *
 * await using tun = await openTun({
 *   name: "tun7",
 *   addresses: ["10.7.0.2/24", "fd07::2/64"],
 *   mtu: 1420,
 * });
 * ```
 */
export async function openTun(options: TunOptions = {}): Promise<Tun> {
  const { addresses = [], mtu = 1500, netns } = options;
  const prefixes = addresses.map((address) => parsePrefix(address));
  checkMtu(mtu, prefixes.some(({ family }) => family === 6));
  const device = TunDevice.open(options);
  try {
    const netlink = Netlink.open({ netns });
    try {
      netlink.setLink(device.name, { mtu, up: true });
      for (const address of addresses) {
        netlink.addAddress({ link: device.name, address });
      }
      for (const { address, family } of prefixes) {
        if (family === 6) await untilLocal(netlink, address);
      }
    } finally {
      netlink.close();
    }
    return new Tun(device, mtu, addresses);
  } catch (error) {
    device.close();
    throw error;
  }
}

const localTable = 255; // RT_TABLE_LOCAL

/**
 * An IPv6 address that was added becomes the system's own when the kernel
 * finds time. Until then it drops what comes for it.
 */
async function untilLocal(netlink: Netlink, address: string): Promise<void> {
  for (let waited = 0; waited < 1000; waited++) {
    if (isLocal(netlink, address)) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function isLocal(netlink: Netlink, address: string): boolean {
  try {
    return netlink.routeTo(address).table === localTable;
  } catch {
    return false; // There is no way there at all yet.
  }
}

/** RFC 791 section 3.2 asks for 68 bytes, RFC 8200 section 5 for 1280. */
function checkMtu(mtu: number, v6: boolean): void {
  const least = v6 ? 1280 : 68;
  if (Number.isInteger(mtu) && mtu >= least && mtu <= 65_535) return;
  throw new RangeError(
    `Cannot open a TUN device: 'mtu' must be a whole number from ${least}` +
      `${v6 ? " (IPv6 needs that)" : ""} to 65535, current value is ${mtu}`,
  );
}
