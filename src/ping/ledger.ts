/**
 * The books of a ping run: targets, probes, counts, and the event that each
 * entry makes. Knows nothing of sockets or of bytes on the wire.
 *
 * @module
 */
import { addressToBytes } from "../packet/address.ts";
import { Clock } from "../sys/clock.ts";
import type {
  ErrorValue,
  IcmpErrorEvent,
  PingEvent,
  ReplyEventBase,
  SummaryEvent,
  UnexpectedEvent,
} from "./events.ts";
import { ProbeTable, State } from "./probes.ts";
import type { Target } from "./resolve.ts";
import { round, TargetStatistics } from "./statistics.ts";

/** A target that is being pinged. */
export interface EngineTarget extends Target {
  readonly index: number;
  readonly bytes: Uint8Array;
  /** The number of an IPv6 address's zone, 0 without. */
  readonly scope: number;
  readonly statistics: TargetStatistics;
  /** Probes laid out for it so far, whatever became of them. */
  probes: number;
  /** When it was added, on the monotonic clock. */
  readonly since: number;
}

/** What a socket knows of a reply. */
export interface Arrival {
  /** When the kernel received it, on the clock's `real()` scale. */
  readonly stamp: number | undefined;
  readonly ttl: number | undefined;
  readonly size: number;
}

/** Keeps the books and makes the events. */
export class Ledger {
  readonly targets: EngineTarget[] = [];
  readonly probes = new ProbeTable();
  #clock: Clock | undefined;
  /** Milliseconds after which a probe is lost. */
  readonly #timeout: number;
  readonly #emit: (event: PingEvent) => void;

  /**
   * @param timeout Milliseconds after which a probe is lost.
   * @param emit Takes every event as it happens.
   */
  constructor(timeout: number, emit: (event: PingEvent) => void) {
    this.#timeout = timeout;
    this.#emit = emit;
  }

  /** Opened late: a run that has not begun has not touched the system. */
  get clock(): Clock {
    return this.#clock ??= new Clock();
  }

  /** The target of a probe. */
  target(number: number): EngineTarget {
    return this.targets[this.probes.target(number)];
  }

  /** Takes on a target. */
  add(
    target: Target,
    transport: "dgram" | "raw",
    identifier: number,
  ): EngineTarget {
    const [address, zone = "0"] = target.address.split("%");
    const added: EngineTarget = {
      ...target,
      index: this.targets.length,
      bytes: addressToBytes(address),
      scope: Number(zone),
      statistics: new TargetStatistics(),
      probes: 0,
      since: this.clock.monotonic(),
    };
    this.targets.push(added);
    this.#emit({
      type: "resolved",
      time: this.#time(),
      target: target.host,
      address: target.address,
      family: target.family,
      transport,
      identifier,
    });
    return added;
  }

  /** A probe was handed to the kernel. */
  sent(number: number, size: number, real: number, monotonic: number): void {
    this.probes.sent(number, real, monotonic);
    this.target(number).statistics.sent++;
    this.#emit({ type: "sent", ...this.#about(number, real), size });
  }

  /** A probe could not be sent. */
  sendError(number: number, error: Error): void {
    this.probes.setState(number, State.Failed);
    this.target(number).statistics.errors++;
    this.#emit({
      type: "sendError",
      ...this.#about(number),
      error: errorValue(error),
    });
  }

  /** A genuine reply to a probe has come: its first, or another, or late. */
  reply(number: number, arrival: Arrival): void {
    const { probes, clock } = this;
    const { statistics } = this.target(number);
    const elapsed = clock.monotonic() - probes.monotonicTime(number);
    let { stamp } = arrival;
    let rtt = elapsed;
    if (stamp !== undefined) {
      const stamped = stamp - probes.realTime(number);
      // Beyond these bounds the wall clock was stepped in between.
      if (stamped >= 0 && stamped <= elapsed + 1) rtt = stamped;
      else stamp = undefined;
    }
    const reply: ReplyEventBase = {
      ...this.#about(number, stamp),
      rtt: round(rtt),
      ttl: arrival.ttl,
      size: arrival.size,
      stamp: stamp === undefined ? "user" : "kernel",
    };
    if (probes.state(number) === State.Sent && rtt > this.#timeout) {
      this.#timeOut(number);
    }
    switch (probes.state(number)) {
      case State.Sent:
        probes.setState(number, State.Replied);
        statistics.received++;
        statistics.rtt.add(rtt);
        return this.#emit({ type: "reply", ...reply });
      case State.Replied:
        statistics.duplicates++;
        return this.#emit({ type: "duplicate", ...reply });
      default:
        statistics.late++;
        return this.#emit({ type: "late", ...reply });
    }
  }

  /** An ICMP error has come for a probe. */
  icmpError(
    number: number,
    isFatal: boolean,
    error: Pick<IcmpErrorEvent, "icmp" | "from" | "mtu">,
  ): void {
    const { statistics } = this.target(number);
    statistics.errors++;
    if (isFatal && this.probes.state(number) === State.Sent) {
      this.probes.setState(number, State.Failed);
      statistics.lost++;
    }
    this.#emit({ type: "icmpError", ...this.#about(number), ...error });
  }

  /** Something has come that answers no probe. */
  unexpected(packet: Pick<UnexpectedEvent, "from" | "reason" | "size">): void {
    this.#emit({ type: "unexpected", time: this.#time(), ...packet });
  }

  /** Gives up on probes whose time is over. */
  expire(): void {
    const { probes } = this;
    const due = this.clock.monotonic() - this.#timeout;
    for (; probes.oldest < probes.next; probes.oldest++) {
      const number = probes.oldest;
      const state = probes.state(number);
      if (state === State.Queued) return;
      if (state !== State.Sent) continue;
      if (probes.monotonicTime(number) > due) return;
      this.#timeOut(number);
    }
  }

  /** When the next probe may expire, `Infinity` with none on its way. */
  nextExpiry(): number {
    const { oldest, next } = this.probes;
    if (oldest >= next || this.probes.state(oldest) === State.Queued) {
      return Infinity;
    }
    return this.probes.monotonicTime(oldest) + this.#timeout;
  }

  /** Whether every probe has been decided. */
  get isSettled(): boolean {
    return this.probes.oldest >= this.probes.next;
  }

  /** The summary of a target as it stands. */
  summary(target: EngineTarget): SummaryEvent {
    return {
      type: "summary",
      time: this.#time(),
      target: target.host,
      address: target.address,
      ...target.statistics.tally(),
      duration: round(this.clock.monotonic() - target.since),
    };
  }

  #timeOut(number: number): void {
    this.probes.setState(number, State.TimedOut);
    this.target(number).statistics.lost++;
    this.#emit({
      type: "timeout",
      ...this.#about(number),
      timeout: this.#timeout,
    });
  }

  /** What every event about a probe has; `real` is on the clock's scale. */
  #about(number: number, real?: number): {
    time: number;
    target: string;
    address: string;
    seq: number;
  } {
    const target = this.target(number);
    return {
      time: this.#time(real),
      target: target.host,
      address: target.address,
      seq: this.probes.sequence(number),
    };
  }

  #time(real: number = this.clock.real()): number {
    return this.clock.epoch + real;
  }
}

/** An error as an event carries it. */
export function errorValue(error: Error): ErrorValue {
  const { name, message } = error;
  return { name, code: (error as { code?: string }).code, message };
}
