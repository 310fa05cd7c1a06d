import { libc } from "./ffi.ts";
import { Poller } from "./poller.ts";

/**
 * An open, non-blocking file descriptor: what devices and sockets have in
 * common.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Descriptor, UdpSocket } from "@echoduct/echoduct/sys";
 *
 * const socket = UdpSocket.open({ local: { address: "::1", port: 0 } });
 * assert(socket instanceof Descriptor);
 * socket.close();
 * assert.equal(socket.fd, -1);
 * ```
 */
export abstract class Descriptor implements Disposable {
  #fd: number;
  #polled = false;

  /**
   * Takes over an open descriptor.
   *
   * @param fd The descriptor, which is this object's to close from now on.
   */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The descriptor, -1 once closed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Resolves when there may be something to read.
   *
   * @param signal Ends the wait.
   * @returns Resolves also when the descriptor is closed meanwhile.
   */
  readable(signal?: AbortSignal): Promise<void> {
    return this.#poller()?.readable(this.#fd, signal) ?? Promise.resolve();
  }

  /**
   * Resolves when something may be written.
   *
   * @param signal Ends the wait.
   * @returns Resolves also when the descriptor is closed meanwhile.
   */
  writable(signal?: AbortSignal): Promise<void> {
    return this.#poller()?.writable(this.#fd, signal) ?? Promise.resolve();
  }

  /** Closes it. Whoever waits for it wakes up and finds it closed. */
  close(): void {
    if (this.#fd < 0) return;
    if (this.#polled) Poller.current.remove(this.#fd);
    libc().close(this.#fd);
    this.#fd = -1;
  }

  /** The same as {@linkcode Descriptor.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** None once closed: the poller would open and nobody would close it. */
  #poller(): Poller | undefined {
    if (this.#fd < 0) return undefined;
    const poller = Poller.current;
    if (!this.#polled) {
      poller.add(this.#fd);
      this.#polled = true;
    }
    return poller;
  }
}
