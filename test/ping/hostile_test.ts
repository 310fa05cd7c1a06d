/**
 * Hosts that answer badly: one run pings all of them at once, for each IP
 * version over each kind of socket, and each host is looked at by itself.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildIcmpEcho, buildIp } from "../../src/packet/mod.ts";
import type { PingEvent } from "../../src/ping/mod.ts";
import { icmpNamespace, skipTun as skip } from "../lab/icmp_namespace.ts";
import {
  type Answer,
  type EchoRequest,
  hostAddress,
  IcmpResponder,
} from "../lab/icmp_responder.ts";
import {
  collect,
  countsOf,
  families,
  noCounts,
  ofType,
  transports,
} from "./_events.ts";

const timeout = 400;
const router = { 4: "10.66.0.254", 6: "fd66::fe" } as const;
const stranger = { 4: "10.66.0.253", 6: "fd66::fd" } as const;

type Lane = { family: 4 | 6; transport: "dgram" | "raw" };
type Counts = Partial<typeof noCounts>;

interface Host {
  /** A sentence about "a host that". */
  readonly name: string;
  readonly answer: Answer;
  /** Types of its events after `sent`, in order. */
  readonly events: readonly PingEvent["type"][];
  readonly counts: Counts;
  /** The reason of an `unexpected` event, on these lanes. */
  readonly unexpected?: { reason: string; raw?: true; from?: "stranger" };
  readonly applies?: (lane: Lane) => boolean;
  readonly check?: (events: PingEvent[], lane: Lane) => void;
}

const received = { sent: 1, received: 1 };
const lost = { sent: 1, lost: 1 };

/** An ICMP error by IP version, and what must be told of it. */
function errorHost(
  name: string,
  kinds: Partial<Record<4 | 6, [type: number, code: number, text: string]>>,
  mtu?: number,
): Host {
  return {
    name: `reports '${name}' is an icmpError`,
    answer: (request, network) => {
      const [type, code] = kinds[request.family]!;
      network.error(request, { from: router[request.family], type, code, mtu });
    },
    events: ["icmpError"],
    counts: { ...lost, errors: 1 },
    applies: ({ family, transport }) =>
      kinds[family] !== undefined &&
      // Without DF nothing needs to fragment: Linux does not tell such sockets.
      !(mtu && family === 4 && transport === "dgram"),
    check: (events, { family }) => {
      const [type, code, text] = kinds[family]!;
      const [error] = ofType(events, "icmpError");
      assert.deepEqual(error.icmp, { type, code, name: text });
      assert.equal(error.from, router[family]);
      assert.equal(error.mtu, mtu);
      assert.equal("mtu" in error, mtu !== undefined);
      assert.equal(error.seq, 1);
    },
  };
}

/** The request with other bytes in its ICMP message. */
function quoteWith(
  request: EchoRequest,
  fields: { sequence?: number; payload?: Uint8Array; destination?: string },
): Uint8Array {
  const { source, destination, family } = { ...request, ...fields };
  const payload = buildIcmpEcho({
    type: "request",
    identifier: request.identifier,
    sequence: fields.sequence ?? request.sequence,
    payload: fields.payload ?? request.payload,
    source,
    destination,
  });
  return buildIp({
    source,
    destination,
    protocol: family === 4 ? 1 : 58,
    payload,
  });
}

const flipped = (bytes: Uint8Array, at: number) =>
  bytes.map((byte, i) => i === at ? byte ^ 1 : byte);

const hosts: readonly Host[] = [
  {
    name: "answers well is a reply, with what it arrived with",
    answer: (request, network) => network.reply(request, { hopLimit: 57 }),
    events: ["reply"],
    counts: received,
    check: (events) => {
      const [{ ttl, size, stamp, rtt, seq }] = ofType(events, "reply");
      assert.deepEqual({ ttl, size, stamp, seq }, {
        ttl: 57,
        size: 64,
        stamp: "kernel",
        seq: 1,
      });
      assert.ok(rtt > 0 && rtt < timeout);
    },
  },
  {
    name: "takes 60 ms is a reply after 60 ms",
    answer: (request, network) => network.reply(request, { delay: 60 }),
    events: ["reply"],
    counts: received,
    check: (events) => {
      const [{ rtt }] = ofType(events, "reply");
      assert.ok(rtt >= 59 && rtt < timeout, `${rtt} ms`);
    },
  },
  {
    name: "answers three times is one reply and two duplicates",
    answer: (request, network) => {
      for (const delay of [0, 0, 30]) network.reply(request, { delay });
    },
    events: ["reply", "duplicate", "duplicate"],
    counts: { ...received, duplicates: 2 },
    check: (events) => {
      const [, last] = ofType(events, "duplicate");
      assert.ok(last.rtt >= 29, `${last.rtt} ms`);
    },
  },
  {
    name: "does not answer is a timeout",
    answer: () => {},
    events: ["timeout"],
    counts: lost,
    check: (events) => {
      const [event] = ofType(events, "timeout");
      const [sent] = ofType(events, "sent");
      assert.equal(event.timeout, timeout);
      const waited = event.time - sent.time;
      assert.ok(waited >= timeout - 1 && waited < timeout + 300, `${waited}`);
    },
  },
  {
    name: "answers too late is a timeout, then late, and stays lost",
    answer: (request, network) =>
      network.reply(request, { delay: timeout + 50 }),
    events: ["timeout", "late"],
    counts: { ...lost, late: 1 },
    check: (events) => {
      const [{ rtt }] = ofType(events, "late");
      assert.ok(rtt > timeout, `${rtt} ms`);
    },
  },
  {
    name: "answers too late twice is late twice",
    answer: (request, network) => {
      for (const delay of [timeout + 40, timeout + 50]) {
        network.reply(request, { delay });
      }
    },
    events: ["timeout", "late", "late"],
    counts: { ...lost, late: 2 },
  },
  {
    name: "changes the payload is unexpected",
    answer: (request, network) =>
      network.reply(request, { payload: flipped(request.payload, 55) }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "payload" },
  },
  {
    name: "changes the first byte behind the nonce is unexpected",
    answer: (request, network) =>
      network.reply(request, { payload: flipped(request.payload, 8) }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "payload" },
  },
  {
    name: "answers with less than was sent is unexpected",
    answer: (request, network) =>
      network.reply(request, { payload: request.payload.subarray(0, 40) }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "payload" },
  },
  {
    name: "answers with more than was sent is unexpected",
    answer: (request, network) => {
      const payload = new Uint8Array(72);
      payload.set(request.payload);
      network.reply(request, { payload });
    },
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "payload" },
  },
  {
    name: "answers with far more than was sent is unexpected",
    answer: (request, network) => {
      const payload = new Uint8Array(1000);
      payload.set(request.payload);
      network.reply(request, { payload });
    },
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "truncated" },
  },
  {
    name: "does not know the nonce is unexpected",
    answer: (request, network) =>
      network.reply(request, { payload: flipped(request.payload, 7) }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "nonce" },
  },
  {
    name: "answers from another address is unexpected",
    answer: (request, network) =>
      network.reply(request, { source: stranger[request.family] }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "source", from: "stranger" },
  },
  {
    name: "answers with a sequence never sent is unexpected",
    answer: (request, network) =>
      network.reply(request, { sequence: request.sequence + 1000 }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "sequence" },
  },
  {
    name: "answers somebody else is not told, or unexpected",
    answer: (request, network) =>
      network.reply(request, { identifier: request.identifier ^ 1 }),
    events: ["timeout"],
    counts: lost,
    unexpected: { reason: "identifier", raw: true },
  },
  {
    name: "answers with a wrong checksum is not believed",
    answer: (request, network) => network.reply(request, { badChecksum: true }),
    events: ["timeout"],
    counts: lost,
    // The kernel looks at the others itself.
    unexpected: { reason: "checksum", raw: true },
  },
  {
    name: "answers with less than a header is not told",
    answer: (request, network) => network.reply(request, { cut: 6 }),
    events: ["timeout"],
    counts: lost,
  },
  {
    name: "is forged first is still a reply when the genuine one comes",
    answer: (request, network) => {
      network.reply(request, { payload: new Uint8Array(56) });
      network.reply(request, { delay: 30 });
    },
    events: ["reply"],
    counts: received,
    unexpected: { reason: "nonce" },
  },
  errorHost("host unreachable", {
    4: [3, 1, "host unreachable"],
    6: [1, 3, "address unreachable"],
  }),
  errorHost("network unreachable", {
    4: [3, 0, "network unreachable"],
    6: [1, 0, "no route to destination"],
  }),
  errorHost("prohibited", {
    4: [3, 13, "communication administratively prohibited"],
    6: [1, 1, "communication administratively prohibited"],
  }),
  errorHost("port unreachable", {
    4: [3, 3, "port unreachable"],
    6: [1, 4, "port unreachable"],
  }),
  errorHost("time exceeded", {
    4: [11, 0, "ttl exceeded in transit"],
    6: [3, 0, "hop limit exceeded in transit"],
  }),
  errorHost("reassembly time exceeded", {
    6: [3, 1, "fragment reassembly time exceeded"],
  }),
  errorHost("parameter problem", {
    4: [12, 0, "parameter problem"],
    6: [4, 0, "erroneous header field"],
  }),
  errorHost("too big", {
    4: [3, 4, "fragmentation needed"],
    6: [2, 0, "packet too big"],
  }, 1280),
  {
    name: "is reported twice counts two errors and one loss",
    answer: (request, network) => {
      const { family } = request;
      const [type, code] = family === 4 ? [3, 1] : [1, 3];
      network.error(request, { from: router[family], type, code });
      network.error(request, { from: stranger[family], type, code });
    },
    events: ["icmpError", "icmpError"],
    counts: { ...lost, errors: 2 },
    check: (events, { family }) =>
      assert.deepEqual(ofType(events, "icmpError").map(({ from }) => from), [
        router[family],
        stranger[family],
      ]),
  },
  {
    name: "is reported unreachable and answers all the same is late",
    answer: (request, network) => {
      const { family } = request;
      const [type, code] = family === 4 ? [3, 1] : [1, 3];
      network.error(request, { from: router[family], type, code });
      network.reply(request, { delay: timeout / 2 });
    },
    events: ["icmpError", "late"],
    counts: { ...lost, errors: 1, late: 1 },
  },
  {
    name: "answers and is reported unreachable later stays received",
    answer: (request, network) => {
      const { family } = request;
      const [type, code] = family === 4 ? [3, 1] : [1, 3];
      network.reply(request);
      network.error(request, {
        from: router[family],
        type,
        code,
        delay: timeout / 2,
      });
    },
    events: ["reply", "icmpError"],
    counts: { ...received, errors: 1 },
  },
  {
    name: "is reported by an error that quotes the header only is an icmpError",
    answer: (request, network) => {
      const { family, packet } = request;
      const [type, code] = family === 4 ? [11, 0] : [3, 0];
      const quote = packet.bytes.subarray(0, (family === 4 ? 20 : 40) + 8);
      network.error(request, { from: router[family], type, code, quote });
    },
    events: ["icmpError"],
    counts: { ...lost, errors: 1 },
  },
  {
    name: "is reported by an error that quotes another nonce is not believed",
    answer: (request, network) => {
      const { family } = request;
      const [type, code] = family === 4 ? [3, 1] : [1, 3];
      const quote = quoteWith(request, { payload: new Uint8Array(56) });
      network.error(request, { from: router[family], type, code, quote });
      network.reply(request, { delay: 30 });
    },
    events: ["reply"],
    counts: received,
  },
  {
    name: "is reported by an error about another address is not believed",
    answer: (request, network) => {
      const { family } = request;
      const [type, code] = family === 4 ? [3, 1] : [1, 3];
      const quote = quoteWith(request, { destination: stranger[family] });
      network.error(request, { from: router[family], type, code, quote });
      network.reply(request, { delay: 30 });
    },
    events: ["reply"],
    counts: received,
  },
  {
    name: "is reported by an error about a sequence never sent is not believed",
    answer: (request, network) => {
      const { family } = request;
      const [type, code] = family === 4 ? [3, 1] : [1, 3];
      const quote = quoteWith(request, { sequence: 60_000 });
      network.error(request, { from: router[family], type, code, quote });
      network.reply(request, { delay: 30 });
    },
    events: ["reply"],
    counts: received,
  },
  {
    name: "is better reached another way tells so, and is not lost",
    applies: ({ family, transport }) => family === 4 && transport === "dgram",
    answer: (request, network) => {
      const gateway = stranger[4];
      network.error(request, { from: router[4], type: 5, code: 1, gateway });
      network.reply(request, { delay: 30 });
    },
    events: ["icmpError", "reply"],
    counts: { ...received, errors: 1 },
    check: (events) =>
      assert.equal(
        ofType(events, "icmpError")[0].icmp.name,
        "redirect for host",
      ),
  },
  {
    name: "asks us in turn is not mistaken for one that answers",
    answer: (request, network) => {
      const { family } = request;
      network.message(family, request.destination, family === 4 ? 8 : 128);
      network.reply(request, { delay: 30 });
    },
    events: ["reply"],
    counts: received,
  },
];

interface Outcome {
  readonly events: PingEvent[];
  readonly requests: readonly EchoRequest[];
}

/** A host that never answers, as long as whose timeout late replies are told. */
const last = 250;

/** Pings all hosts once; host i has number i + 2. */
async function pingAll(lane: Lane): Promise<Outcome> {
  const { family, transport } = lane;
  using netns = icmpNamespace(transport);
  await using network = await IcmpResponder.open({
    netns: netns.fd,
    answer: (request, network) =>
      hosts[request.host - 2]?.answer(request, network),
  });
  async function* targets() {
    for (const [i, { applies }] of hosts.entries()) {
      if (!applies || applies(lane)) yield hostAddress(family, i + 2);
    }
    await sleep(timeout);
    yield hostAddress(family, last);
  }
  const events = await collect(targets(), {
    count: 1,
    timeout,
    netns: netns.fd,
  });
  return { events, requests: network.requests };
}

for (const family of families) {
  for (const transport of transports) {
    const lane = { family, transport };
    const where = `IPv${family} ${transport}`;
    let running: Promise<Outcome> | undefined;
    const outcome = () => running ??= pingAll(lane);

    hosts.forEach((host, i) => {
      if (host.applies && !host.applies(lane)) return;
      test(`${where}: a host that ${host.name}`, { skip }, async () => {
        const { events, requests } = await outcome();
        const target = hostAddress(family, i + 2);
        const own = events.filter((event) =>
          "target" in event && event.target === target
        );
        const types = own.map(({ type }) => type);
        assert.deepEqual(types, [
          ...["resolved", "sent"],
          ...host.events,
          "summary",
        ]);
        const [resolved] = ofType(own, "resolved");
        assert.equal(resolved.transport, transport);
        assert.equal(resolved.family, family);
        const request = requests.find((each) => each.destination === target)!;
        assert.equal(request.identifier, resolved.identifier);
        assert.equal(request.payload.length, 56);
        assert.ok(request.packet.verifyChecksums());
        host.check?.(own, lane);

        const [summary] = ofType(own, "summary");
        assert.deepEqual(countsOf(summary), { ...noCounts, ...host.counts });
        const { received = 0, lost = 0 } = host.counts;
        assert.equal(summary.loss, lost / (lost + received));
        assert.equal(summary.rtt === null, received === 0);

        const { unexpected } = host;
        const from = unexpected?.from ? stranger[family] : target;
        const foreign = ofType(events, "unexpected").filter((event) =>
          event.from === from
        ).map(({ reason }) => reason);
        const isTold = unexpected && (!unexpected.raw || transport === "raw") &&
          !(unexpected.reason === "checksum" && family === 6);
        assert.deepEqual(foreign, isTold ? [unexpected.reason] : []);
      });
    });

    test(`${where}: among hostile hosts every probe has its own sequence`, {
      skip,
    }, async () => {
      const { requests, events } = await outcome();
      const sequences = requests.map(({ sequence }) => sequence);
      assert.equal(new Set(sequences).size, sequences.length);
      const here = hosts.filter(({ applies }) => !applies || applies(lane));
      assert.equal(sequences.length, here.length + 1);
      const nonces = requests.map(({ payload }) =>
        payload.subarray(0, 8).join()
      );
      assert.equal(new Set(nonces).size, nonces.length);
      assert.ok(!ofType(events, "sendError").length);
    });

    test(
      `${where}: replies out of order are each their own probe's`,
      { skip },
      async () => {
        using netns = icmpNamespace(transport);
        const held: EchoRequest[] = [];
        await using _network = await IcmpResponder.open({
          netns: netns.fd,
          answer: (request, network) => {
            if (held.push(request) < 4) return;
            for (const each of held.splice(0).reverse()) network.reply(each);
          },
        });
        const target = hostAddress(family, 2);
        const events = await collect(target, {
          count: 4,
          interval: 20,
          timeout: 1000,
          netns: netns.fd,
        });
        const replies = ofType(events, "reply");
        assert.deepEqual(replies.map(({ seq }) => seq), [4, 3, 2, 1]);
        const rtts = replies.map(({ rtt }) => rtt);
        assert.deepEqual([...rtts].sort((a, b) => a - b), rtts);
        const sent = ofType(events, "sent");
        for (const { seq, time, rtt } of replies) {
          assert.ok(Math.abs(time - sent[seq - 1].time - rtt) < 0.01);
        }
        assert.equal(events.at(-1)?.type, "summary");
      },
    );
  }
}
