import {
  closeIterator,
  DONE,
  ignore,
  isThenable,
  openIterator,
} from "./_util.ts";

/** What a step returns for an item that goes no further. */
export const SKIP: unique symbol = Symbol("skip");

/** What happens to one item on its way through. */
export type Step<A, B> = (
  value: A,
  index: number,
) => B | typeof SKIP | PromiseLike<B | typeof SKIP>;

/**
 * Pulls an item when asked for one and passes it through `step`.
 *
 * Written by hand because it costs about half of what an async generator does
 * (130 ns against 230 ns an item), and because a generator that is parked in a
 * pending `next()` would keep `return()` from reaching the source.
 */
class Through<A, B> implements AsyncIterator<B> {
  #source: AsyncIterator<A>;
  #step: Step<A, B>;
  #limit: number;
  #index = 0;
  #open = true;
  #pulling = false;

  constructor(source: AsyncIterable<A>, step: Step<A, B>, limit = Infinity) {
    this.#source = openIterator(source);
    this.#step = step;
    this.#limit = limit;
  }

  async next(): Promise<IteratorResult<B>> {
    while (this.#open) {
      if (this.#index >= this.#limit) {
        await this.#close();
        break;
      }
      let pulled: IteratorResult<A>;
      this.#pulling = true;
      try {
        pulled = await this.#source.next();
      } catch (error) {
        this.#open = false;
        throw error;
      } finally {
        this.#pulling = false;
      }
      if (pulled.done || !this.#open) {
        this.#open = false;
        break;
      }
      let value: B | typeof SKIP;
      try {
        const stepped = this.#step(pulled.value, this.#index++);
        value = isThenable(stepped)
          ? await stepped as B | typeof SKIP
          : stepped as B | typeof SKIP;
      } catch (error) {
        await this.#close().catch(ignore);
        throw error;
      }
      if (value !== SKIP) return { done: false, value };
    }
    return DONE;
  }

  async return(): Promise<IteratorResult<B>> {
    await this.#close();
    return DONE;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await closeIterator(this.#source, this.#pulling);
  }
}

/** The items of `source` after `step`, at most `limit` of them pulled. */
export function through<A, B>(
  source: AsyncIterable<A>,
  step: Step<A, B>,
  limit?: number,
): AsyncIterable<B> {
  return { [Symbol.asyncIterator]: () => new Through(source, step, limit) };
}
