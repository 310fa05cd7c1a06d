/**
 * Netlink messages as bytes (`linux/netlink.h`): a header of 16 bytes, a
 * fixed part, then attributes, each padded to 4. Numbers are in the order of
 * the machine, which is little-endian wherever this module works.
 *
 * @module
 */
import { NLA_F_NESTED, NLA_TYPE_MASK } from "./constants.ts";

const headerSize = 16;
const attributeHeaderSize = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes one message from front to back. */
export class MessageWriter {
  /** The kind of message: `RTM_NEWLINK`. */
  readonly type: number;
  #bytes = new Uint8Array(new ArrayBuffer(256));
  #view = new DataView(this.#bytes.buffer);
  #length = headerSize;

  constructor(type: number) {
    this.type = type;
  }

  u8(...values: number[]): this {
    return this.raw(Uint8Array.from(values));
  }

  u16(value: number): this {
    const at = this.#grow(2); // may replace the view
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value >>> 0, true);
    return this;
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Appends an attribute whose value `write` appends. */
  attribute(type: number, write: () => void): this {
    const at = this.#length;
    this.u16(0).u16(type);
    write();
    this.#close(at);
    return this;
  }

  /** Appends an attribute that holds attributes. */
  nest(type: number, write: () => void): this {
    return this.attribute(type | NLA_F_NESTED, write);
  }

  attributeBytes(type: number, value: Uint8Array): this {
    return this.attribute(type, () => this.raw(value));
  }

  attributeU8(type: number, value: number): this {
    return this.attribute(type, () => this.u8(value));
  }

  attributeU32(type: number, value: number): this {
    return this.attribute(type, () => this.u32(value));
  }

  attributeText(type: number, value: string): this {
    return this.attributeBytes(type, encoder.encode(value + "\0"));
  }

  /** A record whose first 16 bits are its length, as `struct rtnexthop`. */
  record(write: () => void): this {
    const at = this.#length;
    this.u16(0);
    write();
    this.#close(at);
    return this;
  }

  /** The whole message, in memory that does not move. */
  finish(flags: number, sequence: number): Uint8Array<ArrayBuffer> {
    this.#view.setUint32(0, this.#length, true);
    this.#view.setUint16(4, this.type, true);
    this.#view.setUint16(6, flags, true);
    this.#view.setUint32(8, sequence, true);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Puts the length where it belongs and pads to 4. */
  #close(at: number): void {
    const length = this.#length - at;
    if (length > 0xffff) {
      throw new RangeError(
        `Cannot write a netlink attribute of more than 65535 bytes: current value is ${length}`,
      );
    }
    this.#view.setUint16(at, length, true);
    this.#grow(-this.#length & 3);
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(new ArrayBuffer(this.#length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** One message as it was read. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header. */
  readonly body: Uint8Array;
}

/**
 * Takes a datagram apart into its messages.
 *
 * @throws {RangeError} If a message is longer than what is there.
 */
export function* readMessages(bytes: Uint8Array): Generator<Message> {
  for (let at = 0; at < bytes.length;) {
    const length = readU32(bytes, at);
    checkLength(length, headerSize, bytes.length - at, "message");
    yield {
      type: readU16(bytes, at + 4),
      flags: readU16(bytes, at + 6),
      sequence: readU32(bytes, at + 8),
      body: bytes.subarray(at + headerSize, at + length),
    };
    at += align(length);
  }
}

/** The attributes of a message or of a nest, by type; of two the last. */
export class Attributes {
  readonly #values = new Map<number, Uint8Array>();

  /**
   * @param bytes What holds them.
   * @param start Where they begin.
   * @throws {RangeError} If one is longer than what is there.
   */
  constructor(bytes: Uint8Array, start = 0) {
    // Fewer bytes than a header are padding, as the kernel has it.
    for (let at = start; at + attributeHeaderSize <= bytes.length;) {
      const length = readU16(bytes, at);
      checkLength(length, attributeHeaderSize, bytes.length - at, "attribute");
      const type = readU16(bytes, at + 2) & NLA_TYPE_MASK;
      this.#values.set(type, bytes.subarray(at + 4, at + length));
      at += align(length);
    }
  }

  bytes(type: number): Uint8Array | undefined {
    return this.#values.get(type);
  }

  u8(type: number): number | undefined {
    const value = this.#values.get(type);
    return value && readU8(value, 0);
  }

  u32(type: number): number | undefined {
    const value = this.#values.get(type);
    return value && readU32(value, 0);
  }

  /** Text up to its closing zero. */
  text(type: number): string | undefined {
    const value = this.#values.get(type);
    return value && decoder.decode(value).replace(/\0.*$/s, "");
  }

  nested(type: number): Attributes | undefined {
    const value = this.#values.get(type);
    return value && new Attributes(value);
  }
}

/** The records in an attribute that each begin with their length. */
export function* readRecords(
  bytes: Uint8Array,
  least: number,
): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = readU16(bytes, at);
    checkLength(length, least, bytes.length - at, "record");
    yield bytes.subarray(at, at + length);
    at += align(length);
  }
}

/** @throws {RangeError} If the byte is not there, as the next two do. */
export function readU8(bytes: Uint8Array, at: number): number {
  checkRoom(bytes, at, 1);
  return bytes[at];
}

export function readU16(bytes: Uint8Array, at: number): number {
  checkRoom(bytes, at, 2);
  return bytes[at] | bytes[at + 1] << 8;
}

export function readU32(bytes: Uint8Array, at: number): number {
  checkRoom(bytes, at, 4);
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
    bytes[at + 3] << 24) >>> 0;
}

function checkRoom(bytes: Uint8Array, at: number, count: number): void {
  if (at + count <= bytes.length) return;
  throw new RangeError(
    `Cannot read netlink message: ${count} bytes wanted at ${at} of ${bytes.length}`,
  );
}

function checkLength(
  length: number,
  least: number,
  most: number,
  what: string,
): void {
  if (length >= least && length <= most) return;
  throw new RangeError(
    `Cannot read netlink ${what}: its length is ${length}, not ${least} to ${most}`,
  );
}

function align(length: number): number {
  return (length + 3) & ~3;
}
