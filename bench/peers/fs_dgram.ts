import { int32 } from "../../src/sys/call.ts";
import { libc } from "../../src/sys/ffi.ts";
import { Netlink, TunDevice } from "../../src/sys/mod.ts";
import { type Lab, mtu, type Side } from "../_lab.ts";
import type { Program } from "../_process.ts";
import type { Contender } from "./contender.ts";

// asm-generic/ioctls.h
const FIONBIO = 0x5421;
const FIONCLEX = 0x5450;

/**
 * What Node offers by itself, as tuntap2 uses it: a stream of `node:fs` over
 * the device, `node:dgram`, one packet an event.
 */
export const fsDgram: Contender = {
  name: "node:fs + node:dgram",
  needs: ["node"],
  start: (lab) => lab.sides.map((side) => startSide(lab, side)),
};

/** Node cannot make a device: it inherits one. */
function startSide(lab: Lab, side: Side): Program {
  const device = TunDevice.open({ name: "tunfs", netns: side.netns });
  try {
    const netlink = Netlink.open({ netns: side.netns });
    netlink.setLink("tunfs", { mtu, up: true });
    netlink.addAddress({ link: "tunfs", address: `${side.inner}/24` });
    netlink.close();
    libc().ioctl(device.fd, FIONBIO, int32(0));
    libc().ioctl(device.fd, FIONCLEX, int32(0));
    const script = new URL("fs_dgram_main.js", import.meta.url).pathname;
    return lab.start(side, [
      "node",
      script,
      String(device.fd),
      side.outer,
      lab.opposite(side).outer,
    ]);
  } finally {
    device.close();
  }
}
