/** What this machine lacks, as the `skip` option of `node:test` takes it. */
import { accessSync, constants } from "node:fs";
import process from "node:process";

const folders = [
  ...(process.env.PATH ?? "").split(":"),
  "/usr/local/sbin",
  "/usr/sbin",
  "/sbin",
];

/**
 * Returns `false` when all programs are installed, else the reason to skip.
 * Decide before the test begins: Deno counts `t.skip()` inside one as passed.
 *
 * @example
 * ```ts ignore
 * test("fping agrees", { skip: lacks("fping") }, async () => {});
 * ```
 */
export function lacks(...programs: string[]): string | false {
  const missing = programs.filter((name) => !installed(name));
  return missing.length > 0 && `needs ${missing.join(", ")}`;
}

function installed(name: string): boolean {
  return folders.some((folder) => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
