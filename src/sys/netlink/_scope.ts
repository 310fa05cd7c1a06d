import { checkInteger } from "./_check.ts";

/**
 * How far an address or a route is known (`RT_SCOPE_*` of
 * `linux/rtnetlink.h`); a number where the kernel has no name for it.
 *
 * @example
 * ```ts
 * import type { Scope } from "@echoduct/echoduct/sys";
 *
 * const scope: Scope = "link";
 * ```
 */
export type Scope = "global" | "site" | "link" | "host" | "nowhere" | number;

const scopes = new Map<Scope, number>([
  ["global", 0],
  ["site", 200],
  ["link", 253],
  ["host", 254],
  ["nowhere", 255],
]);
const names = new Map([...scopes].map(([name, number]) => [number, name]));

export function parseScope(scope: Scope, what: string): number {
  const number = scopes.get(scope);
  if (number !== undefined) return number;
  return checkInteger(scope as number, 0, 255, what, "scope");
}

export function formatScope(number: number): Scope {
  return names.get(number) ?? number;
}
