/**
 * Probes on their way, in flat arrays.
 *
 * Probes are numbered from 1 in the order of their sending, over all targets;
 * the low 16 bits of the number are the echo message's sequence (RFC 792). As
 * every probe has the same timeout, the order of sending is also the order of
 * expiry. What has been decided stays until its place is needed again, so that
 * duplicates and late replies are known as such.
 *
 * @module
 */

/** What became of a probe. */
export const State = {
  Free: 0,
  /** Laid out, not yet handed to the kernel. */
  Queued: 1,
  Sent: 2,
  Replied: 3,
  TimedOut: 4,
  Failed: 5,
} as const;

const randomWords = 4096;

/** A ring of probes that doubles whenever all of it is undecided. */
export class ProbeTable {
  #capacity = 1024;
  #target = new Uint32Array(this.#capacity);
  #sequence = new Float64Array(this.#capacity);
  #state = new Uint8Array(this.#capacity);
  #real = new Float64Array(this.#capacity);
  #monotonic = new Float64Array(this.#capacity);
  #nonce = new Uint32Array(2 * this.#capacity);
  readonly #random = new Uint32Array(randomWords);
  #used = randomWords;
  /** The oldest number whose place holds its own probe. */
  #floor = 1;
  /** The number that the next probe gets. */
  next = 1;
  /** The oldest probe that may still be undecided. */
  oldest = 1;

  /** Makes room for a probe; returns its number. */
  add(target: number, sequence: number): number {
    const number = this.next++;
    if (number - this.oldest >= this.#capacity) this.#grow(number);
    const at = number & this.#capacity - 1;
    if (this.#used >= randomWords) {
      crypto.getRandomValues(this.#random);
      this.#used = 0;
    }
    this.#target[at] = target;
    this.#sequence[at] = sequence;
    this.#state[at] = State.Queued;
    this.#nonce[2 * at] = this.#random[this.#used++];
    this.#nonce[2 * at + 1] = this.#random[this.#used++];
    return number;
  }

  /** Notes when a probe was sent, on both clocks. */
  sent(number: number, real: number, monotonic: number): void {
    const at = number & this.#capacity - 1;
    this.#state[at] = State.Sent;
    this.#real[at] = real;
    this.#monotonic[at] = monotonic;
  }

  /** The newest probe with a sequence on the wire, 0 if it is forgotten. */
  newest(wireSequence: number): number {
    const last = this.next - 1;
    return this.known(last - (last - wireSequence & 0xffff));
  }

  /** The probe before with the same sequence on the wire, 0 if forgotten. */
  before(number: number): number {
    return this.known(number - 0x10000);
  }

  /** The number itself if its probe is still here, else 0. */
  known(number: number): number {
    const floor = Math.max(this.#floor, this.next - this.#capacity);
    return number >= floor ? number : 0;
  }

  /** The index of a probe's target. */
  target(number: number): number {
    return this.#target[number & this.#capacity - 1];
  }

  /** A probe's number among those of its target. */
  sequence(number: number): number {
    return this.#sequence[number & this.#capacity - 1];
  }

  /** What became of a probe. */
  state(number: number): number {
    return this.#state[number & this.#capacity - 1];
  }

  /** Decides what became of a probe. */
  setState(number: number, state: number): void {
    this.#state[number & this.#capacity - 1] = state;
  }

  /** When a probe was sent, on the wall clock. */
  realTime(number: number): number {
    return this.#real[number & this.#capacity - 1];
  }

  /** When a probe was sent, on the clock that never steps. */
  monotonicTime(number: number): number {
    return this.#monotonic[number & this.#capacity - 1];
  }

  /** Writes as much of a probe's nonce as there is room for. */
  writeNonce(number: number, into: Uint8Array, at: number, end: number): void {
    const most = Math.min(8, end - at);
    for (let i = 0; i < most; i++) into[at + i] = this.#nonceByte(number, i);
  }

  /** Whether bytes begin with a probe's nonce, as far as they go. */
  hasNonce(
    number: number,
    bytes: Uint8Array,
    at: number,
    end: number,
  ): boolean {
    const most = Math.min(8, end - at);
    for (let i = 0; i < most; i++) {
      if (bytes[at + i] !== this.#nonceByte(number, i)) return false;
    }
    return true;
  }

  #nonceByte(number: number, i: number): number {
    const at = 2 * (number & this.#capacity - 1);
    return this.#nonce[at + (i >> 2)] >>> 8 * (i & 3) & 0xff;
  }

  /** Doubles the ring, every probe at its number's place in the larger one. */
  #grow(number: number): void {
    const old = this.#capacity;
    this.#floor = Math.max(this.#floor, number - old);
    const capacity = this.#capacity = 2 * old;
    this.#target = spread(this.#target, new Uint32Array(capacity));
    this.#sequence = spread(this.#sequence, new Float64Array(capacity));
    this.#state = spread(this.#state, new Uint8Array(capacity));
    this.#real = spread(this.#real, new Float64Array(capacity));
    this.#monotonic = spread(this.#monotonic, new Float64Array(capacity));
    this.#nonce = spread(this.#nonce, new Uint32Array(2 * capacity));
    // Of each pair of twins one is at its number's place; the other is below
    // the floor, or yet to be written.
  }
}

/** Copies a ring into both halves of one that is twice as large. */
function spread<T extends Uint8Array | Uint32Array | Float64Array>(
  from: T,
  into: T,
): T {
  into.set(from, 0);
  into.set(from, into.length / 2);
  return into;
}
