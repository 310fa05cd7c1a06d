import type { RttSummary, Tally } from "./events.ts";

/** Round-trip times in constant memory, by Welford's method. */
export class RttStatistics {
  count = 0;
  #min = Infinity;
  #max = 0;
  #mean = 0;
  #squares = 0;
  #last = 0;
  /** Differences between successive times: their sum, and how many. */
  #steps = 0;
  #differences = 0;

  /** Takes a round-trip time in milliseconds. */
  add(rtt: number): void {
    this.count++;
    if (rtt < this.#min) this.#min = rtt;
    if (rtt > this.#max) this.#max = rtt;
    const delta = rtt - this.#mean;
    this.#mean += delta / this.count;
    this.#squares += delta * (rtt - this.#mean);
    if (this.count > 1) {
      this.#steps += Math.abs(rtt - this.#last);
      this.#differences++;
    }
    this.#last = rtt;
  }

  /** Takes all that another has taken (Chan et al., 1979). */
  merge(other: RttStatistics): void {
    if (other.count === 0) return;
    const count = this.count + other.count;
    const delta = other.#mean - this.#mean;
    this.#squares += other.#squares +
      delta * delta * this.count * other.count / count;
    this.#mean += delta * other.count / count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#steps += other.#steps;
    this.#differences += other.#differences;
    this.count = count;
  }

  /** What they come to, `null` without any. */
  summary(): RttSummary | null {
    if (this.count === 0) return null;
    return {
      min: round(this.#min),
      avg: round(this.#mean),
      max: round(this.#max),
      stddev: round(Math.sqrt(this.#squares / this.count)),
      jitter: round(this.#steps / Math.max(1, this.#differences)),
    };
  }
}

/** What became of a target's probes. */
export class TargetStatistics {
  sent = 0;
  received = 0;
  lost = 0;
  duplicates = 0;
  late = 0;
  errors = 0;
  readonly rtt = new RttStatistics();

  /** Takes all that another has taken. */
  merge(other: TargetStatistics): void {
    this.sent += other.sent;
    this.received += other.received;
    this.lost += other.lost;
    this.duplicates += other.duplicates;
    this.late += other.late;
    this.errors += other.errors;
    this.rtt.merge(other.rtt);
  }

  /** The counts and times as a plain object. */
  tally(): Tally {
    const { sent, received, lost, duplicates, late, errors } = this;
    const decided = received + lost;
    return {
      sent,
      received,
      lost,
      pending: sent - decided,
      duplicates,
      late,
      errors,
      loss: decided > 0 ? lost / decided : 0,
      rtt: this.rtt.summary(),
    };
  }
}

/** Milliseconds to the nanosecond: what is beyond is noise of doubles. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 1e6) / 1e6;
}
