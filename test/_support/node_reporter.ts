/**
 * A reporter for `node --test`: one JSON object a line for each test that
 * ended. Node's own JUnit report forgets a parent's own failure.
 */
import type { NodeEvent } from "./report.ts";

interface RunnerEvent {
  readonly type: string;
  readonly data: {
    readonly name: string;
    readonly file?: string;
    readonly nesting: number;
    readonly skip?: string | boolean;
    readonly todo?: string | boolean;
    readonly details?: { readonly error?: { readonly failureType?: string } };
  };
}

/** What `--test-reporter` calls. */
export default async function* report(
  events: AsyncIterable<RunnerEvent>,
): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const event: NodeEvent = {
      name: data.name,
      file: data.file,
      nesting: data.nesting,
      passed: type === "test:pass",
      skip: data.skip,
      todo: data.todo,
      failureType: data.details?.error?.failureType,
    };
    yield JSON.stringify(event) + "\n";
  }
}
