/**
 * Network namespaces: making one, entering one for the length of a call.
 *
 * A socket or device stays in the namespace of the thread that opened it, so
 * the thread need only be there for the opening call (`setns(2)`).
 *
 * @module
 */
import { check, cString, lastError } from "./call.ts";
import { CLONE_NEWNET, O_CLOEXEC, O_RDONLY } from "./constants.ts";
import { errno, PermissionError } from "./errors.ts";
import { libc } from "./ffi.ts";

/**
 * A network namespace: a name as `ip netns` lists it (a file in
 * `/run/netns`), a path such as `/proc/1234/ns/net`, or an open descriptor.
 */
export type NetworkNamespace = string | number;

const needsAdmin = "run as root, with CAP_SYS_ADMIN, or inside a user " +
  "namespace of your own: unshare -Urnm COMMAND";

/**
 * Runs `open` with this thread inside a namespace, and returns to the thread's
 * own, whatever happens. `open` must be synchronous: at an `await` the thread
 * would go on to other work in the wrong place.
 *
 * @typeParam T What `open` returns.
 * @param netns The namespace; `undefined` stays in this one.
 * @param open What to do there.
 * @returns What `open` returned.
 * @throws {PermissionError} If the thread may not enter it.
 * @throws {SystemCallError} If there is no such namespace.
 *
 * @example
 * ```ts
 * import { createNetns, withNetns } from "@echoduct/echoduct/sys";
 * import assert from "node:assert/strict";
 *
 * assert.equal(withNetns(undefined, () => 42), 42);
 * ```
 */
export function withNetns<T>(
  netns: NetworkNamespace | undefined,
  open: () => T,
): T {
  if (netns === undefined) return open();
  const c = libc();
  const target = typeof netns === "number" ? netns : openNamespace(netns);
  let home = -1;
  try {
    home = openPath("/proc/thread-self/ns/net", "this thread's namespace");
    enter(target, `network namespace ${JSON.stringify(netns)}`);
    try {
      return open();
    } finally {
      enter(home, "the namespace this thread came from");
    }
  } finally {
    if (home >= 0) c.close(home);
    if (target !== netns) c.close(target);
  }
}

/** A namespace that lives as long as its descriptor is open. */
export interface OwnedNetns extends Disposable {
  /** The descriptor; pass it as `netns` wherever that option is. */
  readonly fd: number;
  /** Lets go of it; the kernel removes it with its last socket or device. */
  close(): void;
}

/**
 * Makes a network namespace with nothing in it but a loopback device that is
 * down, while this thread stays where it is.
 *
 * @returns The namespace; close it, or the process holds it to the end.
 * @throws {PermissionError} Without CAP_SYS_ADMIN.
 *
 * @example
 * ```ts no-assert
 * import { createNetns, Netlink } from "@echoduct/echoduct/sys";
 *
 * const netns = createNetns();
 * const netlink = Netlink.open({ netns: netns.fd });
 * netlink.setLink("lo", { up: true });
 * netlink.close();
 * netns.close();
 * ```
 */
export function createNetns(): OwnedNetns {
  const c = libc();
  const home = openPath("/proc/thread-self/ns/net", "this thread's namespace");
  try {
    if (c.unshare(CLONE_NEWNET) < 0) {
      throw refusedOr("unshare", "Cannot make a network namespace");
    }
    try {
      return own(openPath("/proc/thread-self/ns/net", "the new namespace"));
    } finally {
      enter(home, "the namespace this thread came from");
    }
  } finally {
    c.close(home);
  }
}

function own(fd: number): OwnedNetns {
  let open = true;
  const close = () => {
    if (open) libc().close(fd);
    open = false;
  };
  return { fd, close, [Symbol.dispose]: close };
}

function openNamespace(name: string): number {
  const path = name.includes("/") ? name : `/run/netns/${name}`;
  const fd = libc().open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const error = lastError("open", `Cannot open network namespace '${name}'`);
  if (error.errno === errno.ENOENT && path !== name) {
    error.message += `; there is no ${path}, 'ip netns' lists those that are`;
  }
  throw error;
}

function openPath(path: string, what: string): number {
  const fd = libc().open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  return check(fd, "open", `Cannot open ${what}`);
}

function enter(fd: number, what: string): void {
  if (libc().setns(fd, CLONE_NEWNET) < 0) {
    throw refusedOr("setns", `Cannot enter ${what}`);
  }
}

function refusedOr(syscall: string, what: string): Error {
  const error = lastError(syscall, what);
  return error.errno === errno.EPERM
    ? new PermissionError(syscall, error.errno, what, needsAdmin)
    : error;
}
