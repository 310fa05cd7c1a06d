import type { Batch } from "../packet/batch.ts";
import { libc } from "./ffi.ts";
import { MAX_MESSAGES, MessageTable } from "./messages.ts";

const NOWHERE = 0xffffffff;

/** A message table that follows the batches it is used for. */
export class BatchTable {
  /** Where the batch's arena is in memory. */
  base = 0;
  readonly #control: number;
  #arena: Uint8Array | undefined;
  #table: MessageTable | undefined;
  /** Where each message points, so that only what moved is written anew. */
  #aimed = new Uint32Array(0);

  /** @param control Bytes for control messages with each message. */
  constructor(control: number) {
    this.#control = control;
  }

  for(batch: Batch): MessageTable {
    if (this.#arena !== batch.arena) {
      this.#arena = batch.arena;
      this.base = libc().address(batch.arena);
      this.#aimed.fill(NOWHERE);
    }
    const capacity = Math.min(batch.capacity, MAX_MESSAGES);
    if (!this.#table || this.#table.capacity < capacity) {
      this.#table = new MessageTable({
        capacity,
        names: true,
        control: this.#control,
      });
      this.#aimed = new Uint32Array(capacity).fill(NOWHERE);
    }
    return this.#table;
  }

  /** Points the first `count` messages at the free slots of a batch. */
  aim(batch: Batch, count: number): MessageTable {
    const table = this.for(batch);
    const { starts, slotSize, count: first } = batch;
    const aimed = this.#aimed;
    for (let i = 0; i < count; i++) {
      const start = starts[first + i];
      if (aimed[i] === start) continue;
      aimed[i] = start;
      table.setBytes(i, this.base + start, slotSize);
    }
    return table;
  }
}
