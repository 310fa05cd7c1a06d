/** The runtimes that the tests run on, and how each is started. */
import { fromJunit, fromNode, type Result } from "./report.ts";

/** Where the compiled package lies, from the repository's root. */
const dist = "npm/dist";

/** A runtime that is there to be used. */
export interface Runtime {
  readonly name: string;
  /** The command that runs `files`, leaving its report at `report`. */
  command(files: readonly string[], report: string): string[];
  /** Reads that report. */
  parse(text: string): Result[];
}

/** Finds a runtime by name: `deno`, `node`, `node20`, `node26`, `bun`, ... */
export async function findRuntime(name: string): Promise<Runtime> {
  if (name === "deno") return deno;
  if (name === "bun") {
    return bun(await version("bun") ? "bun" : await install("bun", "bun"));
  }
  const major = /^node(\d*)$/.exec(name)?.[1];
  if (major === undefined) {
    throw new TypeError(`Cannot run tests on '${name}': use deno, node or bun`);
  }
  const found = await version("node");
  if (major === "" ? found : found?.startsWith(`v${major}.`)) {
    return node(name, "node");
  }
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  return node(name, await install("node", `node-linux-${arch}@${major}`));
}

const deno: Runtime = {
  name: "deno",
  command: (files, report) => [
    Deno.execPath(),
    "test",
    "--allow-all",
    "--no-check",
    "--cached-only",
    "--preload=test/_support/uncaught.ts",
    `--junit-path=${report}`,
    ...files,
  ],
  parse: fromJunit,
};

/** Deno again, for the examples in the documentation, which are type-checked. */
export const examples: Runtime = {
  name: "examples",
  command: (files, report) => [
    Deno.execPath(),
    "test",
    "--allow-all",
    "--doc",
    `--junit-path=${report}`,
    ...files,
  ],
  parse: fromJunit,
};

function node(name: string, program: string): Runtime {
  return {
    name,
    command: (files, report) => [
      program,
      "--test",
      "--test-concurrency=1",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=./${dist}/test/_support/node_reporter.js`,
      `--test-reporter-destination=${report}`,
      ...files.map(compiled),
    ],
    parse: fromNode,
  };
}

function bun(program: string): Runtime {
  return {
    name: "bun",
    command: (files, report) => [
      program,
      "test",
      "--reporter=junit",
      `--reporter-outfile=${report}`,
      ...files.map((file) => `./${compiled(file)}`),
    ],
    parse: fromJunit,
  };
}

function compiled(file: string): string {
  return `${dist}/${file.replace(/\.ts$/, ".js")}`;
}

async function version(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--version"] })
      .output();
    return new TextDecoder().decode(stdout).trim();
  } catch {
    return undefined;
  }
}

/** Installs an npm package under npm/work and returns its program. */
async function install(program: string, name: string): Promise<string> {
  const folder = `npm/work/${name.replace("@", "-")}`;
  const path = `${folder}/node_modules/.bin/${program}`;
  if (await version(path)) return path;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/package.json`, "{}\n");
  const { code } = await new Deno.Command("npm", {
    args: ["install", "--no-save", "--no-audit", "--no-fund", name],
    cwd: folder,
  }).spawn().status;
  if (code !== 0) throw new Error(`Cannot install ${name} (npm: ${code})`);
  return path;
}
