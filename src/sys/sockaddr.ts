/** `sockaddr_in` and `sockaddr_in6` (linux/in.h, linux/in6.h) as bytes. */
import {
  addressToBytes,
  type Family,
  formatAddress,
  parseAddress,
} from "../packet/address.ts";
import { allocate } from "./call.ts";
import { AF_INET, AF_INET6 } from "./constants.ts";

/** Room for the larger of the two, `sockaddr_in6`. */
export const SOCKADDR_SIZE = 28;

/** An IP address and port, as sockets speak of them. */
export interface SocketAddress {
  /** Canonical text; a link-local one carries its zone as `%` and a number. */
  readonly address: string;
  /** The port, 0 where the protocol has none. */
  readonly port: number;
}

/** How long the `sockaddr` of a family is, in bytes. */
export function sockaddrLength(family: Family): 16 | 28 {
  return family === 4 ? 16 : 28;
}

/** The `AF_` number of an IP version. */
export function domain(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** Writes a `sockaddr` into `into` at `at`; returns its length in bytes. */
export function writeSockaddr(
  into: Uint8Array,
  at: number,
  bytes: Uint8Array,
  port: number,
  scope = 0,
): number {
  const view = new DataView(into.buffer, into.byteOffset + at);
  const v4 = bytes.length === 4;
  view.setUint16(0, v4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  into.set(bytes, at + (v4 ? 4 : 8));
  if (v4) return 16;
  view.setUint32(4, 0);
  view.setUint32(24, scope, true);
  return 28;
}

/** A `sockaddr` for a system call; the zone of an address must be a number. */
export function sockaddr(to: SocketAddress): Uint8Array<ArrayBuffer> {
  const parsed = parseAddress(to.address);
  const bytes = parsed?.bytes ?? addressToBytes(to.address);
  const into = allocate(sockaddrLength(bytes.length === 4 ? 4 : 6));
  writeSockaddr(into, 0, bytes, to.port, Number(parsed?.zone ?? 0));
  return into;
}

/** Reads a `sockaddr` at `at`, `undefined` if it is of no IP family. */
export function readSockaddr(
  from: Uint8Array,
  at: number,
): SocketAddress | undefined {
  const view = new DataView(from.buffer, from.byteOffset + at);
  const port = view.getUint16(2);
  switch (view.getUint16(0, true)) {
    case AF_INET:
      return { address: formatAddress(from, at + 4, at + 8), port };
    case AF_INET6: {
      const scope = view.getUint32(24, true);
      const address = formatAddress(from, at + 8, at + 24);
      return { address: scope ? `${address}%${scope}` : address, port };
    }
    default:
      return undefined;
  }
}
