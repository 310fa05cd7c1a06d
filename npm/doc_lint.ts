/** Checks the documentation of everything that deno.json exports. */
import config from "../deno.json" with { type: "json" };

const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["doc", "--lint", ...Object.values(config.exports)],
  cwd: new URL("..", import.meta.url),
  stdout: "null",
}).spawn().status;
Deno.exit(code);
