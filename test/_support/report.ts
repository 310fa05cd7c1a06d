/** Reads what a test runner wrote about its run, the same way for each. */

/** One test that ran or was skipped; groups and parents are not counted. */
export interface Result {
  readonly name: string;
  /** The file it is in, where the runner tells. */
  readonly file?: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped, where the runner tells. */
  readonly reason?: string;
}

/** Parses the JUnit report of `deno test` or `bun test`. */
export function fromJunit(xml: string): Result[] {
  const cases: Result[] = [];
  const groups: string[] = [];
  const element =
    /<testsuite\s([^>]*)>|<\/testsuite>|<testcase\s([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g;
  for (const [text, suite, attributes, body] of xml.matchAll(element)) {
    if (suite !== undefined) {
      // Bun nests groups as suites; a suite that is a file is not a group.
      const name = attribute(suite, "name");
      groups.push(/\.[jt]s$/.test(name) ? "" : name);
    } else if (attributes === undefined) {
      groups.pop();
    } else if (text) {
      const outcome = /<(failure|error)\b/.test(body ?? "")
        ? "failed"
        : body?.includes("<skipped")
        ? "skipped"
        : "passed";
      const name = attribute(attributes, "name");
      cases.push({
        name: [...groups.filter(Boolean), name].join(" > "),
        file: fileOf(attributes),
        outcome,
      });
    }
  }
  return withoutParents(cases);
}

/**
 * Deno lists a group beside its members, as `group` and `group > member`. A
 * group counts only when it failed by itself, in a hook for instance.
 */
function withoutParents(cases: readonly Result[]): Result[] {
  const parents = new Set<string>();
  const failed = new Set<string>();
  for (const { name, outcome } of cases) {
    for (let i = name.indexOf(" > "); i > 0; i = name.indexOf(" > ", i + 1)) {
      parents.add(name.slice(0, i));
      if (outcome === "failed") failed.add(name.slice(0, i));
    }
  }
  return cases.filter(({ name, outcome }) =>
    !parents.has(name) || (outcome === "failed" && !failed.has(name))
  );
}

/** Bun names the file; Deno does as the class, but not for a group's members. */
function fileOf(attributes: string): string | undefined {
  const file = attribute(attributes, "file") ||
    attribute(attributes, "classname");
  return /^(?!ext:).*\.[jt]s$/.test(file) ? file : undefined;
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
  return (value ?? "").replace(
    /&(#\d+|\w+);/g,
    (whole, entity: string) =>
      entity[0] === "#"
        ? String.fromCodePoint(Number(entity.slice(1)))
        : { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" }[entity] ?? whole,
  );
}

/** One line of the report that `node_reporter.ts` writes. */
export interface NodeEvent {
  readonly name: string;
  readonly file?: string;
  readonly nesting: number;
  readonly passed: boolean;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly failureType?: string;
}

/** Parses the report of `node --test`: children come before their parent. */
export function fromNode(lines: string): Result[] {
  const results: Result[] = [];
  let deeper = -1;
  for (const line of lines.split("\n")) {
    if (!line) continue;
    const event = JSON.parse(line) as NodeEvent;
    const { file } = event;
    const isFile = event.nesting === 0 && /\.[jt]s$/.test(event.name) &&
      file?.endsWith(event.name);
    const name = isFile ? "the file itself" : event.name;
    const parent = event.nesting < deeper;
    deeper = event.nesting;
    if (!event.passed) {
      if (event.failureType === "subtestsFailed") continue;
      results.push({ name, file, outcome: "failed" });
    } else if (event.skip || event.todo) {
      const why = event.skip || event.todo;
      results.push({
        name,
        file,
        outcome: "skipped",
        reason: typeof why === "string" ? why : undefined,
      });
    } else if (!parent && !isFile) { // A file without tests passes as one.
      results.push({ name, file, outcome: "passed" });
    }
  }
  return results;
}
