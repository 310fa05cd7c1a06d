import {
  addressFamily,
  canonicalAddress,
  type Family,
  parseAddress,
} from "./address.ts";

/** A host and a port. */
export interface Endpoint {
  /** A host name as given, or an address in canonical text with its zone. */
  host: string;
  /** The port, 0 to 65 535. */
  port: number;
  /** The IP version if the host is an address, else missing: a name. */
  family?: Family;
}

/** Settings of {@linkcode parseEndpoint}. */
export interface ParseEndpointOptions {
  /**
   * The port where the text names none; without it, a text without a port is
   * an error.
   */
  defaultPort?: number;
}

/**
 * Reads a host and a port: `1.2.3.4:7001`, `[::1]:7001`, `[fe80::1%eth0]:53`
 * or `vpn.example.com:7001`.
 *
 * @param text The endpoint; an IPv6 address stands in brackets (RFC 3986
 * section 3.2.2) unless it comes without a port.
 * @param options The port to take where there is none.
 * @returns Its parts.
 * @throws {TypeError} If the text is not a host and a port.
 * @throws {RangeError} If the port is above 65 535.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseEndpoint } from "@echoduct/echoduct/packet";
 *
 * assert.deepEqual(parseEndpoint("[::1]:7001"), {
 *   host: "::1",
 *   port: 7001,
 *   family: 6,
 * });
 * assert.equal(parseEndpoint("::1", { defaultPort: 53 }).port, 53);
 * ```
 */
export function parseEndpoint(
  text: string,
  options: ParseEndpointOptions = {},
): Endpoint {
  const parts = split(text);
  const port = parts?.digits === undefined
    ? options.defaultPort
    : Number(parts.digits);
  if (parts === undefined || port === undefined) {
    throw new TypeError(
      `Cannot parse an endpoint, it must look like 1.2.3.4:7001, [::1]:7001 or host:7001: current value is ${
        JSON.stringify(text)
      }`,
    );
  }
  checkPort(port);
  const family = parseAddress(parts.host)?.family;
  if (family === undefined) return { host: parts.host, port };
  return { host: canonicalAddress(parts.host), port, family };
}

/**
 * Writes a host and a port as {@linkcode parseEndpoint} reads them.
 *
 * @param endpoint The host and the port.
 * @returns The text, an IPv6 address in brackets.
 * @throws {RangeError} If the port is not 0 to 65 535.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatEndpoint } from "@echoduct/echoduct/packet";
 *
 * assert.equal(formatEndpoint({ host: "::1", port: 7001 }), "[::1]:7001");
 * ```
 */
export function formatEndpoint(endpoint: Endpoint): string {
  const port = checkPort(endpoint.port);
  const isIpv6 = endpoint.host.includes(":");
  return isIpv6 ? `[${endpoint.host}]:${port}` : `${endpoint.host}:${port}`;
}

interface Parts {
  host: string;
  digits: string | undefined;
}

function split(text: string): Parts | undefined {
  // An IPv6 address without brackets has no port: its last group is its own.
  if (addressFamily(text) === 6) return { host: text, digits: undefined };
  const match = /^(?:\[([^\]]+)\]|([^:\s%/[\]]+))(?::(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const [, bracketed, plain, digits] = match;
  if (bracketed !== undefined) {
    if (addressFamily(bracketed) !== 6) return undefined;
    return { host: bracketed, digits };
  }
  // A name of digits and dots alone is an address gone wrong.
  if (/^[\d.]+$/.test(plain) && addressFamily(plain) !== 4) return undefined;
  return { host: plain, digits };
}

function checkPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 0xffff) return port;
  throw new RangeError(
    `Cannot use a port that is not 0 to 65535: current value is ${port}`,
  );
}
