/** Exits in the middle of waiting for packets: `async`, `worker` or `ping`. */
import process from "node:process";
import { ping } from "../../src/ping/mod.ts";
import { openPlainTunnel } from "../../src/tunnel/mod.ts";

const [what] = process.argv.slice(2);
setTimeout(() => process.exit(3), 200);
if (what === "ping") {
  await ping("127.0.0.1", { interval: 60_000 }).summary();
} else {
  const tunnel = await openPlainTunnel({
    addresses: ["10.77.0.1/24"],
    local: "127.0.0.1:0",
    gear: what as "async" | "worker",
  });
  await tunnel.closed;
}
