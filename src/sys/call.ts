/** What every caller of the C library does with its result. */
import { SystemCallError } from "./errors.ts";
import { libc } from "./ffi.ts";

/** The error of the call that has just returned -1 on this thread. */
export function lastError(syscall: string, what: string): SystemCallError {
  return new SystemCallError(syscall, libc().errno(), what);
}

/** Passes a result through, or throws what the call left in errno. */
export function check(result: number, syscall: string, what: string): number {
  if (result < 0) throw lastError(syscall, what);
  return result;
}

const encoder = new TextEncoder();

/** Text as C wants it: UTF-8 and a closing zero, in memory that does not move. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(
      `Cannot pass text on that has a zero character in it: ` +
        `current value is ${JSON.stringify(text)}`,
    );
  }
  return encoder.encode(text + "\0");
}

/**
 * Zeroed memory that the kernel may write to. V8 keeps small typed arrays on
 * its own heap, where they move; a buffer made first does not.
 */
export function allocate(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(size));
}

/** An `int` as the kernel reads it. */
export function int32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = allocate(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
