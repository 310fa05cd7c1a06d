/** What an iterator gives when it has ended. */
export const DONE: IteratorReturnResult<undefined> = Object.freeze({
  done: true,
  value: undefined,
});

/** The longest delay a timer can wait, in milliseconds: a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

/** Swallows an error that nobody can be told about any more. */
export function ignore(): void {}

/** Whether `value` has to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as PromiseLike<unknown>).then === "function";
}

/** Lifts a sync iterator as `for await` does: promises in it are awaited. */
class SyncIterator<T> implements AsyncIterator<T> {
  #iterator: Iterator<T | PromiseLike<T>>;

  constructor(iterator: Iterator<T | PromiseLike<T>>) {
    this.#iterator = iterator;
  }

  async next(): Promise<IteratorResult<T>> {
    const result = this.#iterator.next();
    if (result.done) return DONE;
    if (!isThenable(result.value)) return result as IteratorYieldResult<T>;
    try {
      return { done: false, value: await result.value };
    } catch (error) {
      this.#iterator.return?.();
      throw error;
    }
  }

  // deno-lint-ignore require-await -- async, so that a throw becomes a rejection
  async return(): Promise<IteratorResult<T>> {
    this.#iterator.return?.();
    return DONE;
  }
}

/** Opens the iterator of an async or sync source. */
export function openIterator<T>(
  source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>,
): AsyncIterator<T> {
  return Symbol.asyncIterator in Object(source)
    ? (source as AsyncIterable<T>)[Symbol.asyncIterator]()
    : new SyncIterator(
      (source as Iterable<T | PromiseLike<T>>)[Symbol.iterator](),
    );
}

/** Makes any source an async iterable. */
export function toAsyncIterable<T>(
  source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>,
): AsyncIterable<T> {
  if (Symbol.asyncIterator in Object(source)) return source as AsyncIterable<T>;
  return { [Symbol.asyncIterator]: () => openIterator(source) };
}

/**
 * Closes an iterator. An async generator that is parked in a pending `next()`
 * answers `return()` only after it, so that one is told but not waited for.
 */
export async function closeIterator(
  iterator: AsyncIterator<unknown>,
  parked: boolean,
): Promise<void> {
  const closing = iterator.return?.();
  if (parked) Promise.resolve(closing).catch(ignore);
  else await closing;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null
    ? Object.prototype.toString.call(value)
    : String(value);
}

function complaint(action: string, name: string, must: string, value: unknown) {
  return `Cannot ${action}: '${name}' must be ${must}, current value is ${
    show(value)
  }`;
}

/** Throws unless `value` is a function. */
export function checkFunction(
  action: string,
  name: string,
  value: unknown,
): void {
  if (typeof value === "function") return;
  throw new TypeError(complaint(action, name, "a function", value));
}

/** Throws unless `value` can be iterated. */
export function checkSource(
  action: string,
  name: string,
  value: unknown,
): void {
  const object = Object(value);
  if (Symbol.asyncIterator in object || Symbol.iterator in object) return;
  throw new TypeError(
    complaint(action, name, "an iterable or async iterable", value),
  );
}

/** Throws unless `value` is an integer of at least `min` (0 or 1). */
export function checkCount(
  action: string,
  name: string,
  value: unknown,
  min: 0 | 1,
): void {
  if (Number.isInteger(value) && value as number >= min) return;
  const must = `a ${min === 0 ? "non-negative" : "positive"} integer`;
  const Class = typeof value === "number" ? RangeError : TypeError;
  throw new Class(complaint(action, name, must, value));
}

/** Throws unless `value` is a number of milliseconds that a timer can wait. */
export function checkDelay(
  action: string,
  name: string,
  value: unknown,
  { zero = false }: { zero?: boolean } = {},
): void {
  const delay = value as number;
  if (typeof value === "number" && delay <= MAX_DELAY) {
    if (delay > 0 || (zero && delay === 0)) return;
  }
  const must = zero
    ? `a number from 0 to ${MAX_DELAY}`
    : `a positive number up to ${MAX_DELAY}`;
  const Class = typeof value === "number" ? RangeError : TypeError;
  throw new Class(complaint(action, name, must, value));
}

/** Throws unless `value` is one of `choices`. */
export function checkChoice(
  action: string,
  name: string,
  value: unknown,
  choices: readonly string[],
): void {
  if (choices.includes(value as string)) return;
  const must = `one of ${choices.map(show).join(", ")}`;
  throw new TypeError(complaint(action, name, must, value));
}

/** Throws unless `value` is an `AbortSignal`. */
export function checkSignal(action: string, value: unknown): void {
  const signal = Object(value);
  if ("aborted" in signal && "addEventListener" in signal) return;
  throw new TypeError(complaint(action, "signal", "an AbortSignal", value));
}
