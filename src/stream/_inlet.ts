import { closeIterator, ignore, openIterator } from "./_util.ts";

/** An error, wrapped so that `undefined` can be one too. */
export interface Failure {
  error: unknown;
}

/** What an operator does with what its source gives. Must not throw. */
export interface InletHandler<T> {
  /** An item came, because `pull()` asked for it. */
  item(value: T): void;
  /** The source ended, or failed. */
  end(failure?: Failure): void;
}

/**
 * The source's side of an operator that races: it asks for an item without
 * waiting for it, and closes the source once, also while it is parked.
 */
export class Inlet<T> {
  #iterator: AsyncIterator<T>;
  #handler: InletHandler<T>;
  #open = true;
  #pulling = false;

  constructor(
    source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>,
    handler: InletHandler<T>,
  ) {
    this.#iterator = openIterator(source);
    this.#handler = handler;
  }

  /** Whether more may come. */
  get open(): boolean {
    return this.#open;
  }

  /** Asks for one item, unless one is on its way. */
  pull(): void {
    if (this.#pulling || !this.#open) return;
    this.#pulling = true;
    try {
      Promise.resolve(this.#iterator.next())
        .then(this.#onResult, this.#onError);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Closes the source, waiting for it unless it is parked. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await closeIterator(this.#iterator, this.#pulling);
  }

  /** Closes the source, where an error is already on its way to the consumer. */
  abandon(): void {
    this.close().catch(ignore);
  }

  #onResult = (result: IteratorResult<T>): void => {
    this.#pulling = false;
    if (!this.#open) return;
    if (!result.done) return this.#handler.item(result.value);
    this.#open = false;
    this.#handler.end();
  };

  #onError = (error: unknown): void => {
    this.#pulling = false;
    if (!this.#open) return;
    this.#open = false;
    this.#handler.end({ error });
  };
}
