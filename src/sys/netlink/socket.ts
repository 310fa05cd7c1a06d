/**
 * The socket to rtnetlink, without any knowledge of what is said through it.
 *
 * @module
 */
import { allocate, check, int32, lastError } from "../call.ts";
import {
  AF_NETLINK,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from "../constants.ts";
import { errno } from "../errors.ts";
import { libc } from "../ffi.ts";
import type { NetworkNamespace } from "../netns.ts";
import { withNetns } from "../netns.ts";
import {
  MSG_PEEK,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  SOL_NETLINK,
} from "./constants.ts";

/**
 * What came: a datagram; `"empty"`, nothing is there; `"overrun"`, the kernel
 * had no room for something it wanted to say.
 */
export type Received = Uint8Array | "empty" | "overrun";

/** Something that netlink messages go through: a socket, or a double of it. */
export interface Transport {
  /** Sends one message; `what` could not be done if that fails. */
  send(message: Uint8Array<ArrayBuffer>, what: string): void;
  /** Takes what is there, without waiting. */
  receive(what: string): Received;
  /** Gives the descriptor back; a second time does nothing. */
  close(): void;
}

/**
 * Opens a socket in a namespace. It is connected to the kernel, which makes
 * the kernel the only one that can send to it.
 */
export function openNetlinkSocket(netns?: NetworkNamespace): Transport {
  const fd = withNetns(netns, () =>
    check(
      libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE),
      "socket",
      "Cannot open a netlink socket",
    ));
  try {
    // Kernels before 4.20 lack some of these and work without.
    for (
      const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]
    ) {
      libc().setsockopt(fd, SOL_NETLINK, option, int32(1), 4);
    }
    const kernel = allocate(12); // struct sockaddr_nl: family, pid 0, groups 0
    kernel[0] = AF_NETLINK;
    check(
      libc().connect(fd, kernel, 12),
      "connect",
      "Cannot open a netlink socket",
    );
  } catch (error) {
    libc().close(fd);
    throw error;
  }
  return new NetlinkSocket(fd);
}

class NetlinkSocket implements Transport {
  #fd: number;
  /** The kernel fills a dump's datagrams as far as the last room offered. */
  #buffer = allocate(32 * 1024);

  constructor(fd: number) {
    this.#fd = fd;
  }

  send(message: Uint8Array<ArrayBuffer>, what: string): void {
    let sent: number;
    do sent = libc().send(this.#fd, message, message.length, 0); while (
      sent < 0 && libc().errno() === errno.EINTR
    );
    check(sent, "send", what);
  }

  receive(what: string): Received {
    // Its length first, so that no message is ever cut short.
    const length = this.#recv(null, 0, MSG_PEEK, what);
    if (typeof length === "string") return length;
    if (length > this.#buffer.length) this.#buffer = allocate(length);
    const count = this.#recv(this.#buffer, this.#buffer.length, 0, what);
    if (typeof count === "string") return count;
    return count > this.#buffer.length
      ? "overrun"
      : this.#buffer.slice(0, count);
  }

  close(): void {
    if (this.#fd >= 0) libc().close(this.#fd);
    this.#fd = -1;
  }

  #recv(
    buffer: Uint8Array<ArrayBuffer> | null,
    size: number,
    flags: number,
    what: string,
  ): number | "empty" | "overrun" {
    for (;;) {
      const count = libc().recv(
        this.#fd,
        buffer,
        size,
        flags | MSG_TRUNC | MSG_DONTWAIT,
      );
      if (count >= 0) return count;
      const failure = libc().errno();
      if (failure === errno.EAGAIN) return "empty";
      if (failure === errno.ENOBUFS) return "overrun";
      if (failure !== errno.EINTR) throw lastError("recv", what);
    }
  }
}
