import { message } from "@optique/core/message";
import type { ValueParser } from "@optique/core/valueparser";

const unit = { us: 1e-3, ms: 1, s: 1e3, m: 6e4 } as const;

/**
 * A length of time on the command line, in milliseconds: `200ms`, `50us`,
 * `1.5s`, `2m`. A number alone is seconds, as in ping(8).
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d*)?|\.\d+)(us|ms|s|m)?$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * unit[(match[2] ?? "s") as keyof typeof unit];
}

/** Milliseconds as a duration that `parseDuration` reads. */
export function formatDuration(milliseconds: number): string {
  return milliseconds % 1000 === 0
    ? `${milliseconds / 1000}s`
    : `${milliseconds}ms`;
}

/** The option value of a length of time. */
export function duration(): ValueParser<"sync", number> {
  return {
    mode: "sync",
    metavar: "DURATION",
    placeholder: 0,
    parse(input) {
      const value = parseDuration(input);
      return value === undefined
        ? {
          success: false,
          error:
            message`Expected a duration such as ${"0.2"} (seconds), ${"200ms"}, ${"50us"} or ${"2m"}, but got ${input}.`,
        }
        : { success: true, value };
    },
    format: formatDuration,
  };
}
