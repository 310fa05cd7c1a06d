/** Runs a test runner in fresh network and mount namespaces. */
import type { Result } from "./report.ts";
import type { Runtime } from "./runtimes.ts";

/** The command that gives another one fresh network and mount namespaces. */
export async function namespaceWrapper(): Promise<string[] | undefined> {
  const choices = Deno.uid() === 0 ? ["-nm", "-Urnm"] : ["-Urnm"];
  let refusal = "";
  for (const flags of choices) {
    try {
      const { success, stderr } = await new Deno.Command("unshare", {
        args: [flags, "true"],
      }).output();
      if (success) return ["unshare", flags];
      refusal = new TextDecoder().decode(stderr).trim();
    } catch (error) {
      refusal = `unshare: ${error instanceof Error ? error.message : error}`;
    }
  }
  console.error(`Cannot make a network namespace (${refusal})`);
  return undefined;
}

/**
 * Runs the files and returns how each test ended. Whatever else went wrong is
 * a failed result too.
 *
 * @param wrapper The command that makes the namespaces, if there is one.
 */
export async function runTests(
  runtime: Runtime,
  files: readonly string[],
  wrapper: readonly string[] | undefined,
): Promise<Result[]> {
  const folder = await Deno.makeTempDir();
  const report = `${folder}/report`;
  const uncaught = `${folder}/uncaught`;
  try {
    const [command, ...args] = [
      ...wrapper ?? [],
      ...[Deno.execPath(), "run", "--allow-all", "--no-check"],
      ...["--cached-only", "test/_support/inside.ts", wrapper ? "lab" : "bare"],
      ...runtime.command(files, report),
    ];
    const { code, signal } = await new Deno.Command(command, {
      args,
      env: {
        ECHODUCT_UNCAUGHT: uncaught,
        ECHODUCT_HOST_NETNS: Deno.readLinkSync("/proc/self/ns/net"),
      },
    }).spawn().status;
    const results = runtime.parse(read(report));
    for (const line of read(uncaught).split("\n").filter(Boolean)) {
      results.push({ name: `uncaught: ${line}`, outcome: "failed" });
    }
    if (code !== 0 && !results.some((one) => one.outcome === "failed")) {
      const end = signal ?? `code ${code}`;
      results.push({ name: `the runner ended with ${end}`, outcome: "failed" });
    }
    if (results.length === 0) {
      results.push({ name: "no test ran", outcome: "failed" });
    }
    return results;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
