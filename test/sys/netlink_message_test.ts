import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute } from "../../src/sys/netlink/_route_info.ts";
import { parseRule } from "../../src/sys/netlink/_rule_info.ts";
import { parseLinkAddress } from "../../src/sys/netlink/address.ts";
import { parseLink } from "../../src/sys/netlink/_link_info.ts";
import {
  Attributes,
  type Message,
  MessageWriter,
  readMessages,
  readRecords,
} from "../../src/sys/netlink/message.ts";
import {
  openNetlinkSocket,
  type Transport,
} from "../../src/sys/netlink/socket.ts";
import { inLab, skip } from "./_netlink.ts";

/** The bytes of a message, independent of those that follow. */
function copy(writer: MessageWriter, flags = 0, sequence = 0): Uint8Array {
  return writer.finish(flags, sequence).slice();
}

test("a message is written as linux/netlink.h lays it out", () => {
  const writer = new MessageWriter(18).u8(10, 0).u16(0x1234).u32(0xdeadbeef);
  writer.attributeText(3, "lo").attributeU8(5, 7);
  writer.nest(18, () => writer.attributeU32(1, 2));
  assert.deepEqual(
    copy(writer, 0x301, 0x01020304),
    new Uint8Array([
      ...[52, 0, 0, 0, 18, 0, 1, 3, 4, 3, 2, 1, 0, 0, 0, 0],
      ...[10, 0, 0x34, 0x12, 0xef, 0xbe, 0xad, 0xde],
      ...[7, 0, 3, 0, 0x6c, 0x6f, 0, 0],
      ...[5, 0, 5, 0, 7, 0, 0, 0],
      ...[12, 0, 18, 0x80, 8, 0, 1, 0, 2, 0, 0, 0],
    ]),
  );
});

test("what is written is read again, however long it gets", () => {
  const long = "x".repeat(5000);
  const writer = new MessageWriter(16).u32(42);
  writer.nest(18, () => writer.attributeText(1, long).attributeU8(2, 255));
  writer.attributeU32(4, 0xffffffff);
  const [message, ...rest] = readMessages(copy(writer, 5, 0xffffffff));
  assert.equal(rest.length, 0);
  assert.equal(message.type, 16);
  assert.equal(message.flags, 5);
  assert.equal(message.sequence, 0xffffffff);
  const attributes = new Attributes(message.body, 4);
  assert.equal(attributes.nested(18)?.text(1), long);
  assert.equal(attributes.nested(18)?.u8(2), 255);
  assert.equal(attributes.u32(4), 0xffffffff);
  assert.equal(attributes.u32(5), undefined);
});

test("several messages of one datagram are read one by one", () => {
  const first = copy(new MessageWriter(16).u8(1), 0, 1); // padded to 20
  const bytes = new Uint8Array(20 + 16);
  bytes.set(first);
  bytes.set(copy(new MessageWriter(3), 0, 2), 20);
  const messages = [...readMessages(bytes)];
  assert.deepEqual(messages.map(({ type }) => type), [16, 3]);
  assert.deepEqual(messages[0].body, new Uint8Array([1]));
});

test("an attribute longer than 65535 bytes is refused", () => {
  const writer = new MessageWriter(16);
  assert.throws(
    () => writer.attributeBytes(1, new Uint8Array(65532)),
    RangeError,
  );
});

test("lengths that lie are refused and never followed", () => {
  const message = copy(new MessageWriter(16).u32(1).attributeU32(4, 1500));
  for (const length of [0, 1, 15, message.length + 1, 0x7fffffff, 0xffffffff]) {
    const bytes = message.slice();
    new DataView(bytes.buffer).setUint32(0, length, true);
    assert.throws(() => [...readMessages(bytes)], refusal);
  }
  const attribute = message.slice(20);
  for (const length of [0, 3, attribute.length + 1, 0xffff]) {
    new DataView(attribute.buffer).setUint16(0, length, true);
    assert.throws(() => new Attributes(attribute), refusal);
    assert.throws(() => [...readRecords(attribute, 4)], refusal);
  }
  const short = new Attributes(new Uint8Array([6, 0, 1, 0, 9, 9]));
  assert.throws(() => short.u32(1), refusal);
});

test("10 000 broken messages end in a typed error, or none", { skip }, () => {
  const random = generator(0x5eed);
  const corpus = [...realMessages(), randomBytes(random, 400)];
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    const bytes = i % 10 === 0
      ? randomBytes(random, random() % 200)
      : mutate(random, corpus[random() % corpus.length]);
    try {
      for (const message of readMessages(bytes)) parseAny(message);
    } catch (error) {
      assert.ok(refusal(error), String(error));
      refused++;
    }
  }
  assert.ok(refused > 1000 && refused < 9900, `${refused} refused`);
});

test("every cut of a real message is read safely", { skip }, () => {
  for (const bytes of realMessages()) {
    for (let end = 0; end < Math.min(bytes.length, 600); end++) {
      const cut = bytes.slice(0, end);
      if (end >= 4) new DataView(cut.buffer).setUint32(0, end, true);
      try {
        for (const message of readMessages(cut)) parseAny(message);
      } catch (error) {
        assert.ok(refusal(error), String(error));
      }
    }
  }
});

function refusal(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith("Cannot ");
}

const anyName = { get: () => "x" } as unknown as ReadonlyMap<number, string>;

const parsers: Record<number, (message: Message) => unknown> = {
  16: parseLink,
  20: (message) => parseLinkAddress(message, anyName),
  24: (message) => parseRoute(message, anyName),
  32: parseRule,
};

/** Reads a message as what it says it is, or as one of all. */
function parseAny(message: Message): void {
  const parse = parsers[message.type] ??
    parsers[[16, 20, 24, 32][message.type % 4]];
  parse?.(message);
}

/** The datagrams with which the kernel lists a namespace that has much in it. */
function realMessages(): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  inLab(({ fd, netlink }) => {
    netlink.addVeth({ name: "a", peer: "b" });
    netlink.addAddress({ link: "a", address: "10.7.0.1/24" });
    netlink.addAddress({ link: "a", address: "fd00::1/64" });
    for (const link of ["a", "b"]) netlink.setLink(link, { up: true });
    const nextHops = [{ gateway: "10.7.0.2" }, { gateway: "10.7.0.3" }];
    netlink.addRoute({ destination: "10.8.0.0/16", nextHops, mtu: 1300 });
    netlink.addRule({ family: 4, table: 9, oif: "a", users: [0, 0] });
    const socket = openNetlinkSocket(fd);
    for (const type of [18, 22, 26, 34]) {
      socket.send(requestOf(type), "Cannot list");
      datagrams.push(...drain(socket));
    }
    socket.close();
  });
  return datagrams;
}

function requestOf(type: number): Uint8Array<ArrayBuffer> {
  const words = { 18: 4, 22: 2, 26: 3, 34: 3 }[type] ?? 0;
  const request = new MessageWriter(type);
  for (let i = 0; i < words; i++) request.u32(0);
  return request.finish(0x301, 1);
}

function* drain(socket: Transport): Generator<Uint8Array> {
  for (;;) {
    const received = socket.receive("Cannot list");
    if (typeof received === "string") return;
    yield received;
  }
}

/** xorshift32, for tests that can be repeated. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function randomBytes(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random());
}

function mutate(random: () => number, original: Uint8Array): Uint8Array {
  const cut = random() % 3 === 0 ? random() % original.length : original.length;
  const bytes = original.slice(0, cut);
  for (let count = random() % 8; count >= 0 && bytes.length > 0; count--) {
    bytes[random() % bytes.length] = [0, 1, 4, 255, random()][random() % 5];
  }
  return bytes;
}
