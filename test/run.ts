/**
 * Runs the tests where they can do no harm: in a network namespace of their own.
 *
 * ```sh
 * deno task test                          # everything, on Deno
 * deno task test sys ping/sweep_test.ts   # two places under test/
 * deno task test --runtime node20,bun     # elsewhere, from the npm build
 * deno task test --doc                    # the examples in the documentation
 * ```
 *
 * The last line is `N passed, N failed`, summed over all runtimes. With `CI`
 * set to `true`, a skipped test is a failed one.
 */
import { findDocuments, findSources, findTests } from "./_support/files.ts";
import { namespaceWrapper, runTests } from "./_support/namespace.ts";
import type { Result } from "./_support/report.ts";
import { examples, findRuntime } from "./_support/runtimes.ts";

/** What needs no network namespace, since it touches no network. */
const pure = /^(test|src)\/(stream|packet)\/|^test\/\w+\.ts$/;
const strict = Deno.env.get("CI") === "true";
const total = { passed: 0, failed: 0 };
let built = false;

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const { runtimes, places, doc } = parseArguments(Deno.args);
  const wrapper = await namespaceWrapper();
  const files = choose(places, doc, wrapper !== undefined);
  for (const name of files.length > 0 ? runtimes : []) {
    const start = performance.now();
    const results = await attempt(name, files, wrapper);
    summarize(name, results, performance.now() - start);
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  Deno.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
}

function parseArguments(args: readonly string[]) {
  const runtimes: string[] = [];
  const places: string[] = [];
  let doc = false;
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--doc") doc = true;
    else if (args[i] === "--runtime") {
      runtimes.push(...(args[++i] ?? "").split(","));
    } else places.push(args[i].replace(/^(\.\/)?(test\/)?/, "test/"));
  }
  if (doc) return { runtimes: ["examples"], places, doc };
  return { runtimes: runtimes.length > 0 ? runtimes : ["deno"], places, doc };
}

/** The files to run; says which cannot run without a namespace. */
function choose(
  places: readonly string[],
  doc: boolean,
  isolated: boolean,
): string[] {
  try {
    const files = doc ? findDocuments() : findTests(places);
    const left = files.filter((file) => isolated || pure.test(file));
    if (left.length === files.length) return files;
    console.error("Only what touches no network runs. Skipped files:");
    for (const file of files) {
      if (!left.includes(file)) console.error(`  ${file}`);
    }
    if (strict) total.failed += files.length - left.length;
    return left;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    total.failed++;
    return [];
  }
}

/** Runs on one runtime; what keeps it from running is a failed result. */
async function attempt(
  name: string,
  files: readonly string[],
  wrapper: readonly string[] | undefined,
): Promise<Result[]> {
  try {
    const runtime = name === "examples" ? examples : await findRuntime(name);
    await prepare(name, files);
    return await runTests(runtime, files, wrapper);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [{ name: `${name}: ${reason}`, outcome: "failed" }];
  }
}

/** Fetches and builds, out here where there is a network. */
async function prepare(name: string, files: readonly string[]): Promise<void> {
  await deno("cache", "--no-check", "test/_support/inside.ts");
  if (name === "deno") await deno("cache", "--no-check", ...files);
  if (name === "examples") await deno("cache", ...findSources());
  if (/^(node|bun)/.test(name) && !built) {
    await deno("run", "--allow-all", "npm/build.ts", "--tests");
    built = true;
  }
}

async function deno(...args: string[]): Promise<void> {
  const { code } = await new Deno.Command(Deno.execPath(), { args }).spawn()
    .status;
  if (code !== 0) throw new Error(`deno ${args[0]} ended with code ${code}`);
}

/** Names what failed and what was skipped, and adds to the sum. */
function summarize(
  runtime: string,
  results: readonly Result[],
  elapsed: number,
): void {
  const of = (outcome: string) =>
    results.filter((result) => result.outcome === outcome);
  const [passed, failed, skipped] = ["passed", "failed", "skipped"].map(of);
  for (const result of [...failed, ...skipped]) {
    console.log(`${runtime}: ${result.outcome}: ${describe(result)}`);
  }
  const seconds = (elapsed / 1000).toFixed(1);
  console.log(
    `${runtime}: ${passed.length} passed, ${failed.length} failed, ` +
      `${skipped.length} skipped in ${seconds} s`,
  );
  total.passed += passed.length;
  total.failed += failed.length + (strict ? skipped.length : 0);
}

function describe({ name, file, reason }: Result): string {
  const where = file?.replace(`${Deno.cwd()}/`, "").replace(/^\.\//, "");
  return (where ? `${where}: ` : "") + name + (reason ? ` (${reason})` : "");
}
