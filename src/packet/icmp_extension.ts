import { u16 } from "./_bytes.ts";
import { checksum } from "./checksum.ts";

/** One object of an ICMP extension structure. */
export interface IcmpExtension {
  /** What it is about: 1 for an MPLS label stack (RFC 4950). */
  class: number;
  /** The kind within the class. */
  type: number;
  /** Its contents, borrowed. */
  payload: Uint8Array;
}

/**
 * Reads an ICMP extension structure (RFC 4884 section 7), as routers append it
 * to "time exceeded" to name the MPLS labels or the interface.
 *
 * @param bytes The structure, as `ICMP.extensions` gives it.
 * @returns The objects up to the first malformed one, or `undefined` if the
 * version is not 2 or the checksum is there and wrong.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseIcmpExtensions } from "@echoduct/echoduct/packet";
 *
 * const structure = new Uint8Array([
 *   ...[0x20, 0, 0, 0],
 *   ...[0, 8, 1, 1],
 *   ...[0x00, 0x01, 0x01, 0xff],
 * ]);
 * const [mpls] = parseIcmpExtensions(structure) ?? [];
 * assert.equal(mpls.class, 1);
 * assert.equal(mpls.payload[3], 255);
 * ```
 */
export function parseIcmpExtensions(
  bytes: Uint8Array,
): IcmpExtension[] | undefined {
  if (bytes.length < 4 || bytes[0] >> 4 !== 2) return undefined;
  // All zeros: no checksum was sent.
  if (u16(bytes, 2) !== 0 && checksum(bytes) !== 0) return undefined;
  const found: IcmpExtension[] = [];
  for (let at = 4; at + 4 <= bytes.length;) {
    const end = at + u16(bytes, at);
    if (end < at + 4 || end > bytes.length) break;
    found.push({
      class: bytes[at + 2],
      type: bytes[at + 3],
      payload: bytes.subarray(at + 4, end),
    });
    at = end;
  }
  return found;
}
