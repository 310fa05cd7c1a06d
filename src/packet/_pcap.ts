/** Begins a file with nanosecond stamps. */
export const MAGIC_NS = 0xa1b23c4d;

/** Begins a file with microsecond stamps. */
export const MAGIC_US = 0xa1b2c3d4;

/** Bytes before the first record. */
export const HEADER_SIZE = 24;

/** Bytes of a record before its packet. */
export const RECORD_SIZE = 16;

/** The largest snap length that tcpdump accepts. */
const MAX_SNAPLEN = 262_144;

/** Checks a snap length. */
export function checkSnaplen(snaplen: number = MAX_SNAPLEN): number {
  if (Number.isInteger(snaplen) && snaplen >= 1 && snaplen <= MAX_SNAPLEN) {
    return snaplen;
  }
  throw new RangeError(
    `Cannot capture with a snaplen other than 1 to ${MAX_SNAPLEN}: current value is ${snaplen}`,
  );
}
