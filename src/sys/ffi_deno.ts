/** The C library through `Deno.dlopen`. Only `ffi.ts` imports this. */
import type { Declaration, Libc, Pointer } from "./symbols.ts";
import { declarations } from "./symbols.ts";

/** Opens the first of `names` that loads; throws the last failure. */
export function loadWithDeno(
  names: readonly string[],
  arm64: boolean,
): Libc {
  const wanted: Record<string, Deno.ForeignFunction> = {
    __errno_location: { parameters: [], result: "pointer" },
  };
  for (const [key, d] of Object.entries<Declaration>(declarations)) {
    wanted[key] = {
      name: d.name ?? key,
      parameters: [...d.parameters],
      result: d.result,
      nonblocking: d.nonblocking,
    };
  }
  const { symbols } = openFirst(names, wanted);
  const locate = symbols.__errno_location as () => Deno.PointerObject;
  // errno is a word of this thread's own memory that never moves.
  const errno = new Int32Array(
    Deno.UnsafePointerView.getArrayBuffer(locate(), 4),
  );
  return {
    ...symbols as unknown as Libc,
    errno: () => errno[0],
    address: (bytes) =>
      Number(Deno.UnsafePointer.value(
        Deno.UnsafePointer.of(bytes as Uint8Array<ArrayBuffer>),
      )),
    pointer: (bytes) =>
      Deno.UnsafePointer.of(
        bytes as Uint8Array<ArrayBuffer>,
      ) as unknown as Pointer,
    epollEventSize: arm64 ? 16 : 12,
  };
}

function openFirst(
  names: readonly string[],
  wanted: Record<string, Deno.ForeignFunction>,
): Deno.DynamicLibrary<Record<string, Deno.ForeignFunction>> {
  let failure: unknown;
  for (const name of names) {
    try {
      return Deno.dlopen(name, wanted);
    } catch (error) {
      failure = error;
      // A refused permission is the user's answer, not a missing library.
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
  }
  throw failure;
}
