import assert from "node:assert/strict";
import { test } from "node:test";
import { ProbeTable, State } from "../../src/ping/probes.ts";

/** Adds and sends `count` probes of target 0. */
function send(table: ProbeTable, count: number): number[] {
  return Array.from({ length: count }, () => {
    const number = table.add(table.next & 7, table.next);
    table.sent(number, number * 10, number * 100);
    return number;
  });
}

/** Whether a probe holds what `send` gave it. */
function holds(table: ProbeTable, number: number): boolean {
  return table.known(number) === number &&
    table.target(number) === (number & 7) &&
    table.sequence(number) === number &&
    table.realTime(number) === number * 10 &&
    table.monotonicTime(number) === number * 100;
}

test("probes are numbered from 1, and none is known before", () => {
  const table = new ProbeTable();
  for (const sequence of [0, 1, 65_535]) {
    assert.equal(table.newest(sequence), 0);
  }
  assert.equal(table.known(0), 0);
  assert.equal(table.known(-5), 0);
  assert.deepEqual(send(table, 3), [1, 2, 3]);
  assert.equal(table.newest(2), 2);
  assert.equal(table.newest(4), 0);
  assert.equal(table.newest(0), 0);
});

test("a probe goes from queued to sent to decided", () => {
  const table = new ProbeTable();
  const number = table.add(3, 9);
  assert.equal(table.state(number), State.Queued);
  table.sent(number, 1.5, 2.5);
  assert.equal(table.state(number), State.Sent);
  table.setState(number, State.Replied);
  assert.equal(table.state(number), State.Replied);
  assert.deepEqual(
    [
      table.target(number),
      table.sequence(number),
      table.realTime(number),
      table.monotonicTime(number),
    ],
    [3, 9, 1.5, 2.5],
  );
});

test("what is decided stays known until its place is needed", () => {
  const table = new ProbeTable();
  for (let i = 1; i <= 5000; i++) {
    const [number] = send(table, 1);
    table.setState(number, State.Replied);
    table.oldest = table.next;
  }
  assert.equal(table.known(5000 - 1023), 5000 - 1023);
  assert.equal(table.known(5000 - 1024), 0, "1024 places, and no more");
  for (let number = 5000 - 1023; number <= 5000; number++) {
    assert.ok(holds(table, number), `${number}`);
    assert.equal(table.state(number), State.Replied);
  }
});

test("sequences on the wire wrap after 65 535, the newest probe first", () => {
  const table = new ProbeTable();
  for (let i = 0; i < 200_000; i++) {
    send(table, 1);
    table.oldest = Math.max(1, table.next - 100);
  }
  for (let number = 199_901; number <= 200_000; number++) {
    assert.equal(table.newest(number & 0xffff), number);
    assert.ok(holds(table, number));
    assert.equal(table.before(number), 0, "long forgotten");
  }
});

test("with more than 65 535 on their way each sequence has several probes", () => {
  const table = new ProbeTable();
  const count = 3 * 65_536 + 10;
  send(table, count);
  for (
    const number of [1, 2, 1023, 1024, 1025, 65_535, 65_536, 131_072, count]
  ) {
    assert.ok(holds(table, number), `${number}`);
    assert.equal(table.state(number), State.Sent);
  }
  for (let number = 1; number <= count; number += 997) {
    const chain: number[] = [];
    let each = table.newest(number & 0xffff);
    for (; each > 0; each = table.before(each)) chain.push(each);
    const expected: number[] = [];
    for (let k = number % 65_536 || 65_536; k <= count; k += 65_536) {
      expected.unshift(k);
    }
    assert.deepEqual(chain, expected, `${number}`);
  }
});

test("growing in any state of the ring forgets nothing that is undecided", () => {
  for (const start of [0, 1, 500, 1023, 1024, 1500, 5000]) {
    const table = new ProbeTable();
    send(table, start);
    table.oldest = table.next;
    const nonces = new Map<number, string>();
    const add = () => {
      const [number] = send(table, 1);
      nonces.set(number, nonceOf(table, number));
    };
    for (let i = 0; i < 3000; i++) {
      add();
      // Nothing that is forgotten is taken for something else.
      for (let n = table.next - 2048; n < table.next; n += 61) {
        if (table.known(n)) assert.ok(holds(table, n), `${n} of ${i}`);
      }
    }
    for (const [number, nonce] of nonces) {
      assert.ok(holds(table, number), `${number} after ${start}`);
      assert.equal(nonceOf(table, number), nonce);
    }
    // Then the oldest are decided one by one while new ones come.
    for (let i = 0; i < 9000; i++) {
      table.setState(table.oldest++, State.Replied);
      add();
    }
    for (let n = table.oldest; n < table.next; n++) {
      assert.ok(holds(table, n), `${n} after ${start}`);
      assert.equal(nonceOf(table, n), nonces.get(n));
    }
  }
});

function nonceOf(table: ProbeTable, number: number): string {
  const bytes = new Uint8Array(8);
  table.writeNonce(number, bytes, 0, 8);
  return bytes.join();
}

test("a nonce is recognized, and no bit of it may differ", () => {
  const table = new ProbeTable();
  const [number, other] = send(table, 2);
  const bytes = new Uint8Array(20).fill(7);
  table.writeNonce(number, bytes, 4, 20);
  assert.deepEqual([...bytes.subarray(0, 4)], [7, 7, 7, 7]);
  assert.deepEqual([...bytes.subarray(12)], Array(8).fill(7));
  assert.ok(table.hasNonce(number, bytes, 4, 20));
  assert.ok(!table.hasNonce(other, bytes, 4, 20));
  for (let bit = 0; bit < 64; bit++) {
    const changed = bytes.slice();
    changed[4 + (bit >> 3)] ^= 1 << (bit & 7);
    assert.ok(!table.hasNonce(number, changed, 4, 20), `bit ${bit}`);
  }
});

test("of a nonce only what there is room for is written and compared", () => {
  const table = new ProbeTable();
  const [number] = send(table, 1);
  const bytes = new Uint8Array(8).fill(7);
  table.writeNonce(number, bytes, 0, 3);
  assert.deepEqual([...bytes.subarray(3)], Array(5).fill(7));
  assert.ok(table.hasNonce(number, bytes, 0, 3));
  assert.ok(!table.hasNonce(number, bytes, 0, 8));
  assert.ok(table.hasNonce(number, bytes, 8, 8), "none at all");
});

test("no two of many probes have one nonce", () => {
  const table = new ProbeTable();
  const numbers = send(table, 20_000);
  const nonces = new Set(numbers.map((number) => nonceOf(table, number)));
  assert.equal(nonces.size, numbers.length);
});
