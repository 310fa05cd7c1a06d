/** A socket's descriptor and the calls that all kinds of socket share. */
import type { Family } from "../packet/address.ts";
import { allocate, check, int32, lastError } from "./call.ts";
import {
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
} from "./constants.ts";
import { libc } from "./ffi.ts";
import {
  domain,
  readSockaddr,
  sockaddr,
  type SocketAddress,
} from "./sockaddr.ts";

/** Opens a non-blocking socket; -1 with errno set where it is refused. */
export function trySocket(
  family: Family,
  type: number,
  protocol: number,
): number {
  return libc().socket(
    domain(family),
    type | SOCK_NONBLOCK | SOCK_CLOEXEC,
    protocol,
  );
}

/** Sets an option whose value is an `int`. */
export function setOption(
  fd: number,
  level: number,
  option: number,
  value: number,
  what: string,
): void {
  check(
    libc().setsockopt(fd, level, option, int32(value), 4),
    "setsockopt",
    what,
  );
}

/** Sets an option that may be refused; tells whether it was taken. */
export function trySetOption(
  fd: number,
  level: number,
  option: number,
  value: number,
): boolean {
  return libc().setsockopt(fd, level, option, int32(value), 4) === 0;
}

/** Reads an option whose value is an `int`. */
export function getOption(fd: number, level: number, option: number): number {
  const value = allocate(4);
  check(
    libc().getsockopt(fd, level, option, value, int32(4)),
    "getsockopt",
    `Cannot read socket option ${option}`,
  );
  return new DataView(value.buffer).getInt32(0, true);
}

/**
 * Asks for buffers of `bytes`, beyond the system's limit where that is
 * allowed. The kernel keeps its own bookkeeping in as much again.
 */
export function setBufferSizes(fd: number, bytes: number): void {
  for (
    const [force, plain] of [
      [SO_RCVBUFFORCE, SO_RCVBUF],
      [SO_SNDBUFFORCE, SO_SNDBUF],
    ]
  ) {
    if (!trySetOption(fd, SOL_SOCKET, force, bytes)) {
      trySetOption(fd, SOL_SOCKET, plain, bytes);
    }
  }
}

/** Gives a socket its own address. */
export function bindSocket(fd: number, to: SocketAddress, what: string): void {
  const name = sockaddr(to);
  check(libc().bind(fd, name, name.length), "bind", what);
}

/** Fixes a socket's peer. */
export function connectSocket(
  fd: number,
  to: SocketAddress,
  what: string,
): void {
  const name = sockaddr(to);
  check(libc().connect(fd, name, name.length), "connect", what);
}

/** The address that a socket has of its own. */
export function localAddress(fd: number): SocketAddress {
  const name = allocate(28);
  check(
    libc().getsockname(fd, name, int32(name.length)),
    "getsockname",
    "Cannot read a socket's address",
  );
  const local = readSockaddr(name, 0);
  if (!local) throw lastError("getsockname", "Cannot read a socket's address");
  return local;
}
