/**
 * The echo engine: lays probes out, sends them, and finds the probe that each
 * arrival belongs to, with one socket for each IP version. It never waits;
 * `echo.ts` drives it, `ledger.ts` keeps its books.
 *
 * @module
 */
import type { Family } from "../packet/address.ts";
import { checksum } from "../packet/checksum.ts";
import { icmpName } from "../packet/icmp_names.ts";
import {
  IcmpSocket,
  type IcmpSocketError,
  type NetworkNamespace,
  SystemCallError,
} from "../sys/mod.ts";
import type { PingEvent, UnexpectedReason } from "./events.ts";
import { type EngineTarget, Ledger } from "./ledger.ts";
import { State } from "./probes.ts";
import type { Target } from "./resolve.ts";

const HEADER = 8;
const NONCE = 8;
const requestType = { 4: 8, 6: 128 } as const;
const replyType = { 4: 0, 6: 129 } as const;
/** A redirect tells of a better way; the probe goes on all the same. */
const redirectType = { 4: 5, 6: 137 } as const;

/** Settings of an {@linkcode EchoEngine}, all checked. */
export interface EngineOptions {
  /** Payload bytes. */
  readonly size: number;
  /** Milliseconds after which a probe is lost. */
  readonly timeout: number;
  readonly ttl: number | undefined;
  readonly netns: NetworkNamespace | undefined;
}

interface Lane {
  readonly socket: IcmpSocket;
  /** The probes laid out in the socket's output, in order. */
  readonly queued: number[];
}

/** Sends probes and takes in what comes back. */
export class EchoEngine {
  /** Targets, probes and counts. */
  readonly ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #lanes = new Map<Family, Lane>();
  readonly #payload: Uint8Array;

  /**
   * @param options Sizes, times and where.
   * @param emit Takes every event as it happens.
   */
  constructor(options: EngineOptions, emit: (event: PingEvent) => void) {
    this.ledger = new Ledger(options.timeout, emit);
    this.#options = options;
    // As ping(8): bytes that count up, here behind the nonce.
    this.#payload = Uint8Array.from({ length: options.size }, (_, i) => i);
  }

  /** The sockets in use. */
  get sockets(): IcmpSocket[] {
    return [...this.#lanes.values()].map((lane) => lane.socket);
  }

  /** Takes on a target; opens the socket of its IP version if need be. */
  add(target: Target): EngineTarget {
    const { transport, identifier } = this.#lane(target.family).socket;
    return this.ledger.add(target, transport, identifier);
  }

  /**
   * Lays out a probe; `flush` sends it. Returns false, with nothing done, if
   * the socket's batch is full.
   */
  queue(target: EngineTarget): boolean {
    const { socket, queued } = this.#lane(target.family);
    const i = queued.length;
    if (i >= socket.batch) return false;
    const { probes } = this.ledger;
    const number = probes.add(target.index, ++target.probes);
    const at = socket.outputAt(i), out = socket.output;
    const end = at + socket.messageSize;
    out[at] = requestType[target.family];
    out[at + 1] = out[at + 2] = out[at + 3] = 0;
    out[at + 6] = number >> 8;
    out[at + 7] = number;
    out.set(this.#payload, at + HEADER);
    probes.writeNonce(number, out, at + HEADER, end);
    socket.address(i, target.bytes, target.scope, socket.messageSize);
    queued.push(number);
    return true;
  }

  /**
   * Sends what is laid out.
   *
   * @returns False if the kernel has no room now; the rest stays laid out.
   */
  flush(): boolean {
    let all = true;
    for (const lane of this.#lanes.values()) {
      if (lane.queued.length > 0 && !this.#send(lane)) all = false;
    }
    return all;
  }

  /** Takes in everything that has come: replies, then errors. */
  receive(): void {
    for (const { socket } of this.#lanes.values()) {
      for (;;) {
        const count = socket.receive();
        for (let i = 0; i < count; i++) this.#arrival(socket, i);
        if (count < socket.batch) break;
      }
      this.#takeErrors(socket);
    }
  }

  /** Closes the sockets. */
  close(): void {
    for (const { socket } of this.#lanes.values()) socket.close();
  }

  #lane(family: Family): Lane {
    const known = this.#lanes.get(family);
    if (known) return known;
    const { size, ttl, netns } = this.#options;
    const messageSize = HEADER + size;
    const socket = IcmpSocket.open({ family, messageSize, ttl, netns });
    const lane = { socket, queued: [] };
    this.#lanes.set(family, lane);
    return lane;
  }

  /** Sends a lane's probes; returns false if the socket is full. */
  #send(lane: Lane): boolean {
    const { socket, queued } = lane;
    const { ledger } = this;
    // An error that is pending for any destination fails the next send.
    this.#takeErrors(socket);
    let done = 0, isRetry = false;
    while (done < queued.length) {
      const real = ledger.clock.real(), monotonic = ledger.clock.monotonic();
      try {
        const sent = socket.send(done, queued.length);
        if (sent === 0) break;
        for (const number of queued.slice(done, done + sent)) {
          ledger.sent(number, socket.messageSize, real, monotonic);
        }
        done += sent;
        isRetry = false;
      } catch (error) {
        if (!(error instanceof SystemCallError) || socket.fd < 0) throw error;
        this.#takeErrors(socket);
        if (isRetry) ledger.sendError(queued[done++], error);
        isRetry = !isRetry;
      }
    }
    queued.splice(0, done);
    if (queued.length > 0) this.#moveUp(lane, done);
    return queued.length === 0;
  }

  /** Rare: what the socket had no room for moves to the front. */
  #moveUp(lane: Lane, by: number): void {
    const { socket, queued } = lane;
    const from = socket.outputAt(by);
    socket.output.copyWithin(0, from, from + socket.outputAt(queued.length));
    queued.forEach((number, i) => {
      const { bytes, scope } = this.ledger.target(number);
      socket.address(i, bytes, scope, socket.messageSize);
    });
  }

  /** Finds the probe that received message `i` answers. */
  #arrival(socket: IcmpSocket, i: number): void {
    const at = socket.inputAt(i), size = socket.inputEnd(i) - at;
    const { input, family } = socket;
    if (size < HEADER || socket.isCut(i)) {
      return this.#unexpected(socket, i, "truncated");
    }
    // A raw socket's filter is set a moment after it opens.
    if (input[at] !== replyType[family]) return;
    if (socket.transport === "raw") {
      // The kernel hands raw ICMP on before it looks at the checksum.
      if (family === 4 && checksum(input, at, at + size) !== 0) {
        return this.#unexpected(socket, i, "checksum");
      }
      if ((input[at + 4] << 8 | input[at + 5]) !== socket.identifier) {
        return this.#unexpected(socket, i, "identifier");
      }
    }
    const { probes, clock } = this.ledger;
    let reason: UnexpectedReason = "sequence";
    let number = probes.newest(input[at + 6] << 8 | input[at + 7]);
    for (; number > 0; number = probes.before(number)) {
      const wrong = this.#mismatch(socket, i, number);
      if (!wrong) {
        return this.ledger.reply(number, {
          stamp: socket.stamp(i, clock),
          ttl: socket.hopLimit(i),
          size,
        });
      }
      reason = wrong;
    }
    this.#unexpected(socket, i, reason);
  }

  /** What is wrong with message `i` as the reply to a probe. */
  #mismatch(
    socket: IcmpSocket,
    i: number,
    number: number,
  ): UnexpectedReason | undefined {
    const { probes } = this.ledger;
    if (probes.state(number) === State.Queued) return "sequence";
    const { family, bytes } = this.ledger.target(number);
    if (family !== socket.family || !socket.isFrom(i, bytes)) return "source";
    const at = socket.inputAt(i) + HEADER, end = socket.inputEnd(i);
    if (!probes.hasNonce(number, socket.input, at, end)) return "nonce";
    if (end - at !== this.#payload.length) return "payload";
    for (let k = NONCE; k < this.#payload.length; k++) {
      if (socket.input[at + k] !== this.#payload[k]) return "payload";
    }
    return undefined;
  }

  #unexpected(socket: IcmpSocket, i: number, reason: UnexpectedReason): void {
    const size = Math.max(0, socket.inputEnd(i) - socket.inputAt(i));
    this.ledger.unexpected({ from: socket.source(i), reason, size });
  }

  #takeErrors(socket: IcmpSocket): void {
    for (const error of socket.errors()) this.#error(socket, error);
  }

  /** Finds the probe that an ICMP error quotes. */
  #error(socket: IcmpSocket, error: IcmpSocketError): void {
    const { message, type, code, from } = error;
    const { family } = socket;
    // An error of this system's own fails the send too, which tells it.
    if (type === undefined || code === undefined) return;
    if (message.length < HEADER || message[0] !== requestType[family]) return;
    const identifier = message[4] << 8 | message[5];
    if (socket.transport === "raw" && identifier !== socket.identifier) return;
    const { probes } = this.ledger;
    let number = probes.newest(message[6] << 8 | message[7]);
    while (number > 0 && !this.#isQuoted(number, error)) {
      number = probes.before(number);
    }
    if (number === 0) return;
    const isTooBig = family === 4 ? type === 3 && code === 4 : type === 2;
    this.ledger.icmpError(number, type !== redirectType[family], {
      icmp: { type, code, name: icmpName(family, type, code) },
      from,
      ...(isTooBig ? { mtu: error.info } : {}),
    });
  }

  /** Errors may quote no more than the header (RFC 792): the nonce may lack. */
  #isQuoted(number: number, error: IcmpSocketError): boolean {
    const { message, destination } = error;
    return this.ledger.target(number).address === destination &&
      this.ledger.probes.hasNonce(number, message, HEADER, message.length);
  }
}
