const bars = "▁▂▃▄▅▆▇█";

/** Numbers as a row of bars; a gap (`undefined`) is a dot. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  const most = Math.max(...known), least = Math.min(...known);
  const step = (most - least) / (bars.length - 1) || 1;
  return values.map((value) =>
    value === undefined ? "·" : bars[Math.round((value - least) / step)]
  ).join("");
}

/**
 * Numbers as a histogram, one line a class, the classes of equal ratio: round
 * trips are bunched at the low end.
 */
export function histogram(
  values: readonly number[],
  options: { lines: number; width: number; unit: string },
): string[] {
  if (values.length === 0) return [];
  const { lines, width, unit } = options;
  const least = Math.min(...values), most = Math.max(...values);
  const ratio = (most / least) ** (1 / lines) || 1;
  const counts = new Array<number>(lines).fill(0);
  for (const value of values) {
    const at = ratio > 1 ? Math.log(value / least) / Math.log(ratio) : 0;
    counts[Math.min(lines - 1, Math.floor(at))]++;
  }
  const highest = Math.max(...counts);
  return counts.map((count, i) => {
    const from = (least * ratio ** i).toFixed(3);
    const bar = "█".repeat(Math.ceil(count / highest * width));
    return `${from.padStart(8)} ${unit} │${bar}${count ? ` ${count}` : ""}`;
  });
}
