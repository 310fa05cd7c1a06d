/** The C library through koffi, on Node and Bun. Only `ffi.ts` imports this. */
import type { Declaration, Libc, NativeType, Pointer } from "./symbols.ts";
import { declarations } from "./symbols.ts";

type KoffiCallback = (error: Error | null, result: number) => void;

interface KoffiFunction {
  (...args: unknown[]): number;
  async(...args: [...unknown[], KoffiCallback]): void;
}

/** The part of koffi's interface that is used here. */
interface Koffi {
  load(name: string): {
    func(name: string, result: string, parameters: string[]): KoffiFunction;
  };
  errno(): number;
  address(value: Uint8Array): bigint;
}

interface NodeModule {
  createRequire(from: string): (name: string) => unknown;
}

const typeOf: Record<NativeType, string> = {
  i32: "int",
  u32: "uint32_t",
  usize: "size_t",
  pointer: "uintptr_t",
  buffer: "void *",
};

/** Opens the first of `names` that loads; throws the last failure. */
export function loadWithKoffi(
  names: readonly string[],
  arm64: boolean,
): Libc {
  const koffi = requireKoffi();
  const library = openFirst(koffi, names);
  const functions: Record<string, unknown> = {};
  for (const [key, d] of Object.entries<Declaration>(declarations)) {
    const call = library.func(
      d.name ?? key,
      typeOf[d.result],
      d.parameters.map((type) => typeOf[type]),
    );
    functions[key] = d.nonblocking ? offThread(call) : call;
  }
  const address = (bytes: Uint8Array): number => Number(koffi.address(bytes));
  return {
    ...functions as unknown as Libc,
    errno: () => koffi.errno(),
    address,
    pointer: (bytes) => address(bytes) as unknown as Pointer,
    epollEventSize: arm64 ? 16 : 12,
  };
}

function offThread(call: KoffiFunction): (...args: unknown[]) => unknown {
  return (...args) =>
    new Promise((resolve, reject) => {
      call.async(
        ...args,
        (error, result) => error ? reject(error) : resolve(result),
      );
    });
}

function openFirst(
  koffi: Koffi,
  names: readonly string[],
): ReturnType<Koffi["load"]> {
  let failure: unknown;
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function requireKoffi(): Koffi {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): NodeModule };
  };
  const require = process.getBuiltinModule("node:module")
    .createRequire(import.meta.url);
  return require("koffi") as Koffi;
}
