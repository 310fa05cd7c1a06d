import { abortable } from "./abortable.ts";
import type { Stage } from "./pipe.ts";

/**
 * A stage whose iterators `connect` makes. Where there is a signal, it wraps
 * them, so that the operator itself need only answer `return()` promptly.
 */
export function relay<A, B>(
  signal: AbortSignal | undefined,
  connect: (source: AsyncIterable<A>) => AsyncIterator<B>,
): Stage<A, B> {
  const stage: Stage<A, B> = (source) => ({
    [Symbol.asyncIterator]: () => connect(source),
  });
  if (signal === undefined) return stage;
  const guard = abortable<B>(signal);
  return (source) => guard(stage(source));
}
