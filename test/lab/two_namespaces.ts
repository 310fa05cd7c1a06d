/** Two network namespaces joined by a cable, a veth pair. */
import "../_support/isolated.ts";
import process from "node:process";
import { createNetns, Netlink } from "../../src/sys/mod.ts";

/** Why a test that makes namespaces cannot run here, else `false`. */
export const skip: string | false = process.geteuid?.() === 0
  ? false
  : "needs root";

/** One of the two. */
export interface Side {
  /** Its descriptor; pass it as `netns`. */
  readonly fd: number;
  readonly netlink: Netlink;
  /** Its addresses on the cable: 192.0.2.1 and 2001:db8::1, or `2`. */
  readonly v4: string;
  readonly v6: string;
}

/** Both; disposing removes everything. */
export interface TwoNamespaces extends Disposable {
  readonly left: Side;
  readonly right: Side;
  /** Descriptors of both. */
  readonly both: readonly number[];
}

/**
 * Makes two namespaces with `lo` and `cable` up and both IP versions. The
 * kernel connects the cable when it finds time, and what is sent before, such
 * as the first question for a neighbour, is lost for a second: that is awaited.
 */
export function twoNamespaces(): TwoNamespaces {
  const undo: (() => void)[] = [];
  const dispose = () => undo.splice(0).reverse().forEach((each) => each());
  try {
    const [left, right] = [1, 2].map((number): Side => {
      const netns = createNetns();
      undo.push(() => netns.close());
      const netlink = Netlink.open({ netns: netns.fd });
      undo.push(() => netlink.close());
      const v4 = `192.0.2.${number}`, v6 = `2001:db8::${number}`;
      return { fd: netns.fd, netlink, v4, v6 };
    });
    left.netlink.addVeth({
      name: "cable",
      peer: "cable",
      peerNetns: right.fd,
    });
    for (const { netlink, v4, v6 } of [left, right]) {
      netlink.setLink("lo", { up: true });
      netlink.setLink("cable", { up: true });
      netlink.addAddress({ link: "cable", address: `${v4}/24` });
      netlink.addAddress({ link: "cable", address: `${v6}/64` });
    }
    // The namespaces of closed descriptors go when the kernel finds time: the
    // cable is cut at once.
    undo.push(() => left.netlink.removeLink("cable"));
    for (const { netlink } of [left, right]) {
      while (netlink.link("cable")?.state !== "up") pause(1);
    }
    const both = [left.fd, right.fd];
    return { left, right, both, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Blocks for some milliseconds. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Does `work` between two namespaces, and removes them. */
export async function inLab(
  work: (lab: TwoNamespaces) => unknown,
): Promise<void> {
  const lab = twoNamespaces();
  try {
    await work(lab);
  } finally {
    lab[Symbol.dispose]();
  }
}
