import assert from "node:assert/strict";
import { test } from "node:test";
import {
  PacketError,
  pcapHeader,
  pcapRecord,
  pcapTap,
  PcapWriter,
  readPcap,
} from "../../src/packet/mod.ts";
import { captured } from "./_captured.ts";
import { concat, everyCut, hex, Random } from "./_util.ts";

const moment = { seconds: 1_700_000_000, nanoseconds: 123_456_789 };

test("pcapHeader writes nanosecond magic, version 2.4 and the link type", () => {
  assert.deepEqual(
    pcapHeader({ snaplen: 65535 }),
    hex("4d3cb2a1 0200 0400 00000000 00000000 ffff0000 65000000"),
  );
});

test("pcapRecord writes the stamp, both lengths and the packet", () => {
  assert.deepEqual(
    pcapRecord(hex("0102030405"), moment, 3),
    hex("00f15365 15cd5b07 03000000 05000000 010203"),
  );
});

test("pcapRecord takes milliseconds with a fraction", () => {
  const stamp = (time: number) => {
    const bytes = concat([pcapHeader(), pcapRecord(hex("01"), time)]);
    const [{ seconds, nanoseconds }] = readPcap(bytes).packets;
    return [seconds, nanoseconds];
  };
  assert.deepEqual(stamp(0), [0, 0]);
  assert.deepEqual(stamp(1500.25), [1, 500_250_000]);
  assert.deepEqual(stamp(999.9999999), [1, 0]);
  const [seconds, nanoseconds] = stamp(1_700_000_000_123.456);
  assert.equal(seconds, 1_700_000_000);
  assert(Math.abs(nanoseconds - 123_456_000) < 300);
});

test("pcapRecord refuses times and snap lengths out of range", () => {
  const packet = hex("01");
  for (const time of [-1, NaN, Infinity, 2 ** 32 * 1000]) {
    assert.throws(() => pcapRecord(packet, time), RangeError);
  }
  const bad = { seconds: 1, nanoseconds: 1_000_000_001 };
  assert.throws(() => pcapRecord(packet, bad), RangeError);
  assert.throws(() => pcapRecord(packet, 0, 0), RangeError);
  assert.throws(() => pcapHeader({ snaplen: 262_145 }), RangeError);
  assert.throws(() => pcapHeader({ linktype: -1 }), RangeError);
});

test("readPcap reads what PcapWriter writes", async () => {
  const random = new Random(16);
  const chunks: Uint8Array[] = [];
  const writer = new PcapWriter((chunk) => chunks.push(chunk));
  const written = Array.from({ length: 100 }, (_, i) => ({
    bytes: random.bytes(random.below(1500)),
    time: { seconds: i, nanoseconds: random.below(1e9) },
  }));
  for (const { bytes, time } of written) writer.write(bytes, time);
  await writer.flush();
  assert.equal(writer.count, 100);
  const file = readPcap(concat(chunks));
  assert.equal(file.precision, "ns");
  assert.equal(file.linktype, 101);
  assert.equal(file.isTruncated, false);
  assert.deepEqual(
    file.packets.map(({ bytes, seconds, nanoseconds }) => ({
      bytes,
      time: { seconds, nanoseconds },
    })),
    written,
  );
});

test("readPcap reads both byte orders and both precisions", () => {
  for (const little of [true, false]) {
    for (const [magic, unit] of [[0xa1b23c4d, 1], [0xa1b2c3d4, 1000]]) {
      const bytes = new Uint8Array(42);
      const view = new DataView(bytes.buffer);
      const words = [magic, 0, 0, 0, 0x0000ffff, 0x1000_0065, 5, 6, 2, 60];
      words.forEach((word, i) => view.setUint32(i * 4, word, little));
      const file = readPcap(bytes);
      assert.equal(file.snaplen, 0xffff);
      assert.equal(file.linktype, 101);
      const [packet] = file.packets;
      assert.equal(packet.nanoseconds, 6 * unit);
      assert.equal(packet.time, 5000 + 6 * unit / 1e6);
      assert.equal(packet.length, 60);
      assert.equal(packet.bytes.length, 2);
    }
  }
});

test("readPcap keeps whole records of a file cut at every length", () => {
  const record = pcapRecord(hex("010203"), 0);
  const bytes = concat([pcapHeader(), record, record]);
  everyCut(bytes, (cut, length) => {
    if (length < 24) {
      assert.throws(() => readPcap(cut), { reason: "truncated" });
      return;
    }
    const file = readPcap(cut);
    assert.equal(file.packets.length, Math.floor((length - 24) / 19));
    assert.equal(file.isTruncated, (length - 24) % 19 !== 0);
  });
});

test("readPcap does not believe a record longer than the file", () => {
  const bytes = concat([pcapHeader(), pcapRecord(hex("01"), 0)]);
  bytes.fill(0xff, 32, 36);
  assert.deepEqual(readPcap(bytes).packets, []);
});

test("readPcap refuses another magic number", () => {
  const pcapng = new Uint8Array(64);
  pcapng.set(hex("0a0d0d0a"));
  assert.throws(() => readPcap(pcapng), PacketError);
  assert.throws(() => readPcap(pcapng), { reason: "magic" });
});

test("readPcap throws nothing but PacketError at random bytes", () => {
  const random = new Random(17);
  for (let i = 0; i < 10_000; i++) {
    const bytes = random.bytes(random.below(120));
    if (random.bool()) bytes.set(pcapHeader().subarray(0, bytes.length));
    try {
      for (const packet of readPcap(bytes).packets) {
        assert(packet.bytes.byteOffset >= 24);
      }
    } catch (error) {
      assert(error instanceof PacketError);
    }
  }
});

test("pcapTap cuts packets to the snap length and accepts views", () => {
  const chunks: Uint8Array[] = [];
  const tap = pcapTap((chunk) => chunks.push(chunk), { snaplen: 30 });
  const before = Date.now();
  tap({ bytes: captured.syn });
  tap(captured.push);
  const { packets, snaplen } = readPcap(concat(chunks));
  assert.equal(snaplen, 30);
  assert.deepEqual(packets[0].bytes, captured.syn.subarray(0, 30));
  assert.equal(packets[0].length, 60);
  assert(Math.abs(packets[1].time - before) < 1000);
});

test("PcapWriter writes to a stream's writer", async () => {
  const chunks: Uint8Array[] = [];
  const stream = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(chunk),
  });
  const writer = new PcapWriter(stream.getWriter());
  writer.write(captured.syn);
  await writer.flush();
  assert.equal(readPcap(concat(chunks)).packets.length, 1);
});

test("PcapWriter keeps a failed sink's error for its caller", async () => {
  const error = new Error("disk full");
  const writer = new PcapWriter(() => Promise.reject(error));
  await assert.rejects(writer.flush(), error);
  assert.throws(() => writer.write(captured.syn), error);
});

test("PcapWriter passes a synchronous sink's error on", () => {
  let left = 1;
  const writer = new PcapWriter(() => {
    if (left-- === 0) throw new Error("disk full");
  });
  assert.throws(() => writer.write(captured.syn), /disk full/);
});
