import { addressToBytes } from "./address.ts";
import { pseudoHeaderSum } from "./checksum.ts";

/** The addresses of a pseudo-header. */
export interface Addresses {
  source: string;
  destination: string;
}

/** The pseudo-header's sum of addresses as text. */
export function pseudoSumOf(
  { source, destination }: Addresses,
  protocol: number,
  length: number,
): number {
  const from = addressToBytes(source);
  const to = addressToBytes(destination);
  if (from.length === to.length) {
    return pseudoHeaderSum(from, to, protocol, length);
  }
  throw new TypeError(
    `Cannot sum a pseudo-header of two IP versions: current value is ${source} and ${destination}`,
  );
}
