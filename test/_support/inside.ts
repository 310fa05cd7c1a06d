/**
 * Runs a command and passes its exit code on, 124 when it took too long.
 *
 * `inside.ts lab COMMAND...` first readies the network namespace that it finds
 * itself in: loopback up, IPv6 on, ping sockets allowed. `inside.ts bare` does
 * not.
 */
const timeLimit = 5 * 60_000;

if (import.meta.main) {
  const [place, command, ...args] = Deno.args;
  if (place === "lab") await readyNamespace();
  const signal = AbortSignal.timeout(timeLimit);
  const { code } = await new Deno.Command(command, { args, signal }).spawn()
    .status;
  if (signal.aborted) console.error(`Stopped after ${timeLimit / 1000} s`);
  Deno.exit(signal.aborted ? 124 : code);
}

async function readyNamespace(): Promise<void> {
  for (const scope of ["all", "default", "lo"]) {
    write(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, "0");
  }
  // A user namespace knows one group only.
  const range = "/proc/sys/net/ipv4/ping_group_range";
  if (!write(range, "0 2147483647")) write(range, "0 0");
  await raiseLoopback();
}

function write(path: string, text: string): boolean {
  try {
    Deno.writeTextFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

/** By the product's own means; tests that need loopback tell if they fail. */
async function raiseLoopback(): Promise<void> {
  try {
    const { Netlink } = await import("../../src/sys/netlink/mod.ts");
    using netlink = Netlink.open();
    netlink.setLink("lo", { up: true });
  } catch (error) {
    console.error(`Cannot raise loopback through netlink: ${error}`);
  }
}
