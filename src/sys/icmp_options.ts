/** What an ICMP socket is set up with, of either kind and IP version. */
import type { Family } from "../packet/address.ts";
import { allocate, int32, lastError } from "./call.ts";
import {
  ICMP_FILTER,
  ICMPV6_FILTER,
  IP_MTU_DISCOVER,
  IP_RECVERR,
  IP_RECVTTL,
  IP_TTL,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_HOPS,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_UNICAST_HOPS,
  SO_TIMESTAMPNS,
  SOL_RAW,
  SOL_SOCKET,
} from "./constants.ts";
import { libc } from "./ffi.ts";
import type { IcmpSocketOptions } from "./icmp_socket.ts";
import {
  localAddress,
  setBufferSizes,
  setOption,
  trySetOption,
} from "./socket.ts";
import { sockaddrLength, writeSockaddr } from "./sockaddr.ts";

/** Sets the options of a new socket. */
export function configureIcmp(
  fd: number,
  transport: "dgram" | "raw",
  options: IcmpSocketOptions,
): void {
  const { family, ttl, bufferSize = 4 << 20 } = options;
  const what = "Cannot set up an ICMP socket";
  setBufferSizes(fd, bufferSize);
  setOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, what);
  if (family === 4) {
    setOption(fd, IPPROTO_IP, IP_RECVERR, 1, what);
    setOption(fd, IPPROTO_IP, IP_RECVTTL, 1, what);
    // What is too large may be fragmented anywhere: no DF, which ping(8) sets
    // on what fits. "Fragmentation needed" does not come for such messages.
    trySetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, 0);
    if (ttl) setOption(fd, IPPROTO_IP, IP_TTL, ttl, what);
  } else {
    setOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 1, what);
    setOption(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, what);
    if (ttl) {
      setOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl, what);
      setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl, what);
    }
  }
  if (transport === "raw") filterReplies(fd, family);
}

/**
 * Has the kernel choose the identifier now, so that it is known before the
 * first message: one bound by hand could steal another program's replies.
 */
export function bindAnyIdentifier(fd: number, family: Family): number {
  const name = allocate(sockaddrLength(family));
  writeSockaddr(name, 0, new Uint8Array(family === 4 ? 4 : 16), 0);
  if (libc().bind(fd, name, name.length) < 0) {
    throw lastError("bind", "Cannot set up an ICMP socket");
  }
  return localAddress(fd).port;
}

/** Lets only echo replies through: a raw socket sees everybody's messages. */
function filterReplies(fd: number, family: Family): void {
  if (family === 4) {
    const all = int32(~(1 << 0));
    libc().setsockopt(fd, SOL_RAW, ICMP_FILTER, all, 4);
    return;
  }
  // struct icmp6_filter: a set bit blocks that type.
  const blocked = allocate(32).fill(0xff);
  blocked[129 >> 3] &= ~(1 << (129 & 7));
  libc().setsockopt(
    fd,
    IPPROTO_ICMPV6,
    ICMPV6_FILTER,
    blocked,
    32,
  );
}
