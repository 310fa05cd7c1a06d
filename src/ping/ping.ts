import type { Family } from "../packet/address.ts";
import { ResolveError } from "../sys/mod.ts";
import { echo, type EchoOptions, type EchoRun } from "./echo.ts";
import type { PingEvent, SummaryEvent, Tally } from "./events.ts";
import { resolve, type Target, type Unresolved } from "./resolve.ts";

/** Settings of {@linkcode ping}. */
export interface PingOptions extends EchoOptions {
  /**
   * Only addresses of this IP version.
   *
   * @default The first address of either, in the resolver's order.
   */
  readonly family?: Family;
}

/** What became of all targets, together and one by one. */
export interface PingSummary extends Tally {
  /** The summary of every target. */
  readonly targets: readonly SummaryEvent[];
}

/** One target, or many: names, addresses, or what `resolve` gave. */
export type PingTargets =
  | string
  | Target
  | Iterable<string | Target>
  | AsyncIterable<string | Target>;

/**
 * Pings targets until they have had their `count`, or until stopped. Nothing
 * happens before the first event, or the summary, is asked for.
 *
 * A target that cannot be resolved is a `sendError`; the stream throws only if
 * none can.
 *
 * @param targets One target, or a stream of targets, which may grow while the
 * run goes on.
 * @param options Number, times, sizes and where.
 * @returns A handle: iterate over its events, or await its summary.
 * @throws {RangeError} If an option is out of its range.
 *
 * @example Events
 * ```ts
 * import assert from "node:assert/strict";
 * import { ping } from "@echoduct/echoduct/ping";
 *
 * for await (const event of ping("127.0.0.1", { count: 2, interval: 10 })) {
 *   if (event.type === "reply") assert(event.rtt > 0);
 * }
 * ```
 *
 * @example A summary
 * ```ts
 * import assert from "node:assert/strict";
 * import { ping } from "@echoduct/echoduct/ping";
 *
 * const { loss, rtt } = await ping(["127.0.0.1", "::1"], { count: 1 }).summary();
 * assert.equal(loss, 0);
 * assert(rtt !== null && rtt.min <= rtt.max);
 * ```
 */
export function ping(targets: PingTargets, options: PingOptions = {}): Ping {
  return new Ping(echo(options)(resolveEach(targets, options)));
}

/**
 * A ping run: the stream of its events, how it stands, and a way to stop it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ping } from "@echoduct/echoduct/ping";
 *
 * await using run = ping("127.0.0.1", { interval: 10 });
 * for await (const event of run) {
 *   if (run.stats.received >= 3) run.stop();
 * }
 * assert((await run.summary()).received >= 3);
 * ```
 */
export class Ping implements AsyncIterable<PingEvent>, AsyncDisposable {
  readonly #run: EchoRun;
  readonly #ended: Promise<void>;
  #end!: (failure?: { reason: unknown }) => void;
  #iterating = false;

  /** Use {@linkcode ping}. */
  constructor(run: EchoRun) {
    this.#run = run;
    this.#ended = new Promise((resolve, reject) => {
      this.#end = (failure) => failure ? reject(failure.reason) : resolve();
    });
    this.#ended.catch(() => {});
  }

  /** How the run stands now, all targets together. */
  get stats(): Tally {
    return this.#run.tally();
  }

  /** Ends the run: no more probes, no more waiting, the summaries now. */
  stop(): void {
    this.#run.stop();
  }

  /**
   * The end of the run. If nobody iterates over the events, this runs it.
   *
   * @returns What became of the probes.
   * @throws {ResolveError} If no target has an address.
   * @throws {PermissionError} If this user may not ping here.
   */
  async summary(): Promise<PingSummary> {
    if (!this.#iterating) {
      for await (const _ of this);
    }
    await this.#ended;
    return { ...this.stats, targets: this.#run.summaries };
  }

  /**
   * The events. A run is one stream: who asks again gets the rest of it. Its
   * `return` ends the run also while a `next` waits.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<PingEvent> {
    const iterator = {
      next: () => this.#settle(this.#run.next()),
      return: () => this.#settle(this.#run.return()),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Ends the run and closes its sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#settle(this.#run.return());
  }

  /** Watches out for the end on its way to whoever iterates. */
  async #settle(
    result: Promise<IteratorResult<PingEvent>>,
  ): Promise<IteratorResult<PingEvent>> {
    this.#iterating = true;
    try {
      const { done } = await result;
      if (done) this.#end();
      return result;
    } catch (reason) {
      this.#end({ reason });
      throw reason;
    }
  }
}

async function* resolveEach(
  targets: PingTargets,
  options: PingOptions,
): AsyncGenerator<Target | Unresolved> {
  const many = typeof targets === "string" || "host" in targets
    ? [targets]
    : targets;
  for await (const target of many) {
    if (typeof target === "string") yield await first(target, options);
    else yield target;
  }
}

/** The first address of a host, or why it has none. */
async function first(
  host: string,
  options: PingOptions,
): Promise<Target | Unresolved> {
  try {
    const { value } = await resolve(host, options).next();
    return value;
  } catch (error) {
    if (error instanceof ResolveError) return { host, error };
    throw error;
  }
}
