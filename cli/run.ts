import { formatMessage } from "@optique/core/message";
import { runParser } from "@optique/core/facade";
import { detach, footer, type Invocation, parser } from "./parser.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Exit code of ping(8) for whatever is wrong with the call or the system. */
export const failed = 2;

/** Runs the command; returns its exit code. */
export async function run(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const parsed = parse(args, terminal);
  if (typeof parsed === "number") return parsed;
  try {
    return await dispatch(parsed, terminal);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    terminal.err(`echoduct: ${text}\n`);
    return failed;
  }
}

async function dispatch(
  invocation: Invocation,
  terminal: Terminal,
): Promise<number> {
  switch (invocation.command) {
    case "ping":
      return await (await import("./ping.ts")).runPing(invocation, terminal);
    case "tunnel plain":
      return await (await import("./tunnel_plain.ts"))
        .runTunnelPlain(invocation, terminal);
    case "demo":
      return await (await import("./demo.ts")).runDemo(terminal);
  }
}

/** What was asked for, or the exit code where that is all there is to do. */
function parse(
  args: readonly string[],
  terminal: Terminal,
): Invocation | number {
  return runParser(parser, "echoduct", detach(args), {
    colors: terminal.hasColor,
    maxWidth: 80,
    aboveError: "none",
    footer,
    help: { option: true, onShow: () => 0 },
    version: { value: version, option: true, onShow: () => 0 },
    stdout: (text) => terminal.out(`${text}\n`),
    stderr: () => {},
    onError: (_code, error) => {
      const text = formatMessage(error, { colors: false, quotes: true });
      const known = ["ping", "tunnel", "demo"].find((name) => name === args[0]);
      terminal.err(
        `echoduct: ${text}\nTry: echoduct ${known ? `${known} ` : ""}--help\n`,
      );
      return failed;
    },
  }) as Invocation | number;
}
