import type { Lab } from "../_lab.ts";
import type { Program } from "../_process.ts";

/** A tunnel to be measured. */
export interface Contender {
  /** Its name in the report. */
  readonly name: string;
  /** The programs it needs. */
  readonly needs: readonly string[];
  /**
   * Starts both ends.
   *
   * @returns The processes that move the packets.
   */
  start(lab: Lab): Program[] | Promise<Program[]>;
}
