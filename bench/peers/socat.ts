import { mtu } from "../_lab.ts";
import type { Contender } from "./contender.ts";

/** socat between a TUN device and UDP, one packet a read. */
export const socat: Contender = {
  name: "socat",
  needs: ["socat"],
  async start(lab) {
    const programs = lab.sides.map((side) =>
      lab.start(side, [
        ...["socat", "-d", "-d"],
        `TUN:${side.inner}/24,tun-name=socat0,iff-no-pi`,
        `UDP4:${lab.opposite(side).outer}:7001,bind=${side.outer}:7001`,
      ])
    );
    // A packet before the peer listens is refused, and socat would end.
    for (const program of programs) {
      await program.until(/starting data transfer/);
    }
    for (const side of lab.sides) {
      lab.netlink(side, (netlink) => {
        netlink.setLink("socat0", { mtu, up: true });
      });
    }
    return programs;
  },
};
