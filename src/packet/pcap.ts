import { checkSnaplen, HEADER_SIZE, MAGIC_NS, RECORD_SIZE } from "./_pcap.ts";

/**
 * A moment: milliseconds since the Unix epoch (a fraction keeps about a quarter
 * of a microsecond), or seconds and nanoseconds, which keep all.
 */
export type PcapTime = number | {
  /** Whole seconds since the Unix epoch, below 2³². */
  seconds: number;
  /** Nanoseconds on top, below 10⁹. */
  nanoseconds: number;
};

/** Settings of {@linkcode pcapHeader}. */
export interface PcapOptions {
  /**
   * How many bytes of each packet are kept at most, 1 to 262 144.
   *
   * @default {262_144}
   */
  snaplen?: number;
  /**
   * What the packets begin with, by the registry of link-layer types.
   *
   * @default {101} LINKTYPE_RAW: an IPv4 or IPv6 header
   */
  linktype?: number;
}

/**
 * The 24 bytes that a capture file begins with: classic pcap with nanosecond
 * stamps, little-endian (draft-ietf-opsawg-pcap section 4).
 *
 * @param options The snap length and the link type.
 * @returns The bytes.
 * @throws {RangeError} If a setting is out of range.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { pcapHeader, readPcap } from "@echoduct/echoduct/packet";
 *
 * assert.equal(readPcap(pcapHeader()).linktype, 101);
 * ```
 */
export function pcapHeader(options: PcapOptions = {}): Uint8Array<ArrayBuffer> {
  const { linktype = 101 } = options;
  const snaplen = checkSnaplen(options.snaplen);
  if (!Number.isInteger(linktype) || linktype < 0 || linktype > 0xffff) {
    throw new RangeError(
      `Cannot write a link type other than 0 to 65535: current value is ${linktype}`,
    );
  }
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC_NS, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snaplen, true);
  view.setUint32(20, linktype, true);
  return bytes;
}

/**
 * A record of a capture file that begins with {@linkcode pcapHeader}: 16 bytes,
 * then a copy of the packet.
 *
 * @param packet The packet.
 * @param time When it was captured.
 * @param snaplen How many of its bytes to keep at most, 262 144 by default.
 * @returns The record.
 * @throws {RangeError} If the time lies outside of 1970 to 2106, or the snap
 * length is out of range.
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { pcapRecord } from "@echoduct/echoduct/packet";
 *
 * assert.equal(pcapRecord(new Uint8Array(20), Date.now()).length, 36);
 * ```
 */
export function pcapRecord(
  packet: Uint8Array,
  time: PcapTime,
  snaplen?: number,
): Uint8Array<ArrayBuffer> {
  const kept = Math.min(packet.length, checkSnaplen(snaplen));
  const { seconds, nanoseconds } = splitTime(time);
  const bytes = new Uint8Array(RECORD_SIZE + kept);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, seconds, true);
  view.setUint32(4, nanoseconds, true);
  view.setUint32(8, kept, true);
  view.setUint32(12, packet.length, true);
  bytes.set(
    kept < packet.length ? packet.subarray(0, kept) : packet,
    RECORD_SIZE,
  );
  return bytes;
}

function splitTime(time: PcapTime): { seconds: number; nanoseconds: number } {
  let { seconds, nanoseconds } = typeof time === "number"
    ? fromMilliseconds(time)
    : time;
  // Rounding may have reached the next second.
  if (nanoseconds === 1e9) [seconds, nanoseconds] = [seconds + 1, 0];
  const fits = Number.isInteger(seconds) && seconds >= 0 &&
    seconds <= 0xffffffff && Number.isInteger(nanoseconds) &&
    nanoseconds >= 0 && nanoseconds < 1e9;
  if (fits) return { seconds, nanoseconds };
  throw new RangeError(
    `Cannot write a time outside of 1970 to 2106: current value is ${
      JSON.stringify(time)
    }`,
  );
}

function fromMilliseconds(time: number) {
  const seconds = Math.floor(time / 1000);
  return { seconds, nanoseconds: Math.round((time - seconds * 1000) * 1e6) };
}
