import { checkSnaplen } from "./_pcap.ts";
import {
  pcapHeader,
  type PcapOptions,
  pcapRecord,
  type PcapTime,
} from "./pcap.ts";

/**
 * Where a capture goes: a function, or anything with a `write` method, as a
 * `WritableStreamDefaultWriter` has. Each chunk is the receiver's to keep.
 */
export type PcapSink =
  | ((chunk: Uint8Array<ArrayBuffer>) => unknown)
  | { write(chunk: Uint8Array<ArrayBuffer>): unknown };

/** A packet to capture: its bytes, or a view over them. */
export type PcapSource = Uint8Array | { readonly bytes: Uint8Array };

/**
 * Writes packets to a capture file as they come: the file header first, then
 * one chunk per packet.
 *
 * Where the sink returns promises they are not waited for between packets;
 * {@linkcode PcapWriter.flush} waits for them all. After a failure every call
 * throws it.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { PcapWriter } from "@echoduct/echoduct/packet";
 *
 * const chunks: Uint8Array[] = [];
 * const writer = new PcapWriter((chunk) => chunks.push(chunk));
 * writer.write(new Uint8Array(20));
 * await writer.flush();
 * assert.deepEqual(chunks.map((chunk) => chunk.length), [24, 36]);
 * ```
 */
export class PcapWriter {
  readonly #sink: (chunk: Uint8Array<ArrayBuffer>) => unknown;
  readonly #snaplen: number;
  #last: Promise<unknown> = Promise.resolve();
  #failure: { error: unknown } | undefined;
  #count = 0;

  /**
   * Writes the file header.
   *
   * @param sink Where the chunks go.
   * @param options The snap length and the link type.
   * @throws {RangeError} If a setting is out of range.
   */
  constructor(sink: PcapSink, options: PcapOptions = {}) {
    this.#sink = typeof sink === "function"
      ? sink
      : (chunk) => sink.write(chunk);
    this.#snaplen = checkSnaplen(options.snaplen);
    this.#send(pcapHeader(options));
  }

  /** How many packets were written. */
  get count(): number {
    return this.#count;
  }

  /**
   * Writes a packet; its bytes are copied at once.
   *
   * @param packet The packet.
   * @param time When it was captured; now, if not given.
   * @throws {RangeError} If the time lies outside of 1970 to 2106.
   */
  write(packet: PcapSource, time: PcapTime = now()): void {
    const bytes = packet instanceof Uint8Array ? packet : packet.bytes;
    this.#send(pcapRecord(bytes, time, this.#snaplen));
    this.#count++;
  }

  /**
   * Waits until the sink has taken everything written so far.
   *
   * @returns A promise for that; it rejects with what the sink failed with.
   */
  async flush(): Promise<void> {
    await this.#last;
    this.#throwFailure();
  }

  #send(chunk: Uint8Array<ArrayBuffer>): void {
    this.#throwFailure();
    const result = this.#sink(chunk);
    if (!isPromise(result)) return;
    const done = result.then(undefined, (error) => {
      this.#failure ??= { error };
    });
    this.#last = Promise.all([this.#last, done]);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/**
 * Makes a function that captures each packet it is called with: what a `tap`
 * on a stream of packets wants.
 *
 * @param sink Where the chunks go.
 * @param options The snap length and the link type.
 * @returns The function; it throws what the sink failed with.
 * @throws {RangeError} If a setting is out of range.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { pcapTap } from "@echoduct/echoduct/packet";
 *
 * let size = 0;
 * const tap = pcapTap((chunk) => size += chunk.length, { snaplen: 100 });
 * [new Uint8Array(20), new Uint8Array(1400)].forEach((packet) => tap(packet));
 * assert.equal(size, 24 + 16 + 20 + 16 + 100);
 * ```
 */
export function pcapTap(
  sink: PcapSink,
  options?: PcapOptions,
): (packet: PcapSource) => void {
  const writer = new PcapWriter(sink, options);
  return (packet) => writer.write(packet);
}

/** Now, in milliseconds with a fraction; it steps when the clock is set. */
function now(): number {
  // performance has the fraction, Date.now the wall clock: the former is taken
  // unless the latter was stepped since the process began.
  const precise = performance.timeOrigin + performance.now();
  const wall = Date.now();
  return Math.abs(precise - wall) < 2 ? precise : wall;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then ===
    "function";
}
