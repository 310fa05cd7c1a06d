import { openPlainTunnel } from "../src/tunnel/mod.ts";
import type { PlainInvocation } from "./parser.ts";
import type { Terminal } from "./terminal.ts";

/** `echoduct tunnel plain`: runs until it is interrupted; exit code 0. */
export async function runTunnelPlain(
  invocation: PlainInvocation,
  terminal: Terminal,
): Promise<number> {
  const { addresses, listen, remote, name, mtu, netns, json } = invocation;
  const stop = new AbortController();
  const settle = terminal.onStop(() => stop.abort());
  try {
    const tunnel = await openPlainTunnel({
      addresses,
      local: listen,
      remote,
      name,
      mtu,
      netns,
      signal: stop.signal,
    });
    terminal.err(
      "echoduct: plain mode: nothing is encrypted and nobody is authenticated\n",
    );
    const ready = {
      type: "ready",
      time: Date.now(),
      name: tunnel.name,
      mtu: tunnel.tun.mtu,
      addresses,
      local: tunnel.local,
      remote: tunnel.link.remote ?? null,
    };
    terminal.out(
      json
        ? `${JSON.stringify(ready)}\n`
        : `ready ${tunnel.name} ${addresses.join(" ")} over ${listen} to ${
          remote ?? "whoever sends"
        }\n`,
    );
    await tunnel.closed;
    const { tun, udp } = tunnel.stats;
    terminal.out(
      json
        ? `${JSON.stringify({ type: "stopped", time: Date.now(), tun, udp })}\n`
        : `stopped ${tunnel.name}: ${udp.txPackets} packets out (${udp.txBytes} bytes), ${udp.rxPackets} in (${udp.rxBytes} bytes)\n`,
    );
    return 0;
  } catch (error) {
    // Interrupted while it was opening.
    if (stop.signal.aborted) return 0;
    throw error;
  } finally {
    settle();
  }
}
