/** Code in a process of its own, on the runtime that runs this. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type NetworkNamespace, withNetns } from "../../src/sys/netns.ts";

const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const root = new URL("../../", import.meta.url);

/** Whether this runs on Deno, not from the npm build. */
export const onDeno: boolean = extension === ".ts" && "Deno" in globalThis;

/** The URL of a module of the product: `mod`, `src/sys/mod`. */
export function moduleUrl(path: string): string {
  return new URL(path + extension, root).href;
}

export interface ChildOptions {
  /** Deno's permissions; all by default. */
  readonly permissions?: readonly string[];
  /** The command that runs the runtime: `["unshare", "-U"]`. */
  readonly wrapper?: readonly string[];
  /** Where it runs. */
  readonly netns?: NetworkNamespace;
}

/**
 * Runs an ECMAScript module and returns what its `report(value)` was given,
 * a JSON value.
 */
// deno-lint-ignore no-explicit-any
export function runCode(code: string, options: ChildOptions = {}): any {
  const { permissions = ["--allow-all"], wrapper = [], netns } = options;
  const own = onDeno
    ? ["run", "--quiet", "--no-prompt", "--no-check", "--no-lock"]
    : ["--input-type=module"];
  const [program, ...args] = [
    ...wrapper,
    // Named in the environment: Deno grants everything to a child that it
    // recognizes as itself.
    ...["sh", "-c", 'exec "$RUNTIME" "$@"', "sh"],
    ...own,
    ...onDeno ? [...permissions, "-"] : [],
  ];
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  const { stdout, stderr } = withNetns(netns, () =>
    spawnSync(program, args, {
      input: `const report = (value) =>
        console.log("\\n<report>" + JSON.stringify(value));\n${code}`,
      cwd: fileURLToPath(root),
      encoding: "utf8",
      env: { ...env, RUNTIME: process.execPath },
      timeout: 20_000,
    }));
  const found = /<report>(.*)/.exec(stdout);
  if (!found) throw new Error(`A child reported nothing:\n${stdout}${stderr}`);
  return JSON.parse(found[1]);
}

/** In a child: what an error tells. */
export const describeError =
  `({ name: e.name, code: e.code, syscall: e.syscall, errno: e.errno,
     remedy: e.remedy, message: e.message })`;

/** Code that reports the error of an expression, or `"done"`. */
export function errorOf(path: string, names: string, expression: string) {
  return `import { ${names} } from "${moduleUrl(path)}";
    try { await (${expression}); report("done"); }
    catch (e) { report(${describeError}); }`;
}

/**
 * Runs something without any privilege, though by the same user, who can so
 * read what it needs: root and those in `unshare -Ur` may do that alike.
 */
export const withoutPrivilege: readonly string[] = [
  ...["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
];

/** Runs something where the name server is an address that nobody has. */
export const withSilentNameServer: readonly string[] = [
  ...["unshare", "-mn", "sh", "-ec"],
  `mount -t tmpfs none /mnt
   echo "nameserver 192.0.2.53" > /mnt/resolv.conf
   echo "options timeout:1 attempts:1" >> /mnt/resolv.conf
   mount --bind /mnt/resolv.conf /etc/resolv.conf
   ip link set lo up
   ip route add 192.0.2.53 dev lo
   exec "$@"`,
  "sh",
];
