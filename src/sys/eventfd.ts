/** `eventfd(2)`: a descriptor that one thread makes readable for another. */
import { allocate, check } from "./call.ts";
import { EFD_CLOEXEC, EFD_NONBLOCK } from "./constants.ts";
import { libc } from "./ffi.ts";

/** An eventfd that is either signalled or clear. */
export class EventFd {
  /** Its descriptor: readable while it is signalled. */
  readonly fd: number;
  readonly #word = allocate(8);

  /** Opens one that is clear. */
  constructor() {
    this.fd = check(
      libc().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
      "eventfd",
      "Cannot open a wake-up descriptor",
    );
  }

  /** Makes it readable. */
  signal(): void {
    this.#word.fill(0);
    this.#word[0] = 1;
    libc().write(this.fd, this.#word, 8);
  }

  /** Makes it unreadable again. */
  clear(): void {
    libc().read(this.fd, this.#word, 8);
  }

  /** Closes it. */
  close(): void {
    libc().close(this.fd);
  }
}
