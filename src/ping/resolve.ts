import type { Family } from "../packet/address.ts";
import {
  lookup,
  type NetworkNamespace,
  type ResolveError,
} from "../sys/mod.ts";

/** Something to ping: an address, and what it was called. */
export interface Target {
  /** The name or address as it was given. */
  readonly host: string;
  /** The address, in canonical text; a zone as `%` and a number. */
  readonly address: string;
  /** IP version. */
  readonly family: Family;
}

/** A host that has no address. */
export interface Unresolved {
  /** The name as it was given. */
  readonly host: string;
  /** Why. */
  readonly error: ResolveError;
}

/** Settings of {@linkcode resolve}. */
export interface ResolveOptions {
  /**
   * Only addresses of this IP version.
   *
   * @default Both, in the resolver's order.
   */
  readonly family?: Family;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
  /** The network namespace whose interface a zone by name is. */
  readonly netns?: NetworkNamespace;
}

/**
 * The addresses of a host as a stream, in the resolver's order.
 *
 * @param host A name or an address.
 * @param options The IP version and a signal.
 * @returns At least one target.
 * @throws {ResolveError} If there is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { resolve } from "@echoduct/echoduct/ping";
 *
 * for await (const target of resolve("::1")) {
 *   assert.deepEqual(target, { host: "::1", address: "::1", family: 6 });
 * }
 * ```
 */
export async function* resolve(
  host: string,
  options: ResolveOptions = {},
): AsyncGenerator<Target> {
  for (const found of await lookup(host, options)) {
    options.signal?.throwIfAborted();
    yield { host, ...found };
  }
}
