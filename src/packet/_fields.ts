/** Refuses a field that does not fit its place in a header. */
export function checkField(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new RangeError(
    `Cannot write ${name}, it must be a whole number from 0 to ${most}: current value is ${value}`,
  );
}

/** Refuses a target too short for what is to be written. */
export function checkTarget(target: Uint8Array, size: number): void {
  if (target.length >= size) return;
  throw new RangeError(
    `Cannot write a packet of ${size} bytes: current target holds ${target.length}`,
  );
}

/** Refuses an address of the other family. */
export function checkAddress(
  name: string,
  bytes: Uint8Array,
  size: 4 | 16,
): Uint8Array {
  if (bytes.length === size) return bytes;
  throw new TypeError(
    `Cannot write ${name}, it must be an IPv${
      size === 4 ? 4 : 6
    } address: current value has ${bytes.length} bytes`,
  );
}
