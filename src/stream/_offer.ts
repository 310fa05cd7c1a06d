import type { Outlet } from "./_outlet.ts";

/**
 * Queues an item for a consumer. Where `capacity` items wait already, one is
 * dropped and shown to `onDrop`: the item itself, unless `policy` prefers it.
 */
export function offer<T>(
  outlet: Outlet<T>,
  value: T,
  capacity: number,
  policy: string,
  onDrop: ((value: T) => void) | undefined,
): void {
  if (outlet.size < capacity) return outlet.push(value);
  if (policy !== "drop-oldest") return onDrop?.(value);
  const oldest = outlet.shift();
  outlet.push(value);
  onDrop?.(oldest);
}
