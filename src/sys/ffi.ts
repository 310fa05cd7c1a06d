/**
 * The seam: which runtime this is, and its way to the C library.
 *
 * @module
 */
import { UnsupportedPlatformError } from "./errors.ts";
import { loadWithDeno } from "./ffi_deno.ts";
import { loadWithKoffi } from "./ffi_koffi.ts";
import type { Libc } from "./symbols.ts";

let loaded: Libc | undefined;

/** The C library, loaded on first use and kept for the life of the thread. */
export function libc(): Libc {
  return loaded ??= load();
}

/** The system this runs on: kernel and processor in the runtime's own words. */
export interface Platform {
  /** `"linux"` where echoduct can work. */
  readonly os: string;
  /** `"x86_64"` or `"aarch64"` where echoduct can work. */
  readonly arch: string;
  /** `"deno"`, `"node"` or `"bun"`. */
  readonly runtime: "deno" | "node" | "bun" | "unknown";
}

/** What this process runs on. */
export function platform(): Platform {
  const global = globalThis as unknown as {
    Deno?: { build: { os: string; arch: string } };
    Bun?: unknown;
    process?: { platform: string; arch: string };
  };
  if (global.Deno) {
    const { os, arch } = global.Deno.build;
    return { os, arch, runtime: "deno" };
  }
  const { platform: os, arch } = global.process ?? { platform: "", arch: "" };
  return {
    os,
    arch: ({ x64: "x86_64", arm64: "aarch64" } as Record<string, string>)[
      arch
    ] ?? arch,
    runtime: global.Bun ? "bun" : global.process ? "node" : "unknown",
  };
}

function load(): Libc {
  const { os, arch, runtime } = platform();
  if (os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    throw new UnsupportedPlatformError(
      `Cannot open sockets and devices on ${os || "this system"} ${arch}: ` +
        `echoduct needs Linux on x86-64 or arm64`,
    );
  }
  const names = ["libc.so.6", `libc.musl-${arch}.so.1`, `libc.so`];
  try {
    return runtime === "deno"
      ? loadWithDeno(names, arch === "aarch64")
      : loadWithKoffi(names, arch === "aarch64");
  } catch (cause) {
    if (cause instanceof Error && cause.name === "NotCapable") throw cause;
    throw new UnsupportedPlatformError(
      runtime === "deno"
        ? `Cannot load the C library (tried ${names.join(", ")})`
        : `Cannot load the C library through koffi: install the npm package ` +
          `'koffi' (3.3 or newer) beside echoduct`,
      { cause },
    );
  }
}
