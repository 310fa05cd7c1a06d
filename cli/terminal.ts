/** What a command may do to the world, so that tests can stand in for it. */
export interface Terminal {
  /** Data: what the command was asked for. */
  out(text: string): void;
  /** Everything else: progress, warnings, errors. */
  err(text: string): void;
  /** Whether colours are wanted: a terminal, and no `NO_COLOR`. */
  readonly hasColor: boolean;
  /** Calls `handler` on SIGINT and SIGTERM; returns the end of that. */
  onStop(handler: () => void): () => void;
  /**
   * Runs this same command behind another one; returns its exit code,
   * `undefined` if that other command is not there.
   */
  runBehind(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<number | undefined>;
  /** Reads a variable of the environment. */
  env(name: string): string | undefined;
}
