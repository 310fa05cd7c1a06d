/** An epoll set (`epoll(7)`), as thin as it goes. */
import { allocate, check, lastError } from "./call.ts";
import { EPOLL_CLOEXEC } from "./constants.ts";
import { errno } from "./errors.ts";
import { libc } from "./ffi.ts";
import type { Pointer } from "./symbols.ts";

/** Room for the events of one `epoll_wait`, whose layout differs by processor. */
export class EventList {
  readonly capacity: number;
  readonly pointer: Pointer;
  readonly #view: DataView;
  readonly #size = libc().epollEventSize;

  constructor(count: number) {
    this.capacity = count;
    const memory = allocate(count * this.#size);
    this.pointer = libc().pointer(memory);
    this.#view = new DataView(memory.buffer);
  }

  events(i: number): number {
    return this.#view.getUint32(i * this.#size, true);
  }

  descriptor(i: number): number {
    return this.#view.getInt32(i * this.#size + this.#size - 8, true);
  }

  set(i: number, events: number, fd: number): void {
    this.#view.setUint32(i * this.#size, events, true);
    this.#view.setInt32(i * this.#size + this.#size - 8, fd, true);
  }
}

/** An epoll set and its descriptor. */
export class Epoll {
  readonly #libc = libc();
  readonly #fd: number;
  readonly #one = new EventList(1);

  /** Opens an empty set. */
  constructor() {
    this.#fd = check(
      this.#libc.epoll_create1(EPOLL_CLOEXEC),
      "epoll_create1",
      "Cannot open a poller",
    );
  }

  /** Adds, changes or removes (`EPOLL_CTL_`) a descriptor. */
  control(operation: number, fd: number, events: number): void {
    this.#one.set(0, events >>> 0, fd);
    check(
      this.#libc.epoll_ctl(this.#fd, operation, fd, this.#one.pointer),
      "epoll_ctl",
      `Cannot watch descriptor ${fd}`,
    );
  }

  /** Waits on this thread, `timeout` in ms, -1 for ever; counts the events. */
  wait(into: EventList, timeout: number): number {
    const count = this.#libc.epoll_wait(
      this.#fd,
      into.pointer,
      into.capacity,
      timeout,
    );
    if (count >= 0) return count;
    if (this.#libc.errno() === errno.EINTR) return 0;
    throw lastError("epoll_wait", "Cannot wait");
  }

  /** Waits on another thread for as long as it takes; -1 if interrupted. */
  waitOffThread(into: EventList): Promise<number> {
    return this.#libc.epoll_wait_off_thread(
      this.#fd,
      into.pointer,
      into.capacity,
      -1,
    );
  }

  /** Closes the set. */
  close(): void {
    this.#libc.close(this.#fd);
  }
}
