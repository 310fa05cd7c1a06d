import { EventFd } from "./eventfd.ts";

/** What a thread needs to see that it is to stop; structured clone. */
export interface StopSignal {
  /** Non-zero once it is to stop: to look at while busy. */
  readonly flag: Int32Array<SharedArrayBuffer>;
  /** Readable once it is to stop: to wait for while idle. */
  readonly fd: number;
}

/** Tells a thread that blocks, or spins, to stop. */
export class StopFlag implements Disposable {
  readonly #event = new EventFd();
  /** What to hand to the thread. */
  readonly signal: StopSignal = {
    flag: new Int32Array(new SharedArrayBuffer(4)),
    fd: this.#event.fd,
  };

  /** Tells it. */
  raise(): void {
    Atomics.store(this.signal.flag, 0, 1);
    this.#event.signal();
  }

  /** Lets go of the descriptor, when the thread has ended. */
  [Symbol.dispose](): void {
    this.#event.close();
  }
}
