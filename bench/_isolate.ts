/**
 * Runs the benchmark again where it can touch nothing: in network, mount and
 * process namespaces of its own, which end with it whatever ends it.
 */
const inside = "ECHODUCT_BENCH_INSIDE";

const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What gives another command its namespaces, the best first. */
function wrappers(): string[][] {
  // With processes of its own, the kernel ends those that are left over.
  const contained = ["--pid", "--kill-child", "--mount-proc"];
  const open = ["unshare", "--net", "--mount"];
  const mapped = ["unshare", "--user", "--map-root-user", "--net", "--mount"];
  const all = [[...mapped, ...contained], mapped];
  return Deno.uid() === 0 ? [[...open, ...contained], open, ...all] : all;
}

/**
 * Goes on inside. The run outside only waits for that one.
 *
 * @returns The exit code of the run inside, `undefined` inside of it.
 */
export async function isolate(): Promise<number | undefined> {
  if (Deno.env.has(inside)) {
    // wireguard-go and wg meet in /var/run, where the system's own may be.
    await succeeds(["mount", "-t", "tmpfs", "tmpfs", "/run"]);
    return undefined;
  }
  // Out here there is a network to load packages from.
  await succeeds([Deno.execPath(), "cache", "-q", here("../cli/main.ts")]);
  for (const wrapper of wrappers()) {
    if (await succeeds([...wrapper, "true"])) return await runAgain(wrapper);
  }
  throw new Error(
    "Cannot make network namespaces: run as root, or allow user namespaces; " +
      "'unshare' (util-linux) is needed",
  );
}

async function runAgain(wrapper: readonly string[]): Promise<number> {
  const child = new Deno.Command(wrapper[0], {
    args: [
      ...wrapper.slice(1),
      ...[Deno.execPath(), "run", "-A", "--cached-only", here("main.ts")],
      ...Deno.args,
    ],
    env: { [inside]: "1" },
    stdin: "piped",
  }).spawn();
  const stop = () => {
    child.stdin.close().catch(() => {});
    // A wrapper that is killed takes everything inside with it.
    setTimeout(() => child.kill("SIGKILL"), 5000);
  };
  for (const signal of stopSignals) Deno.addSignalListener(signal, stop);
  return (await child.status).code;
}

/**
 * Calls `stop` when the run is to end: the run outside was told so, or is no
 * longer there.
 */
export function onStop(stop: () => void): void {
  for (const signal of stopSignals) Deno.addSignalListener(signal, stop);
  (async () => {
    for await (const _ of Deno.stdin.readable);
    stop();
  })();
}

async function succeeds(command: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command[0], {
      args: command.slice(1),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

function here(path: string): string {
  return new URL(path, import.meta.url).pathname;
}
