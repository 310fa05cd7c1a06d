/** Figures, and how they are told: a table, ratios, one line of JSON. */

/** The value that half are below; of an even number, the mean of two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that the fraction `q` are below, between two interpolated. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at), high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Rows of text as a table; the first column is left aligned. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
    ).join("  ")
  ).join("\n");
}

/** A number with so many decimals, a dash if there is none. */
export function figure(value: number | undefined, decimals: number): string {
  return value === undefined || !Number.isFinite(value)
    ? "-"
    : value.toFixed(decimals);
}

/** A figure that something must reach, or that is only told. */
export interface Target {
  readonly name: string;
  /** `undefined` where what it is made of was not measured. */
  readonly value: number | undefined;
  readonly least?: number;
  readonly most?: number;
  readonly unit: string;
  readonly decimals: number;
}

/** One figure over another, if both were measured. */
export function ratio(
  one: number | undefined,
  other: number | undefined,
): number | undefined {
  return one === undefined || other === undefined ? undefined : one / other;
}

/** All that a benchmark found. */
export interface Report {
  readonly bench: string;
  /** Tables, each behind its title. */
  readonly tables: readonly { title: string; rows: string[][] }[];
  readonly targets: readonly Target[];
  /** The machine's load average before it began: what else was going on. */
  readonly load: number;
  /** What was left out, and why. */
  readonly missing: readonly string[];
  /** The figures, for programs. */
  readonly results: Readonly<Record<string, unknown>>;
}

/** Prints a report; its last line is JSON. */
export function print(report: Report): void {
  for (const { title, rows } of report.tables) {
    console.log(`\n${title}\n${table(rows)}`);
  }
  console.log(
    `\n${table([["figure", "measured", "target", ""], ...judge(report)])}`,
  );
  if (report.load > 0.5) {
    console.log(
      `The machine was busy before (load ${report.load.toFixed(1)}): ` +
        "figures are low and noisy",
    );
  }
  for (const text of report.missing) console.log(`left out: ${text}`);
  console.log(JSON.stringify({
    bench: report.bench,
    time: Date.now(),
    deno: Deno.version.deno,
    kernel: Deno.osRelease(),
    cores: navigator.hardwareConcurrency,
    load: report.load,
    targets: report.targets.map((target) => ({
      ...target,
      ok: reached(target) ?? null,
    })),
    missing: report.missing,
    ...report.results,
  }));
}

function judge(report: Report): string[][] {
  return report.targets.map((target) => {
    const { name, value, least, most = least, unit, decimals } = target;
    const sign = least === undefined ? "≤" : "≥";
    const ok = reached(target);
    return [
      name,
      `${figure(value, decimals)} ${unit}`,
      most === undefined ? "" : `${sign} ${most} ${unit}`,
      value === undefined
        ? "not measured"
        : most === undefined
        ? ""
        : ok
        ? "reached"
        : "MISSED",
    ];
  });
}

/** Whether it reached its limit; `undefined` without a limit or a value. */
function reached(target: Target): boolean | undefined {
  const { value, least, most } = target;
  if (value === undefined || (least ?? most) === undefined) return undefined;
  return value >= (least ?? -Infinity) && value <= (most ?? Infinity);
}
