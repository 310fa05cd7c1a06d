/**
 * The rules that keep the rooms apart. Each takes all sources and returns the
 * breaches it found, one sentence each.
 */
import type { Source } from "./scan.ts";

/** A rule, by the sentence that it enforces. */
export type Rule = (sources: readonly Source[]) => string[];

/** What each room may import, besides itself. */
const below: Readonly<Record<string, readonly string[]>> = {
  "src/stream": [],
  "src/packet": [],
  "src/sys": ["src/packet", "src/stream"],
  "src/ping": ["src/sys", "src/packet", "src/stream"],
  "src/tunnel": ["src/sys", "src/packet", "src/stream"],
  "src/wireguard": ["src/sys", "src/packet", "src/stream"],
};

/** The only files that may know which runtime this is. */
const seams: readonly string[] = [
  "src/sys/ffi.ts",
  "src/sys/ffi_deno.ts",
  "src/sys/ffi_koffi.ts",
  "src/sys/resolver.ts",
  "src/sys/runtime.ts",
  "src/sys/thread.ts",
  "src/tunnel/worker.ts",
  "cli/main.ts",
  "mod.ts",
];

const longestSource = 400;
const self = "@echoduct/echoduct";

/** Imports go down only: a room knows the rooms below it, and no other. */
export const importsGoDown: Rule = (sources) =>
  sources.flatMap((source) => {
    const allowed = below[room(source.path)];
    if (!allowed) return [];
    return relative(source).filter((target) =>
      room(target) !== room(source.path) && !allowed.includes(room(target))
    ).map((target) => `${source.path} imports ${target}`);
  });

/** Above the rooms: the command may import the control server, not vice versa. */
export const nothingImportsTheTop: Rule = (sources) =>
  product(sources).filter(({ path }) => path !== "mod.ts").flatMap((source) =>
    relative(source).filter((target) =>
      room(target) !== room(source.path) &&
      (/^(test|bench|npm|examples)\//.test(target) ||
        !source.path.startsWith("cli/") && /^(cli\/|mod\.ts$)/.test(target))
    ).map((target) => `${source.path} imports ${target}`)
  );

/** Outside the seams nothing knows a runtime. */
export const runtimesStayInTheirSeams: Rule = (sources) =>
  product(sources).filter(({ path }) => !seams.includes(path)).flatMap(
    (source) =>
      [
        ...source.imports.filter((name) => name.startsWith("node:")),
        ...source.code.match(/(?<![.\w$#])(Deno|Bun)\b(?=\s*[.?[])/g) ?? [],
        ...source.code.match(/(?<![.\w$#])process\b(?=\s*\??[.[])/g) ?? [],
        ...source.code.match(/(?<![.\w$#])require\b(?=\s*\()/g) ?? [],
        ...source.code.match(/(?<![.\w$#])globalThis\b/g) ?? [],
      ].map((use) => `${source.path} uses ${use}`),
  );

/** Sources name packages as deno.json declares them, never themselves. */
export const packagesAreDeclared =
  (declared: readonly string[]): Rule => (sources) =>
    sources.filter(isOurs).flatMap((source) =>
      source.imports.filter((name) => {
        if (/^(\.\.?\/|node:)/.test(name)) return false;
        return !declared.some((known) =>
          name === known || name.startsWith(`${known}/`)
        ) || name === self || name.startsWith(`${self}/`);
      }).map((name) => `${source.path} imports ${name}`)
    );

/** The npm build rewrites imports only: elsewhere an extension is computed. */
export const noSourceNamesInStrings: Rule = (sources) =>
  product(sources).flatMap((source) =>
    source.strings.filter((text) => /^[./\w]+\.ts$/.test(text))
      .filter((text) => !source.imports.includes(text)).map((text) =>
        `${source.path} names ${text}`
      )
  );

/** Addresses, routes and links are set through netlink, not by ip(8). */
export const noIpCommand: Rule = (sources) =>
  product(sources).flatMap((source) => {
    const called = /\b(?:Command|spawn|exec|run)\w*\(\s*(?:\[\s*)?"(\d+)"/g;
    return [...source.code.matchAll(called)]
      .map(([, index]) => source.strings[Number(index)])
      .filter((text) => /^(\S*\/)?ip(\s|$)/.test(text))
      .map((text) => `${source.path} runs '${text}'`);
  });

/** A source fits in the head. */
export const sourcesAreShort: Rule = (sources) =>
  sources.filter(({ path }) => path.startsWith("src/")).flatMap((source) => {
    const lines = source.text.split("\n").length - 1;
    return lines > longestSource ? [`${source.path} has ${lines} lines`] : [];
  });

/** Tests run on every runtime, all of them, and skip where it is counted. */
export const testsArePortable: Rule = (sources) =>
  sources.filter(({ path }) => path.endsWith("_test.ts")).flatMap((source) =>
    [
      ...source.imports.includes("node:test")
        ? []
        : ["does not import node:test"],
      ...source.code.match(/(?<![.\w$#])(Deno|Bun)\b(?=\s*[.?[])/g) ?? [],
      // Deno counts a test that skips itself as passed.
      ...source.code.match(/\b(t|context)\s*\.\s*skip\s*\(/g) ?? [],
      ...source.code.match(/\b(test|it|describe)\s*\.\s*only\b|\bonly\s*:/g) ??
        [],
    ].map((breach) => `${source.path}: ${breach}`)
  );

function product(sources: readonly Source[]): readonly Source[] {
  return sources.filter(({ path }) => /^(src\/|cli\/|mod\.ts$)/.test(path));
}

function isOurs({ path }: Source): boolean {
  return /^(src\/|cli\/|test\/|mod\.ts$)/.test(path);
}

/** `src/ping` for what is in it, else the first part of the path. */
function room(path: string): string {
  return /^(src\/\w+|[^/]+)/.exec(path)?.[0] ?? path;
}

/** What a source imports by relative path, from the repository's root. */
function relative(source: Source): string[] {
  return source.imports.filter((name) => /^\.\.?\//.test(name)).map((name) =>
    new URL(name, `file:///${source.path}`).pathname.slice(1)
  );
}
