/** The repository as the tests find it, also from the compiled package. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { scan, type Source } from "./scan.ts";

/** The folder that holds deno.json. */
export const root: URL = findRoot(new URL(".", import.meta.url));

function findRoot(folder: URL): URL {
  if (existsSync(new URL("deno.json", folder))) return folder;
  const parent = new URL("..", folder);
  if (parent.href === folder.href) throw new Error("Cannot find deno.json");
  return findRoot(parent);
}

/** The part of deno.json that the tests look at. */
export interface Config {
  readonly exports: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** Reads deno.json. */
export function readConfig(): Config {
  return JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
}

/** Scans every TypeScript source of the product and its tests. */
export function readSources(): Source[] {
  const paths = ["src", "cli", "test"].flatMap(sourcesIn);
  if (existsSync(new URL("mod.ts", root))) paths.push("mod.ts");
  return paths.map((path) =>
    scan(path, readFileSync(new URL(path, root), "utf8"))
  );
}

function sourcesIn(folder: string): string[] {
  const url = new URL(folder, root);
  if (!existsSync(url)) return [];
  return readdirSync(url, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourcesIn(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}
