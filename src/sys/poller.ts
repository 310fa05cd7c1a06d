/**
 * Waiting for descriptors, one `epoll` a thread.
 *
 * A wait first looks without waiting. Only when nothing is ready does one
 * call, on another thread and on behalf of all waits, sleep in `epoll_wait`;
 * an eventfd wakes it. Each wait arms its descriptor once (`EPOLLONESHOT`), so
 * a descriptor that nobody waits for costs nothing however busy it is.
 *
 * @module
 */
import { breathed } from "./breath.ts";
import { Epoll, EventList } from "./epoll.ts";
import { EventFd } from "./eventfd.ts";
import { onExit } from "./thread.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from "./constants.ts";

const maxEvents = 64;

interface Wait {
  readonly events: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface Watched {
  waits: Wait[];
}

let current: Poller | undefined;

/**
 * The thread's poller. It opens with the first descriptor that is added and
 * closes by itself when the last is removed.
 */
export class Poller {
  readonly #epoll = new Epoll();
  readonly #wake: EventFd;
  readonly #watched = new Map<number, Watched>();
  readonly #now = new EventList(maxEvents);
  /** Apart from `#now`: the other thread writes to it while this one works. */
  readonly #later = new EventList(maxEvents);
  #waiting = 0;
  #parked: Promise<void> | undefined;
  #waking = false;
  readonly #forgetExit: () => void;

  /** Use `Poller.current`, which is shared. */
  private constructor() {
    try {
      this.#wake = new EventFd();
    } catch (error) {
      this.#epoll.close();
      throw error;
    }
    this.#epoll.control(EPOLL_CTL_ADD, this.#wake.fd, EPOLLIN);
    this.#forgetExit = onExit(() => this.#wake.signal());
  }

  /** This thread's poller. */
  static get current(): Poller {
    return current ??= new Poller();
  }

  /** Makes a descriptor known; every `add` needs its `remove`. */
  add(fd: number): void {
    try {
      this.#epoll.control(EPOLL_CTL_ADD, fd, EPOLLONESHOT);
      this.#watched.set(fd, { waits: [] });
    } finally {
      this.#settle();
    }
  }

  /**
   * Forgets a descriptor that is about to be closed. Waits on it end normally:
   * their next read finds it closed.
   */
  remove(fd: number): void {
    const watched = this.#watched.get(fd);
    if (!watched) return;
    this.#watched.delete(fd);
    this.#epoll.control(EPOLL_CTL_DEL, fd, 0);
    this.#waiting -= watched.waits.length;
    for (const wait of watched.waits) wait.resolve();
    this.#settle();
  }

  /** Resolves when `fd` can be read, or has an error to tell. */
  readable(fd: number, signal?: AbortSignal): Promise<void> {
    return this.#wait(fd, EPOLLIN, signal);
  }

  /** Resolves when `fd` can be written. */
  writable(fd: number, signal?: AbortSignal): Promise<void> {
    return this.#wait(fd, EPOLLOUT, signal);
  }

  #wait(fd: number, events: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const watched = this.#watched.get(fd);
    // Removed since: let the caller's next read say so.
    if (!watched) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      let wait: Wait = { events, resolve, reject };
      if (signal) {
        const abort = () => {
          this.#cancel(watched, wait);
          reject(signal.reason);
        };
        const done = () => {
          signal.removeEventListener("abort", abort);
          resolve();
        };
        signal.addEventListener("abort", abort, { once: true });
        wait = { events, resolve: done, reject };
      }
      watched.waits.push(wait);
      this.#waiting++;
      this.#arm(fd, watched);
      this.#dispatch(this.#now, this.#epoll.wait(this.#now, 0));
      this.#park();
    });
  }

  #cancel(watched: Watched, wait: Wait): void {
    const index = watched.waits.indexOf(wait);
    if (index < 0) return;
    watched.waits.splice(index, 1);
    this.#waiting--;
    this.#settle();
  }

  #arm(fd: number, watched: Watched): void {
    let events = EPOLLONESHOT;
    for (const wait of watched.waits) events |= wait.events;
    this.#epoll.control(EPOLL_CTL_MOD, fd, events);
  }

  #dispatch(list: EventList, count: number): void {
    for (let i = 0; i < count; i++) {
      const fd = list.descriptor(i);
      if (fd === this.#wake.fd) {
        this.#wake.clear();
        this.#waking = false;
        continue;
      }
      const watched = this.#watched.get(fd);
      if (!watched) continue;
      let events = list.events(i);
      if (events & (EPOLLERR | EPOLLHUP)) events |= EPOLLIN | EPOLLOUT;
      const waits = watched.waits;
      watched.waits = waits.filter((wait) => !(wait.events & events));
      this.#waiting -= waits.length - watched.waits.length;
      if (watched.waits.length > 0) this.#arm(fd, watched);
      for (const wait of waits) if (wait.events & events) wait.resolve();
    }
  }

  /** Sends the one off-thread wait out, if there is something to wait for. */
  #park(): void {
    if (this.#parked || this.#waiting === 0) return;
    this.#parked = this.#epoll.waitOffThread(this.#later).then((count) => {
      this.#parked = undefined;
      breathed();
      this.#dispatch(this.#later, count);
      this.#settle();
      this.#park();
    });
  }

  /** Calls the off-thread wait back when nobody waits; closes when unused. */
  #settle(): void {
    if (this.#waiting > 0) return;
    if (this.#parked) {
      if (!this.#waking) {
        this.#waking = true;
        this.#wake.signal();
      }
    } else if (this.#watched.size === 0) {
      if (current === this) current = undefined;
      this.#forgetExit();
      this.#epoll.close();
      this.#wake.close();
    }
  }
}
