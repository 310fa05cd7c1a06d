import { Epoll, EventList } from "./epoll.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLOUT,
} from "./constants.ts";

/**
 * Waiting for descriptors on a thread that has nothing else to do, and so may
 * block: what drives the pump in a worker.
 */
export class BlockingPoller {
  readonly #epoll = new Epoll();
  readonly #events = new EventList(16);
  readonly #interest = new Map<number, number>();
  #found = 0;

  /** Says what to wait for on a descriptor; costs nothing if unchanged. */
  watch(fd: number, readable: boolean, writable: boolean): void {
    const events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
    const before = this.#interest.get(fd);
    if (before === events) return;
    const operation = before === undefined ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    this.#epoll.control(operation, fd, events);
    this.#interest.set(fd, events);
  }

  /** Blocks until something is ready, or `timeout` ms have passed. */
  wait(timeout = -1): void {
    this.#found = this.#epoll.wait(this.#events, timeout);
  }

  /** Whether the last wait found something on a descriptor. */
  found(fd: number): boolean {
    for (let i = 0; i < this.#found; i++) {
      if (this.#events.descriptor(i) === fd) return true;
    }
    return false;
  }

  /** Closes the poller, not what it watches. */
  close(): void {
    this.#epoll.close();
  }
}
