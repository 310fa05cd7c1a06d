import { HEADER_SIZE, MAGIC_NS, MAGIC_US, RECORD_SIZE } from "./_pcap.ts";
import { PacketError } from "./packet_error.ts";

/** A capture file, taken apart. */
export interface PcapFile {
  /** What the packets begin with; 101 for an IP header. */
  linktype: number;
  /** How many bytes of each packet were kept at most. */
  snaplen: number;
  /** What the stamps count: `"ns"` or `"us"`. */
  precision: "ns" | "us";
  /** The packets in the order of the file. */
  packets: PcapPacket[];
  /** Whether the file ends in the middle of a record, which is left out. */
  isTruncated: boolean;
}

/** A packet of a capture file. */
export interface PcapPacket {
  /** What was kept of it; borrowed from the file's bytes. */
  bytes: Uint8Array;
  /** Its own length in bytes, which may be more than was kept. */
  length: number;
  /** When it was captured, in milliseconds since the Unix epoch. */
  time: number;
  /** Whole seconds of the stamp. */
  seconds: number;
  /** Nanoseconds of the stamp, on top of the seconds. */
  nanoseconds: number;
}

/**
 * Reads a capture file: classic pcap with microsecond or nanosecond stamps, of
 * either byte order. Not pcapng.
 *
 * @param bytes The whole file.
 * @returns Its settings and its packets.
 * @throws {PacketError} If it is shorter than its header (`"truncated"`) or is
 * no such file (`"magic"`).
 *
 * @example Usage
 * ```ts
 * import assert from "node:assert/strict";
 * import { pcapHeader, pcapRecord, readPcap } from "@echoduct/echoduct/packet";
 *
 * const time = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };
 * const file = new Uint8Array([
 *   ...pcapHeader(),
 *   ...pcapRecord(new Uint8Array(20), time),
 * ]);
 * const [packet] = readPcap(file).packets;
 * assert.equal(packet.nanoseconds, 123_456_789);
 * ```
 */
export function readPcap(bytes: Uint8Array): PcapFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [little, scale] = readMagic(view);
  const packets: PcapPacket[] = [];
  let at = HEADER_SIZE;
  while (at + RECORD_SIZE <= bytes.length) {
    const start = at + RECORD_SIZE;
    const end = start + view.getUint32(at + 8, little);
    if (end > bytes.length) break;
    const seconds = view.getUint32(at, little);
    const nanoseconds = view.getUint32(at + 4, little) * scale;
    packets.push({
      bytes: bytes.subarray(start, end),
      length: view.getUint32(at + 12, little),
      time: seconds * 1e3 + nanoseconds / 1e6,
      seconds,
      nanoseconds,
    });
    at = end;
  }
  return {
    // The upper bits tell of a frame check sequence.
    linktype: view.getUint32(20, little) & 0xffff,
    snaplen: view.getUint32(16, little),
    precision: scale === 1 ? "ns" : "us",
    packets,
    isTruncated: at < bytes.length,
  };
}

/** Whether the file is little-endian, and nanoseconds per unit of its stamps. */
function readMagic(view: DataView): [little: boolean, scale: number] {
  if (view.byteLength < HEADER_SIZE) {
    throw new PacketError(
      `Cannot read ${view.byteLength} bytes as a capture file: shorter than its header`,
      "truncated",
    );
  }
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC_NS) return [little, 1];
    if (magic === MAGIC_US) return [little, 1000];
  }
  throw new PacketError(
    `Cannot read a capture file with an unknown magic number: current value is 0x${
      view.getUint32(0).toString(16)
    }`,
    "magic",
  );
}
