import { run } from "../../cli/run.ts";
import type { Terminal } from "../../cli/terminal.ts";

/** A terminal that keeps what is written to it. */
export class Screen implements Terminal {
  stdout = "";
  stderr = "";
  readonly hasColor: boolean = false;
  /** Told each text that goes to `out`; may throw. */
  onOut: (text: string) => void = () => {};
  /** Calls of `onStop` that have not been taken back. */
  handlers = 0;

  out(text: string): void {
    this.stdout += text;
    this.onOut(text);
  }

  err(text: string): void {
    this.stderr += text;
  }

  onStop(): () => void {
    this.handlers++;
    return () => void this.handlers--;
  }

  runBehind(): Promise<number | undefined> {
    return Promise.resolve(undefined);
  }

  env(): string | undefined {
    return undefined;
  }
}

/** Runs the command in this process. */
export async function runHere(
  args: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const screen = new Screen();
  const words = args.split(" ").filter(Boolean);
  const code = await run(words, screen);
  return { code, stdout: screen.stdout, stderr: screen.stderr };
}
