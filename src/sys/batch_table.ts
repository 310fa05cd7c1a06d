import type { Batch } from "../packet/batch.ts";
import { libc } from "./ffi.ts";
import { MAX_MESSAGES, MessageTable } from "./messages.ts";

/** A message table that follows the batches it is used for. */
export class BatchTable {
  /** Where the batch's arena is in memory. */
  base = 0;
  readonly #control: number;
  #arena: Uint8Array | undefined;
  #table: MessageTable | undefined;

  /** @param control Bytes for control messages with each message. */
  constructor(control: number) {
    this.#control = control;
  }

  for(batch: Batch): MessageTable {
    if (this.#arena !== batch.arena) {
      this.#arena = batch.arena;
      this.base = libc().address(batch.arena);
    }
    const capacity = Math.min(batch.capacity, MAX_MESSAGES);
    if (!this.#table || this.#table.capacity < capacity) {
      this.#table = new MessageTable({
        capacity,
        names: true,
        control: this.#control,
      });
    }
    return this.#table;
  }
}
