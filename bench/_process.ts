/** Programs that run beside the benchmark and are ended by their id. */
import { libc } from "../src/sys/ffi.ts";

/** How to start a program. */
export interface ProgramOptions {
  /** What it reads from its standard input; nothing without. */
  readonly input?: string;
  /** Variables added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program that runs until it ends, or is stopped. */
export class Program {
  /** Its process id. */
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #name: string;
  readonly #exit: Promise<Deno.CommandStatus>;
  readonly #read: Promise<unknown>;
  #output = "";
  #complaints = "";
  #changed = Promise.withResolvers<void>();

  /** Starts it in the network namespace of this thread. */
  constructor(command: readonly string[], options: ProgramOptions = {}) {
    this.#name = command.slice(0, 2).join(" ");
    this.#child = new Deno.Command(command[0], {
      args: command.slice(1),
      env: options.env,
      stdin: options.input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    if (options.input !== undefined) this.#write(options.input);
    this.#read = Promise.all([
      this.#collect(this.#child.stdout, (text) => this.#output += text),
      this.#collect(
        this.#child.stderr,
        (text) => this.#complaints = (this.#complaints + text).slice(-2000),
      ),
    ]);
    this.#exit = this.#child.status;
    this.#exit.finally(() => this.#changed.resolve());
  }

  /** Waits until it says something; fails if it ends before, or is late. */
  async until(pattern: RegExp, timeout = 10_000): Promise<void> {
    const deadline = performance.now() + timeout;
    let ended = false;
    this.#exit.then(() => ended = true);
    while (!pattern.test(this.#output + this.#complaints)) {
      if (ended) throw this.#error("ended too early");
      const left = deadline - performance.now();
      if (left <= 0) throw this.#error(`was not ready in ${timeout} ms`);
      await within(this.#changed.promise, left);
    }
  }

  /** Waits for its end; kills it, and fails, if that takes too long. */
  async output(timeout: number): Promise<{ text: string; code: number }> {
    const status = await within(this.#exit, timeout);
    if (!status) {
      await this.stop("SIGKILL");
      throw this.#error(`did not end within ${timeout} ms`);
    }
    await this.#read;
    return { text: this.#output, code: status.code };
  }

  /** What it said last on its standard error. */
  get complaints(): string {
    return this.#complaints.trim();
  }

  /** Ends it: asks, and after 2 s no longer asks. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.#kill(signal);
    if (!await within(this.#exit, 2000)) {
      this.#kill("SIGKILL");
      await this.#exit;
    }
    await this.#read;
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  async #write(input: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(input));
      await writer.close();
    } catch {
      // It did not want to hear all of it.
    }
  }

  async #collect(
    stream: ReadableStream<Uint8Array>,
    add: (text: string) => void,
  ): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      add(decoder.decode(chunk, { stream: true }));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }

  #error(what: string): Error {
    return new Error(`${this.#name} ${what}\n${this.complaints}`.trim());
  }
}

// A buffer made first: a short array could move under the system call.
const time = new BigInt64Array(new ArrayBuffer(16));

/** CPU seconds that the processes have used, all their threads together. */
export function cpuSeconds(pids: Iterable<number>): number {
  let sum = 0;
  for (const pid of pids) {
    // MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of linux/posix-timers.h
    const clock = (~pid << 3) | 2;
    const memory = new Uint8Array(time.buffer);
    if (libc().clock_gettime(clock, libc().pointer(memory)) < 0) {
      throw new Error(`Cannot read the CPU time of process ${pid}: it is gone`);
    }
    sum += Number(time[0]) + Number(time[1]) / 1e9;
  }
  return sum;
}

/** The value, or `undefined` if it takes longer than so many milliseconds. */
async function within<T>(
  promise: Promise<T>,
  ms: number,
): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a program is on the path. */
export function hasProgram(name: string): boolean {
  const folders = (Deno.env.get("PATH") ?? "").split(":")
    // Where there is no Node, Deno puts itself on the path as `node`.
    .filter((folder) => !folder.endsWith("/node_compat_bin"));
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Runs Deno on a source of this repository. */
export function deno(source: string, ...args: string[]): string[] {
  const path = new URL(`../${source}`, import.meta.url).pathname;
  return [Deno.execPath(), "run", "-A", "--cached-only", path, ...args];
}

/** Some time without doing anything. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
