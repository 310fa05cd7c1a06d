/** Items taken before their memory is given back. */
const maxTaken = 1024;

/** Events on their way from the engine to whoever asks for them. */
export class EventQueue<T> {
  #items: T[] = [];
  #head = 0;
  #arrival: { promise: Promise<void>; resolve: () => void } | undefined;

  /** How many wait. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Adds one; `announce` tells who waits. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the oldest, `undefined` without any. */
  take(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= maxTaken && this.size <= this.#head) this.#forget();
    return item;
  }

  /** Forgets all. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  /** Lets go of what was taken: a queue that never runs empty must not grow. */
  #forget(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** Resolves with the next `announce`. */
  arrival(): Promise<void> {
    if (!this.#arrival) {
      let resolve!: () => void;
      const promise = new Promise<void>((done) => resolve = done);
      this.#arrival = { promise, resolve };
    }
    return this.#arrival.promise;
  }

  /** Tells who waits that there is something new, or nothing more to come. */
  announce(): void {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}
