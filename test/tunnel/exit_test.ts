import assert from "node:assert/strict";
import { test } from "node:test";
import { run, script } from "../lab/command.ts";
import { inventory } from "../lab/leftovers.ts";
import { skip } from "../lab/two_namespaces.ts";

const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const module = new URL(`./_exit${extension}`, import.meta.url);

for (const what of ["async", "worker", "ping"]) {
  test(`a process may exit amid waiting (${what}), and leaves nothing`, {
    skip,
  }, async () => {
    const before = inventory([undefined]).network;
    const { code, signal, stderr } = await run(script(module, what), {
      limit: 5000,
    });
    assert.deepEqual([code, signal, stderr], [3, null, ""]);
    assert.deepEqual(inventory([undefined]).network, before);
  });
}
