/**
 * The pump: moves packets from a source to a sink, a batch at a time, through
 * stages. It never waits; what drives it does.
 *
 * @module
 */
import { Batch } from "../packet/batch.ts";
import { breath } from "../sys/mod.ts";
import type { PacketSink, PacketSource } from "./port.ts";

/**
 * A stage of the pump: looks at the packets of a batch, changes them in place,
 * leaves some out with `batch.keep`. It runs for every batch and must not wait.
 */
export type BatchStage = (batch: Batch) => void;

/** A stage as a module, which a thread can import. */
export interface StageModule {
  /** URL of a module whose default export makes a stage of `options`. */
  readonly module: string;
  /** What to make it with; structured clone. */
  readonly options?: unknown;
}

/** Settings of a {@linkcode Pump}. */
export interface PumpOptions {
  /** Where packets come from. */
  readonly source: PacketSource;
  /** Where they go. */
  readonly sink: PacketSink;
  /** What happens to them in between, in order. */
  readonly stages?: readonly BatchStage[];
  /** Bytes of the longest packet. */
  readonly maxPacket: number;
  /**
   * Packets moved at once.
   *
   * @default {64}
   */
  readonly batch?: number;
}

/**
 * Moves packets from a source to a sink.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { memoryPipe, Pump } from "@echoduct/echoduct/tunnel";
 *
 * const [device, network] = memoryPipe();
 * const [link, peer] = memoryPipe();
 * const pump = new Pump({ source: device, sink: link, maxPacket: 1500 });
 * await network.sink()([new Uint8Array([1]), new Uint8Array([2])]);
 * assert.equal(pump.step(), 2);
 * assert.equal(pump.step(), 0);
 * assert.equal(pump.blocked, "source");
 * ```
 */
export class Pump {
  /** Where packets come from. */
  readonly source: PacketSource;
  /** Where they go. */
  readonly sink: PacketSink;
  readonly #stages: readonly BatchStage[];
  readonly #batch: Batch;
  /** Packets of the batch that the sink has taken. */
  #done = 0;

  /**
   * Puts a pump together; nothing moves before `step`.
   *
   * @param options Both ends, and what lies between.
   */
  constructor(options: PumpOptions) {
    const { source, sink, stages = [], maxPacket, batch = 64 } = options;
    this.source = source;
    this.sink = sink;
    this.#stages = stages;
    this.#batch = new Batch({ capacity: batch, slotSize: maxPacket });
  }

  /** Which end the last `step` that moved nothing was waiting for. */
  get blocked(): "source" | "sink" {
    return this.#done < this.#batch.count ? "sink" : "source";
  }

  /**
   * Moves what is ready: what the sink would not take the last time, else a
   * new batch.
   *
   * @returns How many packets were taken in, or given out; 0 when `blocked`.
   */
  step(): number {
    const batch = this.#batch;
    let moved = 0;
    if (this.#done >= batch.count) {
      batch.clear();
      this.#done = 0;
      moved = this.source.read(batch);
      if (moved === 0) return 0;
      const stages = this.#stages;
      for (let i = 0; i < stages.length; i++) stages[i](batch);
    }
    const written = this.sink.write(batch, this.#done);
    this.#done += written;
    return Math.max(moved, written);
  }
}

/** Settings of {@linkcode drive}. */
export interface DriveOptions {
  /** Ends the driving, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Drives a pump on this thread for as long as it goes, waiting where it blocks
 * and giving way to timers and other work where it does not.
 *
 * @param pump What to drive.
 * @param options A signal.
 * @returns Never resolves; rejects with the signal's reason, or with what
 * stopped the pump.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { drive, memoryPipe, Pump } from "@echoduct/echoduct/tunnel";
 *
 * const [device, network] = memoryPipe();
 * const [link, peer] = memoryPipe();
 * const stop = new AbortController();
 * const pump = new Pump({ source: device, sink: link, maxPacket: 1500 });
 * const driven = drive(pump, { signal: stop.signal });
 * await network.sink()([new Uint8Array([1])]);
 * await peer.readable();
 * stop.abort();
 * await assert.rejects(driven, { name: "AbortError" });
 * ```
 */
export async function drive(
  pump: Pump,
  options: DriveOptions = {},
): Promise<never> {
  const { signal } = options;
  for (;;) {
    signal?.throwIfAborted();
    if (pump.step() > 0) {
      const due = breath();
      if (due) await due;
    } else if (pump.blocked === "sink") {
      await pump.sink.writable(signal);
    } else {
      await pump.source.readable(signal);
    }
  }
}
