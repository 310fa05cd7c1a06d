import { checkFunction, checkSource, toAsyncIterable } from "./_util.ts";

/**
 * Where a pipeline begins: an async iterable, or an iterable of values or
 * promises.
 *
 * @typeParam T The type of the items.
 */
export type Source<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>>;

/**
 * A step of a pipeline: an async iterable goes in, another comes out.
 *
 * @typeParam A The type of the items that go in.
 * @typeParam B The type of the items that come out.
 */
export type Stage<A, B> = (source: AsyncIterable<A>) => AsyncIterable<B>;

/**
 * The end of a pipeline: it consumes an async iterable and returns anything,
 * mostly a promise for when it is done. A {@linkcode Stage} is one too.
 *
 * @typeParam T The type of the items that go in.
 * @typeParam R What it returns.
 */
export type Sink<T, R> = (source: AsyncIterable<T>) => R;

/**
 * Makes any source an async iterable, as the beginning of a pipeline.
 *
 * @typeParam A The type of the items.
 * @param source The iterable or async iterable.
 * @returns An async iterable of the same items.
 * @throws {TypeError} If `source` is not iterable.
 *
 * @example Usage
 * ```ts
 * import { pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const stream: AsyncIterable<number> = pipe([1, 2, 3]);
 *
 * assert.deepEqual(await Array.fromAsync(stream), [1, 2, 3]);
 * ```
 */
export function pipe<A>(source: Source<A>): AsyncIterable<A>;
/**
 * Passes a source through stages, from left to right. The last one may be a
 * sink: whatever it returns is returned. Nothing is pulled from the source
 * before the result is consumed; when the consumer leaves, throws or is
 * aborted, the source is closed.
 *
 * @typeParam A The type of the source's items.
 * @typeParam R What the last stage returns.
 * @param source The iterable or async iterable to begin with.
 * @param last The last stage, or a sink.
 * @returns What the last stage returns.
 * @throws {TypeError} If `source` is not iterable or a stage is not a function.
 *
 * @example Ending in a sink
 * ```ts
 * import { pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * async function sum(source: AsyncIterable<number>): Promise<number> {
 *   let total = 0;
 *   for await (const n of source) total += n;
 *   return total;
 * }
 *
 * assert.equal(await pipe([1, 2, 3], sum), 6);
 * ```
 */
export function pipe<A, R>(source: Source<A>, last: Sink<A, R>): R;
/**
 * Passes a source through stages, from left to right. The last one may be a
 * sink: whatever it returns is returned. Nothing is pulled from the source
 * before the result is consumed; when the consumer leaves, throws or is
 * aborted, the source is closed.
 *
 * @typeParam A The type of the source's items.
 * @typeParam B The type of the first stage's items.
 * @typeParam R What the last stage returns.
 * @param source The iterable or async iterable to begin with.
 * @param s1 The first stage.
 * @param last The last stage, or a sink.
 * @returns What the last stage returns.
 * @throws {TypeError} If `source` is not iterable or a stage is not a function.
 *
 * @example Usage
 * ```ts
 * import { filter, map, pipe } from "@echoduct/echoduct/stream";
 * import assert from "node:assert/strict";
 *
 * const stream = pipe(
 *   [1, 2, 3, 4, 5, 6, 7],
 *   filter((n) => n % 2 === 1),
 *   map((n) => n * 10),
 * );
 *
 * assert.deepEqual(await Array.fromAsync(stream), [10, 30, 50, 70]);
 * ```
 */
export function pipe<A, B, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  last: Sink<B, R>,
): R;
/** Passes a source through three stages, of which the last may be a sink. */
export function pipe<A, B, C, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  s2: Stage<B, C>,
  last: Sink<C, R>,
): R;
/** Passes a source through four stages, of which the last may be a sink. */
export function pipe<A, B, C, D, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  s2: Stage<B, C>,
  s3: Stage<C, D>,
  last: Sink<D, R>,
): R;
/** Passes a source through five stages, of which the last may be a sink. */
export function pipe<A, B, C, D, E, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  s2: Stage<B, C>,
  s3: Stage<C, D>,
  s4: Stage<D, E>,
  last: Sink<E, R>,
): R;
/** Passes a source through six stages, of which the last may be a sink. */
export function pipe<A, B, C, D, E, F, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  s2: Stage<B, C>,
  s3: Stage<C, D>,
  s4: Stage<D, E>,
  s5: Stage<E, F>,
  last: Sink<F, R>,
): R;
/** Passes a source through seven stages, of which the last may be a sink. */
export function pipe<A, B, C, D, E, F, G, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  s2: Stage<B, C>,
  s3: Stage<C, D>,
  s4: Stage<D, E>,
  s5: Stage<E, F>,
  s6: Stage<F, G>,
  last: Sink<G, R>,
): R;
/** Passes a source through eight stages, of which the last may be a sink. */
export function pipe<A, B, C, D, E, F, G, H, R>(
  source: Source<A>,
  s1: Stage<A, B>,
  s2: Stage<B, C>,
  s3: Stage<C, D>,
  s4: Stage<D, E>,
  s5: Stage<E, F>,
  s6: Stage<F, G>,
  s7: Stage<G, H>,
  last: Sink<H, R>,
): R;
export function pipe(
  source: Source<unknown>,
  ...stages: Sink<never, unknown>[]
): unknown {
  checkSource("pipe", "source", source);
  stages.forEach((stage, i) => checkFunction("pipe", `stages[${i}]`, stage));
  return stages.reduce<unknown>(
    (stream, stage) => stage(stream as AsyncIterable<never>),
    toAsyncIterable(source),
  );
}
