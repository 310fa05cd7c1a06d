import assert from "node:assert/strict";
import { test } from "node:test";
import { PermissionError, SystemCallError } from "../../src/sys/errors.ts";
import { Exchange } from "../../src/sys/netlink/exchange.ts";
import { MessageWriter, readMessages } from "../../src/sys/netlink/message.ts";
import type { Received, Transport } from "../../src/sys/netlink/socket.ts";
import { failure } from "./_netlink.ts";

const RTM_NEWADDR = 20;
const RTM_GETLINK = 18;
const ERROR = 2;
const DONE = 3;
const INTERRUPTED = 0x10;
const CAPPED = 0x100;
const TEXT = 0x200;

type Reply = (sequence: number) => Received;

/** A kernel whose answers are written down, one list for each request. */
class Script implements Transport {
  readonly requests: Uint8Array[] = [];
  readonly #answers: Reply[][];
  #queue: Received[] = [];

  constructor(...answers: Reply[][]) {
    this.#answers = answers;
  }

  send(message: Uint8Array): void {
    this.requests.push(message.slice());
    const [{ sequence }] = readMessages(message);
    const replies = this.#answers.shift() ?? [];
    this.#queue.push(...replies.map((reply) => reply(sequence)));
  }

  receive(): Received {
    return this.#queue.shift() ?? "empty";
  }

  close(): void {}
}

const overrun: Reply = () => "overrun";

/** A reply of one message with 32-bit words as its body. */
function reply(
  type: number,
  words: number[] = [],
  { flags = 0, text = "", from = 0 } = {},
): Reply {
  return (sequence) => {
    const writer = new MessageWriter(type);
    for (const word of words) writer.u32(word);
    if (text) writer.attributeText(1, text);
    return writer.finish(flags, (from || sequence) >>> 0).slice();
  };
}

function joined(...replies: Reply[]): Reply {
  return (sequence) => {
    const parts = replies.flatMap((one) => [...one(sequence) as Uint8Array]);
    return Uint8Array.from(parts);
  };
}

const ack = reply(ERROR, [0, 0, 0, 0, 0]);
const done = reply(DONE, [0]);
const item = (n: number) => reply(16, [n]);
const what = "Cannot do it";
const change = (...replies: Reply[]) => {
  const script = new Script(replies);
  new Exchange(script).change(new MessageWriter(RTM_NEWADDR), what);
  return script;
};
const dump = (...answers: Reply[][]) => {
  const script = new Script(...answers);
  const exchange = new Exchange(script);
  const found = exchange.dump(new MessageWriter(RTM_GETLINK), what);
  return { script, found: found.map(({ body }) => body[0]) };
};

test("a change ends with its acknowledgement", () => {
  const { requests } = change(ack);
  assert.equal(requests.length, 1);
  assert.equal(requests[0][6], 0x5); // NLM_F_REQUEST, NLM_F_ACK
});

test("a dump is gathered from all its parts", () => {
  const { found } = dump([joined(item(1), item(2)), item(3), done]);
  assert.deepEqual(found, [1, 2, 3]);
});

test("answers to other requests are passed over", () => {
  const other = { from: 0xabcdef };
  const { found } = dump([
    reply(16, [9], other),
    reply(ERROR, [-1], other),
    joined(item(1), reply(DONE, [0], other)),
    item(2),
    done,
  ]);
  assert.deepEqual(found, [1, 2]);
});

test("a list that changed while it was read is read again", () => {
  const { script, found } = dump(
    [reply(16, [1], { flags: INTERRUPTED }), item(2), done],
    [item(1), reply(DONE, [0], { flags: INTERRUPTED })],
    [item(1), item(2), item(3), done],
  );
  assert.deepEqual(found, [1, 2, 3]);
  assert.equal(script.requests.length, 3);
  const sequences = script.requests.map((bytes) => bytes[8]);
  assert.deepEqual(sequences, [1, 2, 3]);
});

test("a list that never stops changing is given up", () => {
  const changing = [reply(DONE, [0], { flags: INTERRUPTED })];
  assert.throws(
    () => dump(...Array.from({ length: 99 }, () => changing)),
    failure("SystemCallError", "EAGAIN", /changed while it was read, 16/),
  );
});

test("a list of which something was lost is read again", () => {
  const { script, found } = dump(
    [item(1), overrun, item(3), done],
    [item(1), reply(4), done],
    [item(1), overrun],
    [],
    [item(1), item(2), item(3), done],
  );
  assert.deepEqual(found, [1, 2, 3]);
  assert.equal(script.requests.length, 5);
});

test("an acknowledgement counts though something else was lost", () => {
  change(overrun, ack);
});

test("a change whose acknowledgement was lost is not asked for again", () => {
  const script = new Script([overrun], [ack]);
  const exchange = new Exchange(script);
  assert.throws(
    () => exchange.change(new MessageWriter(RTM_NEWADDR), what),
    failure("SystemCallError", "ENOBUFS", /the kernel's answer was lost/),
  );
  assert.equal(script.requests.length, 1);
});

test("an error carries the kernel's number, request and text", () => {
  const header = [20, 0, 0, 0];
  const flags = CAPPED | TEXT;
  assert.throws(
    () => change(reply(ERROR, [-17, ...header], { flags, text: "Already" })),
    (error) => {
      assert.ok(error instanceof SystemCallError);
      assert.equal(error.code, "EEXIST");
      assert.equal(error.syscall, "RTM_NEWADDR");
      assert.equal(
        error.message,
        "Cannot do it: Already (EEXIST, RTM_NEWADDR)",
      );
      return true;
    },
  );
  // Uncapped, the whole request stands before the text, 24 bytes of it here.
  const words = [-22, 24, 0, 0, 0, 0xffff, 0xffff];
  assert.throws(
    () => change(reply(ERROR, words, { flags: TEXT, text: "Bad" })),
    failure("SystemCallError", "EINVAL", /^Cannot do it: Bad \(/),
  );
  assert.throws(
    () => change(reply(ERROR, [-22, ...header])),
    failure("SystemCallError", "EINVAL", /: Invalid argument \(EINVAL/),
  );
});

test("an error at the end of a dump is told", () => {
  const end = reply(DONE, [-2], { flags: TEXT, text: "No such table" });
  assert.throws(
    () => dump([item(1), end]),
    failure("SystemCallError", "ENOENT", /: No such table \(ENOENT/),
  );
});

test("without privilege the error says what would help", () => {
  assert.throws(() => change(reply(ERROR, [-1, 0, 0, 0, 0])), (error) => {
    assert.ok(error instanceof PermissionError);
    assert.match(error.remedy, /CAP_NET_ADMIN/);
    return error.code === "EPERM";
  });
});

test("what is left of a broken answer is not taken for the next", () => {
  const broken: Reply = () => new Uint8Array([1, 2, 3]);
  const script = new Script([broken, item(9), item(9), done], [item(1), done]);
  const exchange = new Exchange(script);
  const request = () => new MessageWriter(RTM_GETLINK);
  assert.throws(() => exchange.dump(request(), what), RangeError);
  assert.equal(script.receive(), "empty");
  assert.equal(exchange.dump(request(), what).length, 1);
});

test("a lying offset of the kernel's text is refused", () => {
  const words = [-22, 0xfffffff0, 0, 0, 0];
  assert.throws(
    () => change(reply(ERROR, words, { flags: TEXT })),
    failure("SystemCallError", "EINVAL", /Invalid argument/),
  );
  assert.throws(() => change(reply(ERROR, [])), RangeError);
});
