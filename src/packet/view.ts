/** Settings of every view's `parse`. */
export interface ParseOptions {
  /**
   * Whether to accept a packet that was cut short, as ICMP errors quote it and
   * as a snap length leaves it: headers must be whole, what a length field
   * counts beyond them need not be there.
   *
   * @default {false}
   */
  truncated?: boolean;
}

/**
 * A checked view over bytes: what it reads was found to lie within them when
 * it was parsed. It borrows the bytes and sees later changes to them; a change
 * to a length field may then yield a field from the wrong place, never from
 * outside of the bytes.
 */
export abstract class View {
  /** The bytes viewed, without what lies beyond the length they state. */
  readonly bytes: Uint8Array;

  /**
   * Takes bytes that were checked.
   *
   * @param bytes The bytes.
   */
  protected constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /**
   * Describes it in one line.
   *
   * @returns The line.
   */
  abstract toString(): string;

  /**
   * What `console.log` shows in Deno.
   *
   * @returns The line of `toString`.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * What `console.log` shows in Node and Bun.
   *
   * @returns The line of `toString`.
   */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
