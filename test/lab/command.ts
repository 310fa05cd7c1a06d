/**
 * Other processes: the command itself, in any runtime, and programs that other
 * people wrote. Each is ended by its id, at the latest by its time limit.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { withNetns } from "../../src/sys/mod.ts";

/** Where and how to start a process. */
export interface StartOptions {
  /** Descriptor of the network namespace to start it in. */
  readonly netns?: number;
  /** Variables of its environment besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed; 20 s. */
  readonly limit?: number;
}

/** What became of a process. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export class Running implements AsyncDisposable {
  /** Everything it wrote so far. */
  stdout = "";
  stderr = "";
  /** Resolves when it is gone and its output is closed. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #waiting: (() => void)[] = [];
  #gone = false;
  #closed = false;

  constructor(child: ChildProcess, limit: number) {
    this.#child = child;
    const timer = setTimeout(() => this.kill("SIGKILL"), limit);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", () => {
        clearTimeout(timer);
        this.#gone = true;
      });
      child.on("close", (code, signal) => {
        this.#closed = true;
        this.#changed();
        const { stdout, stderr } = this;
        resolve({ code, signal, stdout, stderr });
      });
    });
    this.ended.catch(() => clearTimeout(timer));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    if (this.#gone) return;
    try {
      // By its id: after `child.kill()` Deno reports a process that handled
      // the signal as ended by it.
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as { code?: string }).code !== "ESRCH") throw error;
    }
  }

  /** Waits until what it wrote on stdout, or else on stderr, matches. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match) return match;
      if (this.#closed) {
        throw new Error(
          `Cannot find ${pattern} in what a process wrote:\n` +
            this.stdout + this.stderr,
        );
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Stops reading its stdout, as `head` does. */
  closeStdout(): void {
    this.#child.stdout!.destroy();
  }

  /** Processor time it has used, all threads, in milliseconds. */
  cpu(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // proc(5): fields 14 and 15, in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Starts a program. */
export function start(
  command: readonly string[],
  options: StartOptions = {},
): Running {
  const { netns, env, limit = 20_000 } = options;
  const [program, ...args] = command;
  // Not the runner's: a child that reported there would count as a test.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...own } = process.env;
  const child = withNetns(netns, () =>
    spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...own, ...env },
    }));
  return new Running(child, limit);
}

/** Before a shell that starts others: it ends them all, 10 s later at most. */
export const bounded: readonly string[] = ["timeout", "-s", "KILL", "10"];

/** Runs a program to its end. */
export async function run(
  command: readonly string[],
  options: StartOptions = {},
): Promise<Ended> {
  return await start(command, options).ended;
}

/** The words that run the command on the runtime that runs this. */
export function echoduct(...args: string[]): string[] {
  return [...onThisRuntime(process.execPath, entry), ...args];
}

/** The words that run a module on the runtime that runs this. */
export function script(module: URL, ...args: string[]): string[] {
  return [...onThisRuntime(process.execPath, fileURLToPath(module)), ...args];
}

const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const root = fileURLToPath(new URL("../..", import.meta.url)).slice(0, -1);
const entry = `${root}/cli/main${extension}`;
const isDeno = extension === ".ts" && "Deno" in globalThis;

function onThisRuntime(program: string, path: string): string[] {
  return isDeno
    ? [program, "run", "-A", "--no-check", "--cached-only", "-q", path]
    : [program, path];
}

/**
 * Why this process cannot become another user, else `false`: in a user
 * namespace there may be no other.
 */
export const noNobody: string | false =
  /^\s*0\s+0\s+4294967295/.test(readFileSync("/proc/self/uid_map", "utf8")) &&
    process.geteuid?.() === 0
    ? false
    : "needs root outside of a user namespace";

/**
 * The command, run as a user without any privilege (65534). That user may not
 * look into root's home, so what it needs is bound to places where it may, in
 * a mount namespace that ends with the process. `/dev/net/tun` is everybody's
 * there, as udev makes it.
 *
 * @param args The command's arguments.
 * @param wrapper What runs it in turn, such as `unshare -Urnm`.
 */
export function asNobody(
  args: readonly string[],
  wrapper: readonly string[] = [],
): string[] {
  const cache = process.env.DENO_DIR ??
    `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/deno`;
  const bind = (from: string, to: string) =>
    `mkdir /mnt/${to} && mount --bind '${from}' /mnt/${to}`;
  const script = [
    "mount -t tmpfs -o mode=755 none /mnt",
    "mkdir -m 777 /mnt/home",
    bind(root, "root"),
    bind(dirname(process.execPath), "bin"),
    ...isDeno ? [bind(cache, "cache")] : [],
    "mknod -m 666 /mnt/tun c 10 200",
    "mount --bind /mnt/tun /dev/net/tun",
    "cd /mnt/root",
    'exec env HOME=/mnt/home DENO_DIR=/mnt/cache "$@"',
  ].join("\n");
  const program = process.execPath.replace(/.*\//, "/mnt/bin/");
  const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  return [
    ...["unshare", "-m", "sh", "-ec", script, "sh", "setpriv", ...user],
    ...wrapper,
    ...onThisRuntime(program, entry.replace(root, "/mnt/root")),
    ...args,
  ];
}
