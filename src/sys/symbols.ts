/**
 * The C functions this module calls, declared once for every runtime.
 *
 * Arguments that are hot are `pointer`: made once for memory that stays, they
 * cost nothing to pass. `buffer` is for the cold paths. `open`, `ioctl` and
 * `fcntl` are variadic in C; on Linux x86-64 and arm64 integer and pointer
 * arguments travel in the same registers either way.
 *
 * @module
 */

/** A C type as this module declares it. */
export type NativeType = "i32" | "u32" | "usize" | "pointer" | "buffer";

/** One C function: its name where the key differs, its types, its thread. */
export interface Declaration {
  readonly name?: string;
  readonly parameters: readonly NativeType[];
  readonly result: "i32" | "u32";
  /** Runs on another thread and returns a promise: for waiting, never for data. */
  readonly nonblocking?: true;
}

declare const pointerBrand: unique symbol;

/** The address of memory that does not move, in the runtime's own shape. */
export interface Pointer {
  readonly [pointerBrand]: true;
}

export const declarations = {
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  readv: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  writev: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  ioctl_value: {
    name: "ioctl",
    parameters: ["i32", "usize", "usize"],
    result: "i32",
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  clock_gettime: { parameters: ["i32", "pointer"], result: "i32" },
  getegid: { parameters: [], result: "u32" },

  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "buffer"],
    result: "i32",
  },
  setsockopt: {
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  sendmmsg: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  recvmmsg: {
    parameters: ["i32", "pointer", "u32", "i32", "buffer"],
    result: "i32",
  },

  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  epoll_wait_off_thread: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },

  setns: { parameters: ["i32", "i32"], result: "i32" },
  unshare: { parameters: ["i32"], result: "i32" },
} as const satisfies Record<string, Declaration>;

type Argument<T extends NativeType> = T extends "pointer" ? Pointer
  : T extends "buffer" ? Uint8Array<ArrayBuffer> | null
  : number;

type Arguments<T extends readonly NativeType[]> = {
  -readonly [I in keyof T]: Argument<T[I]>;
};

/** Functions as a set of declarations describes them. */
export type Functions<D extends Record<string, Declaration>> = {
  readonly [K in keyof D]: (
    ...args: Arguments<D[K]["parameters"]>
  ) => D[K] extends { nonblocking: true } ? Promise<number> : number;
};

/** The C library, as the rest of this room sees it in every runtime. */
export interface Libc extends Functions<typeof declarations> {
  /** The error number of the last failed synchronous call on this thread. */
  errno(): number;
  /** The address of `bytes`, which must be kept alive while it is in use. */
  address(bytes: Uint8Array): number;
  /** The same address, to pass as an argument. */
  pointer(bytes: Uint8Array): Pointer;
  /** 16 bytes on arm64, packed to 12 on x86-64. */
  readonly epollEventSize: 12 | 16;
}
