/**
 * The errors a caller may want to tell apart.
 *
 * @module
 */
import { errnoMessage, errnoName, errnoNumber } from "./errno.ts";

/**
 * A system call that failed, with the kernel's reason.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { SystemCallError } from "@echoduct/echoduct/sys";
 *
 * const error = new SystemCallError("bind", 98, "Cannot bind 127.0.0.1:53");
 * assert.equal(error.code, "EADDRINUSE");
 * assert.equal(
 *   error.message,
 *   "Cannot bind 127.0.0.1:53: Address already in use (EADDRINUSE, bind)",
 * );
 * ```
 */
export class SystemCallError extends Error {
  /** The class, for programs that see it as plain data. */
  override readonly name: string = "SystemCallError";
  /** The error's name, as in `errno(3)`: `"EADDRINUSE"`. */
  readonly code: string;
  /** The system call that failed: `"bind"`. */
  readonly syscall: string;
  /** The kernel's number for it, positive: `98`. */
  readonly errno: number;

  /**
   * Says what could not be done, and why.
   *
   * @param syscall The system call that failed.
   * @param errno Its error number, positive.
   * @param what What could not be done, in the caller's terms.
   * @param detail The kernel's own text, where it gave one.
   */
  constructor(syscall: string, errno: number, what: string, detail?: string) {
    const code = errnoName(errno);
    super(
      `${what}: ${detail ?? errnoMessage(errno)} (${code}, ${syscall})`,
    );
    this.code = code;
    this.syscall = syscall;
    this.errno = errno;
  }
}

/**
 * Something that this user may not do here; the message says what would allow
 * it. `code`, `syscall` and `errno` are those of the refused call.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { PermissionError } from "@echoduct/echoduct/sys";
 *
 * const error = new PermissionError("open", 1, "Cannot open", "run as root");
 * assert.equal(error.remedy, "run as root");
 * assert.equal(error.code, "EPERM");
 * ```
 */
export class PermissionError extends SystemCallError {
  /** The class, for programs that see it as plain data. */
  override readonly name = "PermissionError";
  /** What would allow it, as a sentence without its full stop. */
  readonly remedy: string;

  /**
   * Says what is not allowed, and what would allow it.
   *
   * @param syscall The system call that was refused.
   * @param errno Its error number, positive.
   * @param what What could not be done.
   * @param remedy What would allow it.
   */
  constructor(syscall: string, errno: number, what: string, remedy: string) {
    super(syscall, errno, what);
    this.remedy = remedy;
    this.message += `; ${remedy}`;
  }
}

/**
 * The system is not one that echoduct can work on. Thrown at first use of a
 * socket or device, never at import.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { UnsupportedPlatformError } from "@echoduct/echoduct/sys";
 *
 * assert.equal(new UnsupportedPlatformError("no").name, "UnsupportedPlatformError");
 * ```
 */
export class UnsupportedPlatformError extends Error {
  /** The class, for programs that see it as plain data. */
  override readonly name = "UnsupportedPlatformError";
}

/** Error numbers that the data path compares with, by name. */
export const errno = {
  EPERM: errnoNumber("EPERM"),
  ENOENT: errnoNumber("ENOENT"),
  EINTR: errnoNumber("EINTR"),
  EIO: errnoNumber("EIO"),
  EBADF: errnoNumber("EBADF"),
  EAGAIN: errnoNumber("EAGAIN"),
  EACCES: errnoNumber("EACCES"),
  EBUSY: errnoNumber("EBUSY"),
  ENODEV: errnoNumber("ENODEV"),
  EINVAL: errnoNumber("EINVAL"),
  EBADFD: errnoNumber("EBADFD"),
  EDESTADDRREQ: errnoNumber("EDESTADDRREQ"),
  EMSGSIZE: errnoNumber("EMSGSIZE"),
  EPROTONOSUPPORT: errnoNumber("EPROTONOSUPPORT"),
  EAFNOSUPPORT: errnoNumber("EAFNOSUPPORT"),
  ENETDOWN: errnoNumber("ENETDOWN"),
  ENETUNREACH: errnoNumber("ENETUNREACH"),
  ENOBUFS: errnoNumber("ENOBUFS"),
  ECONNREFUSED: errnoNumber("ECONNREFUSED"),
  EHOSTUNREACH: errnoNumber("EHOSTUNREACH"),
} as const;
