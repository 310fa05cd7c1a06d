/**
 * Threads: one seam over the workers of Deno, Node and Bun, which all speak
 * `node:worker_threads`.
 */

/** A running thread. */
export interface Thread {
  /** Resolves when the thread is at work; `false` if it ended before it was. */
  readonly started: Promise<boolean>;
  /** What the thread sends when it is done. */
  readonly result: Promise<unknown>;
}

/**
 * Starts a module on a thread of its own.
 *
 * @param module The module, beside the one whose URL is `beside`, without its
 * extension: that is `.ts` in the sources and `.js` in a build.
 * @param data What `threadContext` finds there; structured clone.
 */
export async function startThread(
  module: string,
  beside: string,
  data: unknown,
): Promise<Thread> {
  const { Worker } = await import("node:worker_threads");
  const extension = beside.slice(beside.lastIndexOf("."));
  const worker = new Worker(new URL(module + extension, beside), {
    workerData: data,
  });
  let start!: (atWork: boolean) => void;
  const started = new Promise<boolean>((resolve) => start = resolve);
  const result = new Promise((resolve, reject) => {
    let last: Message | undefined;
    worker.on("message", (message: Message) => {
      last = message;
      if ("started" in message) start(true);
    });
    worker.on("error", reject);
    worker.on("exit", () => {
      if (last && "result" in last) resolve(last.result);
      else reject(new Error("Cannot go on: a thread ended without a result"));
    });
  });
  result.catch(() => {}).finally(() => start(false));
  return { started, result };
}

/** What a thread sends: that it is at work, later its result. */
type Message = { readonly started: true } | { readonly result: unknown };

/** What a thread finds on its side. */
export interface ThreadContext<T> {
  /** What it was started with. */
  readonly data: T;
  /** Says that it is at work. */
  started(): void;
  /** Sends its result. */
  finish(result: unknown): void;
}

/** On a thread: what it was started with, and the way to answer. */
export async function threadContext<T>(): Promise<ThreadContext<T>> {
  const { workerData, parentPort } = await import("node:worker_threads");
  const send = (message: Message) => parentPort!.postMessage(message);
  return {
    data: workerData as T,
    started: () => send({ started: true }),
    finish: (result) => send({ result }),
  };
}

/**
 * Calls back when the process is about to exit. Node then waits for its other
 * threads, and one that sleeps in a system call must be woken.
 *
 * @returns Takes that back.
 */
export function onExit(callback: () => void): () => void {
  const { process } = globalThis as unknown as {
    process?: Record<"on" | "off", (event: "exit", call: () => void) => void>;
  };
  process?.on("exit", callback);
  return () => process?.off("exit", callback);
}
