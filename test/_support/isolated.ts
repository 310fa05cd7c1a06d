/**
 * Import this where a test changes a network: it refuses to load in the
 * machine's own namespace. A test makes namespaces of its own, but the code
 * that it trusts to do so is the code under test.
 */
import { readlinkSync } from "node:fs";

if (namespaceOf("self") === namespaceOf("1")) {
  throw new Error(
    "Cannot test here: this is the machine's own network, run the tests with " +
      "'deno task test'",
  );
}

/** Another user's is not to be read: then this one has no power over it. */
function namespaceOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/net`);
  } catch (error) {
    if (process === "1") return undefined;
    throw error;
  }
}
