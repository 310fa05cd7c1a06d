/**
 * Names to addresses, through the system's resolver (`getaddrinfo(3)`).
 *
 * @module
 */
import { type Family, parseAddress } from "../packet/address.ts";
import { Netlink } from "./netlink/mod.ts";
import type { NetworkNamespace } from "./netns.ts";

/** An address that a name stands for. */
export interface ResolvedAddress {
  /** Canonical text; a zone (`%eth0`) becomes a number. */
  readonly address: string;
  /** IP version. */
  readonly family: Family;
}

/** Settings of {@linkcode lookup}. */
export interface LookupOptions {
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
 * A name that stands for no address, or none of the asked IP version.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { ResolveError } from "@echoduct/echoduct/sys";
 *
 * const error = new ResolveError("no.example", "ENOTFOUND", "not known");
 * assert.equal(error.message, "Cannot resolve 'no.example': not known");
 * ```
 */
export class ResolveError extends Error {
  /** The class, for programs that see it as plain data. */
  override readonly name = "ResolveError";
  /** The name that was asked for. */
  readonly host: string;
  /** `"ENOTFOUND"`, `"EAI_AGAIN"`, or `"EAFNOSUPPORT"` for the wrong family. */
  readonly code: string;

  /**
   * Says which name, and what is wrong with it.
   *
   * @param host The name that was asked for.
   * @param code What is wrong, for programs.
   * @param reason What is wrong, for people.
   */
  constructor(host: string, code: string, reason: string) {
    super(`Cannot resolve '${host}': ${reason}`);
    this.host = host;
    this.code = code;
  }
}

/**
 * Resolves a name, or checks an address.
 *
 * Names go to the resolver of the process, whatever namespace the packets will
 * be sent in.
 *
 * @param host A name, or an address, which is returned as it is.
 * @param options The IP version and an end to the waiting.
 * @returns At least one address, in the resolver's order.
 * @throws {ResolveError} If there is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { lookup } from "@echoduct/echoduct/sys";
 *
 * assert.deepEqual(await lookup("127.0.0.1"), [
 *   { address: "127.0.0.1", family: 4 },
 * ]);
 * ```
 */
export async function lookup(
  host: string,
  options: LookupOptions = {},
): Promise<ResolvedAddress[]> {
  const { family, signal } = options;
  signal?.throwIfAborted();
  const literal = parseAddress(host);
  if (literal) {
    if (family && literal.family !== family) throw wrongFamily(host, family);
    const zone = literal.zone === undefined
      ? ""
      : `%${interfaceIndex(literal.zone, host, options.netns)}`;
    return [{ address: literal.address + zone, family: literal.family }];
  }
  if (!isName(host)) {
    throw new ResolveError(host, "EINVAL", "neither a name nor an address");
  }
  const found = await unlessAborted(systemLookup(host), signal);
  const wanted = found.filter((entry) => !family || entry.family === family);
  if (wanted.length === 0) throw wrongFamily(host, family ?? 4);
  return wanted;
}

/** What else it may be that a name is not known. */
const reasons: Record<string, string> = {
  EAI_AGAIN: "the name server did not answer",
  EPERM: "this process may not resolve names, in Deno allow it with " +
    "--allow-net",
};

async function systemLookup(host: string): Promise<ResolvedAddress[]> {
  const dns = await import("node:dns/promises");
  try {
    const found = await dns.lookup(host, { all: true, verbatim: true });
    // getaddrinfo may name one address once for each kind of socket.
    const unique = new Map(found.map((entry) => [entry.address, entry]));
    return [...unique.values()].map(({ address, family }) => ({
      address,
      family: family === 6 ? 6 : 4,
    }));
  } catch (error) {
    const code = (error as { code?: string }).code ?? "ENOTFOUND";
    if (error instanceof Error && error.name === "NotCapable") throw error;
    throw new ResolveError(host, code, reasons[code] ?? "no such name");
  }
}

/** A zone may be an interface's name; sockets want its number. */
function interfaceIndex(
  zone: string,
  host: string,
  netns: NetworkNamespace | undefined,
): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  const netlink = Netlink.open({ netns });
  try {
    const link = netlink.links().find(({ name }) => name === zone);
    if (link) return link.index;
  } finally {
    netlink.close();
  }
  throw new ResolveError(host, "ENODEV", `there is no interface '${zone}'`);
}

function wrongFamily(host: string, family: Family): ResolveError {
  return new ResolveError(
    host,
    "EAFNOSUPPORT",
    `it has no IPv${family} address`,
  );
}

/** RFC 1123 section 2.1, with the underscore that the world uses. */
function isName(host: string): boolean {
  return host.length > 0 && host.length <= 253 &&
    host.replace(/\.$/, "").split(".").every((label) =>
      /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label) ||
      // deno-lint-ignore no-control-regex
      /[^\x00-\x7f]/.test(label)
    );
}

function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() =>
      signal.removeEventListener("abort", abort)
    );
  });
}
