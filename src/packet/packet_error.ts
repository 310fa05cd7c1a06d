/**
 * What is wrong with bytes that should have been a packet or a capture file:
 *
 * - `"truncated"`: they end before a header or a length says
 * - `"version"`: the IP version is another, or neither 4 nor 6
 * - `"header length"`: a header length is below the shortest header, or beyond
 *   the packet
 * - `"length"`: a length field is below the header it covers
 * - `"magic"`: a capture file that begins with no known magic number
 */
export type PacketFault =
  | "truncated"
  | "version"
  | "header length"
  | "length"
  | "magic";

/**
 * Bytes that are not what they were read as.
 *
 * The views' own `parse` returns `undefined` instead: on a data path a
 * malformed packet is no exception.
 */
export class PacketError extends Error {
  /** What is wrong. */
  readonly reason: PacketFault;

  /**
   * Makes an error with a reason.
   *
   * @param message What could not be done.
   * @param reason What is wrong.
   */
  constructor(message: string, reason: PacketFault) {
    super(message);
    this.name = "PacketError";
    this.reason = reason;
  }
}
