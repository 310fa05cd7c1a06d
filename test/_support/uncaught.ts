/**
 * Preloaded into each test module that Deno runs. Once `node:test` is in use,
 * Deno swallows what a module throws at its top level or nobody catches, and
 * reports success; this writes such errors down for `run.ts` to count.
 */
const path = Deno.env.get("ECHODUCT_UNCAUGHT");

function record(error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : error;
  console.error(`Uncaught: ${text}`);
  if (path) {
    const line = String(error).replaceAll("\n", " ");
    Deno.writeTextFileSync(path, line + "\n", { append: true });
  }
}

addEventListener("error", (event) => record(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => record(event.reason));
