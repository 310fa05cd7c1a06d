import { type Lab, mtu, type Side } from "../_lab.ts";
import type { Contender } from "./contender.ts";
import { configure } from "./device.ts";

const port = 51820;

/** wireguard-go, the userspace WireGuard: it encrypts, so only for scale. */
export const wireguardGo: Contender = {
  name: "wireguard-go (encrypted)",
  needs: ["wireguard-go", "wg"],
  async start(lab) {
    const keys = new Map<Side, { own: string; open: string }>();
    for (const side of lab.sides) {
      const own = await wg(lab, side, ["genkey"]);
      keys.set(side, { own, open: await wg(lab, side, ["pubkey"], own) });
    }
    const programs = [];
    for (const side of lab.sides) {
      const device = `wg-${side.name}`;
      programs.push(
        lab.start(side, ["wireguard-go", device], {
          env: { WG_PROCESS_FOREGROUND: "1", LOG_LEVEL: "error" },
        }),
      );
      await configure(lab, side, device, (netlink) => {
        netlink.addAddress({ link: device, address: `${side.inner}/24` });
        netlink.setLink(device, { mtu, up: true });
      });
      const other = lab.opposite(side);
      await wg(lab, side, [
        ...["set", device, "private-key", "/dev/stdin"],
        ...["listen-port", String(port)],
        ...["peer", keys.get(other)!.open, "allowed-ips", "0.0.0.0/0"],
        ...["endpoint", `${other.outer}:${port}`],
      ], keys.get(side)!.own);
    }
    return programs;
  },
};

async function wg(
  lab: Lab,
  side: Side,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const text = await lab.run(side, ["wg", ...args], { input, timeout: 5000 });
  return text.trim();
}
