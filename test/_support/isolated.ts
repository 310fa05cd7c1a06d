/**
 * Import this where a test changes a network: it refuses to load in the
 * machine's own namespace. A test makes namespaces of its own, but the code
 * that it trusts to do so is the code under test.
 */
import { readlinkSync } from "node:fs";
import process from "node:process";

// `test/run.ts` says which namespace is the machine's.
const machine = process.env.ECHODUCT_HOST_NETNS;
if (!machine || readlinkSync("/proc/self/ns/net") === machine) {
  throw new Error(
    "Cannot test here: this may be the machine's own network, run the tests " +
      "with 'deno task test'",
  );
}
