import { breath, type IcmpSocket, type NetworkNamespace } from "../sys/mod.ts";
import { EchoEngine } from "./engine.ts";
import type { PingEvent, SummaryEvent, Tally } from "./events.ts";
import type { Target, Unresolved } from "./resolve.ts";
import { type EngineTarget, errorValue } from "./ledger.ts";
import { EventQueue } from "./queue.ts";
import { Schedule } from "./schedule.ts";
import { TargetStatistics } from "./statistics.ts";

/** Events that may wait for their consumer before the run pauses. */
const maxQueued = 65_536;

/** Settings of {@linkcode echo}. */
export interface EchoOptions {
  /**
   * Probes for each target.
   *
   * @default Until stopped.
   */
  readonly count?: number;
  /**
   * Milliseconds from one probe of a target to its next. The schedule is kept
   * from the first probe on: it does not drift.
   *
   * @default {1000}
   */
  readonly interval?: number;
  /**
   * Milliseconds after which a probe counts as lost.
   *
   * @default {2000}
   */
  readonly timeout?: number;
  /**
   * Payload bytes, 0 to 65 507; the first 8 are a nonce that only a genuine
   * reply brings back, so fewer than 8 make replies easier to forge.
   *
   * @default {56}
   */
  readonly size?: number;
  /**
   * Time to live (hop limit) of the probes, 1 to 255.
   *
   * @default The system's, usually 64.
   */
  readonly ttl?: number;
  /** The network namespace to ping from. */
  readonly netns?: NetworkNamespace;
  /** Ends the run; the stream throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What {@linkcode echo} takes. */
export type EchoSource =
  | AsyncIterable<Target | Unresolved>
  | Iterable<Target | Unresolved>;

/**
 * The stage from targets to events: sends echo requests (RFC 792, RFC 4443) to
 * every target that its source brings, and tells what becomes of them. Targets
 * are taken as they come, also while others are being pinged.
 *
 * A target's last event is its `summary`. The stream ends when all targets
 * have had their `count`; breaking out of it closes the sockets.
 *
 * @param options Number, times, sizes and where.
 * @returns A function from a stream of targets to a stream of events.
 * @throws {RangeError} If an option is out of its range.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { echo, resolve } from "@echoduct/echoduct/ping";
 *
 * const types = [];
 * for await (const event of echo({ count: 1 })(resolve("127.0.0.1"))) {
 *   types.push(event.type);
 * }
 * assert.deepEqual(types, ["resolved", "sent", "reply", "summary"]);
 * ```
 */
export function echo(
  options: EchoOptions = {},
): (source: EchoSource) => EchoRun {
  checkOptions(options);
  return (source) => new EchoRun(source, options);
}

/**
 * A run of {@linkcode echo}: a stream of events that can also be stopped, and
 * asked how it stands.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { echo, resolve } from "@echoduct/echoduct/ping";
 *
 * const run = echo({ interval: 10 })(resolve("::1"));
 * for await (const event of run) {
 *   if (event.type === "reply" && event.seq === 3) run.stop();
 * }
 * assert(run.tally().received >= 3);
 * ```
 */
export class EchoRun implements AsyncIterableIterator<PingEvent> {
  readonly #options: EchoOptions;
  readonly #source: EchoSource;
  readonly #events = new EventQueue<PingEvent>();
  readonly #schedule = new Schedule<EngineTarget>();
  readonly #engine: EchoEngine;
  readonly #watched = new Set<IcmpSocket>();
  /** What became of each target, once the run has ended. */
  readonly summaries: SummaryEvent[] = [];
  #sourceEnded = false;
  #failure: { reason: unknown } | undefined;
  #running: Promise<void> | undefined;
  #finished = false;
  #firstUnresolved: Error | undefined;
  #stopped = false;
  /** Whether something has changed since the run last looked. */
  #changed = false;
  #resume: (() => void) | undefined;

  /** Use {@linkcode echo}. */
  constructor(source: EchoSource, options: EchoOptions) {
    const { size = 56, timeout = 2000, ttl, netns } = options;
    this.#source = source;
    this.#options = options;
    this.#engine = new EchoEngine(
      { size, timeout, ttl, netns },
      (event) => this.#events.push(event),
    );
  }

  /** Ends the run: no more probes, no more waiting, the summaries now. */
  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** How the run stands: of one target, or of all together. */
  tally(target?: string): Tally {
    const all = new TargetStatistics();
    for (const each of this.#engine.ledger.targets) {
      if (target === undefined || each.host === target) {
        all.merge(each.statistics);
      }
    }
    return all.tally();
  }

  /** The next event. The run begins when the first is asked for. */
  async next(): Promise<IteratorResult<PingEvent>> {
    this.#running ??= this.#run();
    for (;;) {
      const value = this.#events.take();
      if (value) {
        if (this.#events.size === maxQueued - 1) this.#resume?.();
        return { value, done: false };
      }
      if (this.#finished) {
        const failure = this.#failure;
        this.#failure = undefined;
        if (failure) throw failure.reason;
        return { value: undefined, done: true };
      }
      await this.#events.arrival();
    }
  }

  /** Ends the run at once; resolves when its sockets are closed. */
  async return(): Promise<IteratorResult<PingEvent>> {
    this.stop();
    this.#running ??= this.#run();
    await this.#running;
    this.#events.clear();
    this.#failure = undefined;
    return { value: undefined, done: true };
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Runs apart from its consumer, whose pace is not the schedule's. */
  async #run(): Promise<void> {
    const { signal } = this.#options;
    const abort = () => {
      this.#events.clear();
      this.#wake();
    };
    signal?.addEventListener("abort", abort);
    const iterator = Symbol.asyncIterator in this.#source
      ? this.#source[Symbol.asyncIterator]()
      : this.#source[Symbol.iterator]();
    try {
      signal?.throwIfAborted();
      this.#take(iterator);
      await this.#loop();
    } catch (reason) {
      if (signal?.aborted) this.#events.clear();
      this.#failure = { reason };
    } finally {
      this.#stopped = true;
      this.#finished = true;
      signal?.removeEventListener("abort", abort);
      this.#engine.close();
      // Not awaited: a source that is parked may take its time.
      Promise.resolve(iterator.return?.()).catch(() => {});
      this.#events.announce();
    }
  }

  async #loop(): Promise<void> {
    const { signal } = this.#options;
    const engine = this.#engine;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#failure) throw this.#failure.reason;
      this.#changed = false;
      engine.receive();
      engine.ledger.expire();
      const hasRoom = this.#send();
      if (this.#hasEnded()) break;
      this.#events.announce();
      await (breath() ?? this.#wait(hasRoom));
    }
    const { ledger } = engine;
    for (const target of ledger.targets) {
      const summary = ledger.summary(target);
      this.summaries.push(summary);
      this.#events.push(summary);
    }
    if (ledger.targets.length === 0 && this.#firstUnresolved) {
      throw this.#firstUnresolved;
    }
  }

  /** Takes targets in as the source brings them. */
  async #take(
    iterator:
      | AsyncIterator<Target | Unresolved>
      | Iterator<Target | Unresolved>,
  ): Promise<void> {
    try {
      while (!this.#stopped) {
        const next = await iterator.next();
        if (next.done || this.#stopped) break;
        this.#add(next.value);
        this.#wake();
      }
    } catch (reason) {
      this.#failure = { reason };
    }
    this.#sourceEnded = true;
    this.#wake();
  }

  #add(target: Target | Unresolved): void {
    if ("error" in target) {
      this.#firstUnresolved ??= target.error;
      this.#events.push({
        type: "sendError",
        time: Date.now(),
        target: target.host,
        error: errorValue(target.error),
      });
      return;
    }
    const added = this.#engine.add(target);
    this.#schedule.push(added.since, added);
  }

  /**
   * Sends a batch of the probes that are due; returns false if there is no
   * room. What is still due waits for the next turn, so that a long burst lets
   * replies in before the kernel's buffer is full.
   */
  #send(): boolean {
    const engine = this.#engine, schedule = this.#schedule;
    const { count = Infinity, interval = 1000 } = this.#options;
    if (this.#stopped || this.#events.size >= maxQueued) return true;
    const now = engine.ledger.clock.monotonic();
    while (schedule.due <= now) {
      const target = schedule.pop();
      if (!engine.queue(target)) {
        schedule.push(now, target);
        break;
      }
      if (target.probes < count) {
        schedule.push(target.since + target.probes * interval, target);
      }
    }
    return engine.flush();
  }

  #hasEnded(): boolean {
    if (this.#stopped) return true;
    return this.#sourceEnded && this.#schedule.size === 0 &&
      this.#engine.ledger.isSettled;
  }

  /** Until something comes, is due, or is asked for. */
  async #wait(hasRoom: boolean): Promise<void> {
    const { ledger, sockets } = this.#engine;
    let due = hasRoom
      ? Math.min(this.#schedule.due, ledger.nextExpiry()) -
        ledger.clock.monotonic()
      : 1;
    // Full: until the consumer has taken some.
    if (this.#events.size >= maxQueued) due = Infinity;
    if (due <= 0) return;
    for (const socket of sockets) this.#watch(socket);
    if (this.#changed) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
      if (due !== Infinity) timer = setTimeout(resolve, due);
    });
    this.#resume = undefined;
    clearTimeout(timer);
  }

  #wake(): void {
    this.#changed = true;
    this.#resume?.();
  }

  /** Has the poller wake the run when a socket has something to tell. */
  #watch(socket: IcmpSocket): void {
    if (this.#watched.has(socket)) return;
    this.#watched.add(socket);
    socket.readable().then(() => {
      this.#watched.delete(socket);
      this.#wake();
    }, () => {});
  }
}

function checkOptions(options: EchoOptions): void {
  const { count, interval, timeout, size, ttl } = options;
  checkNumber("count", count, 1, Number.MAX_SAFE_INTEGER, true);
  checkNumber("interval", interval, 0, 2 ** 31 - 1, false);
  checkNumber("timeout", timeout, 0, 2 ** 31 - 1, false);
  checkNumber("size", size, 0, 65_507, true);
  checkNumber("ttl", ttl, 1, 255, true);
}

function checkNumber(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
  whole: boolean,
): void {
  if (value === undefined) return;
  const fits = value >= least && value <= most &&
    (!whole || Number.isInteger(value));
  if (fits) return;
  throw new RangeError(
    `Cannot ping: '${name}' must be a ${whole ? "whole " : ""}number from ` +
      `${least} to ${most}, current value is ${value}`,
  );
}
