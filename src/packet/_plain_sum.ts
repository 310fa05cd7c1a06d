/**
 * The ones' complement sum as RFC 1071 section 1 words it, byte pair by byte
 * pair: what the fast `sum` is tested against.
 */
export function plainSum(
  bytes: Uint8Array,
  initial = 0,
  start = 0,
  end: number = bytes.length,
): number {
  let total = initial;
  for (let i = start; i < end; i += 2) {
    total += bytes[i] * 256 + (i + 1 < end ? bytes[i + 1] : 0);
  }
  while (total > 0xffff) total = total % 0x10000 + Math.floor(total / 0x10000);
  return total;
}
