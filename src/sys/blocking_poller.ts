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
    this.#epoll.wait(this.#events, timeout);
  }

  /** Closes the poller, not what it watches. */
  close(): void {
    this.#epoll.close();
  }
}
