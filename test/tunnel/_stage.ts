/**
 * A stage for the worker gear, made of what its options ask: leave out one IP
 * version, overwrite bytes of payloads, or fail.
 */
import type { Batch } from "../../src/packet/mod.ts";
import type { BatchStage } from "../../src/tunnel/mod.ts";

/** What the stage does. */
export interface StageOptions {
  /** Leaves packets of this IP version out. */
  readonly drop?: 4 | 6;
  /** Replaces the time to live or hop limit of echo requests. */
  readonly hops?: number;
  /** Fails with this message, at the first batch or when it is made. */
  readonly fail?: string;
  readonly failMaking?: string;
}

/** Makes the stage. */
export default function make(options: StageOptions = {}): BatchStage {
  const { drop, hops, fail, failMaking } = options;
  if (failMaking) throw new Error(failMaking);
  return (batch: Batch) => {
    if (fail) throw new Error(fail);
    if (drop) batch.keep((i) => batch.packet(i)[0] >> 4 !== drop);
    if (hops === undefined) return;
    // The hop limit of IPv6, which no checksum covers.
    for (let i = 0; i < batch.count; i++) {
      const packet = batch.packet(i);
      if (packet[0] >> 4 === 6) packet[7] = hops;
    }
  };
}
