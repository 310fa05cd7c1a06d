/**
 * The command. Everything that it does to the process is in this file.
 *
 * @module
 */
import process from "node:process";
import { run } from "./run.ts";
import type { Terminal } from "./terminal.ts";

/** What ends the command that runs now. */
const stops = new Set<() => void>();
let readerGone = false;

const terminal: Terminal = {
  out: (text) => {
    if (!readerGone) process.stdout.write(text);
  },
  err: (text) => void process.stderr.write(text),
  hasColor: process.stdout.isTTY === true && !process.env.NO_COLOR,
  onStop(handler) {
    let asked = false;
    const stop = () => {
      // Asked twice: whatever takes so long, the kernel cleans up behind it.
      if (asked) process.exit(130);
      asked = true;
      handler();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    stops.add(handler);
    return () => {
      stops.delete(handler);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    };
  },
  async runBehind([program, ...args], environment) {
    const { spawn } = await import("node:child_process");
    const child = spawn(program, [...args, ...thisCommand()], {
      stdio: "inherit",
      env: { ...process.env, ...environment },
    });
    // A terminal interrupts the child too: this process only waits for it.
    const wait = () => {};
    // After `child.kill()` Deno reports a child that handled the signal as
    // ended by it.
    const passOn = () => void process.kill(child.pid!, "SIGTERM");
    process.on("SIGINT", wait);
    process.on("SIGTERM", passOn);
    try {
      return await new Promise((resolve) => {
        child.on("error", () => resolve(undefined));
        child.on("exit", (code) => resolve(code ?? 2));
      });
    } finally {
      process.off("SIGINT", wait);
      process.off("SIGTERM", passOn);
    }
  },
  env: (name) => process.env[name],
};

/** The words that started this process. */
function thisCommand(): string[] {
  const { Deno } = globalThis as unknown as {
    Deno?: { mainModule: string; build: { standalone?: boolean } };
  };
  const args = process.argv.slice(2);
  if (!Deno) {
    return [
      process.execPath,
      ...process.execArgv,
      process.argv[1],
      ...args,
    ];
  }
  if (Deno.build.standalone) return [process.execPath, ...args];
  // Behind `unshare` there is no network, and nothing left to download.
  const flags = ["-A", "-q", "--cached-only"];
  return [process.execPath, "run", ...flags, Deno.mainModule, ...args];
}

process.stdout.on("error", (error: Error & { code?: string }) => {
  if (error.code !== "EPIPE") throw error;
  // Whoever read the output has had enough.
  readerGone = true;
  for (const stop of stops) stop();
});

process.exitCode = await run(process.argv.slice(2), terminal);
