/**
 * Builds the npm package in npm/dist.
 *
 * ```sh
 * deno task npm           # the package
 * deno task npm --tests   # with its tests and its dependencies installed
 * ```
 *
 * TypeScript alone makes it: the sources import each other by `.ts` names,
 * which it rewrites. `deno check` has checked their types before; of the
 * package only the declarations are checked, as a user's compiler would.
 */
import { manifest } from "./manifest.ts";

const dist = "npm/dist";
const work = "npm/work";
const compiler = "npm:typescript@6.0.3/tsc";

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const withTests = Deno.args.includes("--tests");
  await clean();
  await compile("product", ["mod.ts", "src", "cli"], true);
  if (withTests) await compile("tests", ["test"], false);
  if (!withTests) await checkDeclarations();
  const written = await writeManifest();
  await finishCommand(written.bin.echoduct);
  await copyDocuments();
  if (withTests) await install(written.dependencies);
}

/** Empties the folder, but for what `npm install` put there. */
async function clean(): Promise<void> {
  await Deno.mkdir(dist, { recursive: true });
  await Deno.mkdir(work, { recursive: true });
  for await (const { name } of Deno.readDir(dist)) {
    if (name === "node_modules") continue;
    await Deno.remove(`${dist}/${name}`, { recursive: true });
  }
}

/** Turns sources into modules for Node, with declarations where asked. */
async function compile(
  name: string,
  sources: string[],
  declaration: boolean,
): Promise<void> {
  await typescript(name, {
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2024", "ESNext.Disposable", "DOM"],
      module: "ESNext",
      moduleResolution: "bundler",
      types: [],
      rootDir: "../..",
      outDir: "../dist",
      declaration,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
      erasableSyntaxOnly: true,
      noCheck: true,
    },
    include: sources.filter(exists).map((path) => `../../${path}`),
  });
}

/** The declarations must stand without Deno's types, or Node's. */
async function checkDeclarations(): Promise<void> {
  await typescript("declarations", {
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2022", "ESNext.Disposable", "DOM"],
      module: "NodeNext",
      types: [],
      strict: true,
      noEmit: true,
    },
    include: ["../dist/mod.d.ts", "../dist/src"],
  });
}

async function typescript(name: string, config: unknown): Promise<void> {
  const path = `${work}/tsconfig.${name}.json`;
  await Deno.writeTextFile(path, JSON.stringify(config, null, 2));
  await run(Deno.execPath(), [
    ...["run", "--allow-all", "--no-lock", compiler, "--project", path],
  ]);
}

async function writeManifest(): Promise<ReturnType<typeof manifest>> {
  const config = JSON.parse(await Deno.readTextFile("deno.json"));
  const written = manifest(config);
  await Deno.writeTextFile(
    `${dist}/package.json`,
    JSON.stringify(written, null, 2) + "\n",
  );
  return written;
}

/** Makes the command one that Node runs, whatever ran the source. */
async function finishCommand(path: string): Promise<void> {
  const command = `${dist}/${path}`;
  if (!exists(command)) return;
  const text = await Deno.readTextFile(command);
  const body = text.replace(/^#!.*\n/, "");
  await Deno.writeTextFile(command, `#!/usr/bin/env node\n${body}`);
  await Deno.chmod(command, 0o755);
}

async function copyDocuments(): Promise<void> {
  for (const name of ["README.md", "LICENSE"]) {
    if (exists(name)) await Deno.copyFile(name, `${dist}/${name}`);
  }
}

/** Installs what the package depends on, unless it is there already. */
async function install(dependencies: Record<string, string>): Promise<void> {
  const stamp = `${dist}/node_modules/.echoduct.json`;
  const wanted = JSON.stringify(dependencies);
  if (exists(stamp) && await Deno.readTextFile(stamp) === wanted) return;
  const flags = ["--omit=dev", "--no-audit", "--no-fund", "--no-package-lock"];
  await run("npm", ["install", ...flags], dist);
  await Deno.writeTextFile(stamp, wanted);
}

async function run(
  command: string,
  args: string[],
  cwd?: string,
): Promise<void> {
  const { code } = await new Deno.Command(command, { args, cwd }).spawn()
    .status;
  if (code === 0) return;
  console.error(`Cannot build: ${command} ended with code ${code}`);
  Deno.exit(1);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
