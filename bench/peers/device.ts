import type { Netlink } from "../../src/sys/mod.ts";
import type { Lab, Side } from "../_lab.ts";
import { delay } from "../_process.ts";

/** Configures another program's device as soon as it is there. */
export async function configure(
  lab: Lab,
  side: Side,
  name: string,
  work: (netlink: Netlink) => void,
): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!lab.netlink(side, (netlink) => netlink.link(name))) {
    if (performance.now() > deadline || lab.closed) {
      throw new Error(`Cannot configure ${name}: it did not appear`);
    }
    await delay(10);
  }
  lab.netlink(side, work);
}
