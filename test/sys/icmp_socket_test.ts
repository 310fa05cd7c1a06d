import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressToBytes,
  type Family,
  ICMP,
  ICMPv6,
} from "../../src/packet/mod.ts";
import {
  Clock,
  IcmpSocket,
  type IcmpSocketOptions,
} from "../../src/sys/mod.ts";
import { lacks } from "../_support/lacks.ts";
import {
  allowEverybody,
  getSysctl,
  icmpNamespace,
  skip,
  skipTun,
  type Transport,
} from "../lab/icmp_namespace.ts";
import { hostAddress, IcmpResponder } from "../lab/icmp_responder.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { errorOf, runCode, withoutPrivilege } from "./_child.ts";

const loopback = { 4: "127.0.0.1", 6: "::1" } as const;
const lanes = ([4, 6] as const).flatMap((family) =>
  (["dgram", "raw"] as const).map((transport) => ({ family, transport }))
);

/** Lays echo request `i` out; its payload is `i`, over and over. */
function layOut(socket: IcmpSocket, i: number, to: string, sequence = i): void {
  const at = socket.outputAt(i), out = socket.output;
  out.fill(i, at, at + socket.messageSize);
  out[at] = socket.family === 4 ? 8 : 128;
  out.fill(0, at + 1, at + 6);
  out[at + 6] = sequence >> 8;
  out[at + 7] = sequence;
  socket.address(i, addressToBytes(to), 0, socket.messageSize);
}

interface Received {
  readonly icmp: ICMP | ICMPv6;
  readonly source: string;
  readonly hopLimit: number | undefined;
  readonly stamp: number | undefined;
}

/** What comes within a second, until there are `count`. */
async function receive(
  socket: IcmpSocket,
  count: number,
  clock = new Clock(),
): Promise<Received[]> {
  const found: Received[] = [];
  const signal = AbortSignal.timeout(1000);
  while (found.length < count) {
    await socket.readable(signal);
    const some = socket.receive();
    for (let i = 0; i < some; i++) {
      const bytes = socket.input.slice(socket.inputAt(i), socket.inputEnd(i));
      found.push({
        icmp: (socket.family === 4 ? ICMP : ICMPv6).parse(bytes)!,
        source: socket.source(i),
        hopLimit: socket.hopLimit(i),
        stamp: socket.stamp(i, clock),
      });
    }
  }
  return found;
}

/** Linux 6.18 counts twice what a raw socket has no room for. */
function assertDropped({ overflow, transport }: IcmpSocket, count: number) {
  const most = transport === "raw" ? 2 * count : count;
  assert.ok(overflow >= count && overflow <= most, `${overflow} of ${count}`);
}

function lab(
  family: Family,
  transport: Transport,
  options: Partial<IcmpSocketOptions> = {},
) {
  const netns = icmpNamespace(transport);
  const open = () =>
    IcmpSocket.open({ family, messageSize: 64, netns: netns.fd, ...options });
  const socket = open();
  return {
    netns,
    open,
    socket,
    [Symbol.dispose]() {
      socket.close();
      netns[Symbol.dispose]();
    },
  };
}

test(
  "the kind of socket is the unprivileged where the range allows it, else raw",
  { skip },
  () => {
    using netns = icmpNamespace("raw");
    const open = () =>
      ([4, 6] as const).map((family) => {
        using socket = IcmpSocket.open({
          family,
          messageSize: 64,
          netns: netns.fd,
        });
        return socket.transport;
      });
    assert.deepEqual(open(), ["raw", "raw"]);
    allowEverybody(netns.fd);
    assert.deepEqual(open(), ["dgram", "dgram"]);
  },
);

for (const { family, transport } of lanes) {
  const where = `ICMP${family === 6 ? "v6" : ""} ${transport}`;
  const host = loopback[family];

  test(
    `${where}: a batch goes out and its replies come in`,
    { skip },
    async () => {
      await leavesNothing([], async () => {
        using within = lab(family, transport);
        const { socket } = within;
        assert.equal(socket.transport, transport);
        const clock = new Clock();
        const before = clock.real();
        for (let i = 0; i < 20; i++) layOut(socket, i, host);
        assert.equal(socket.send(0, 10), 10);
        assert.equal(socket.send(10, 20), 10);
        const replies = await receive(socket, 20, clock);
        const after = clock.real();
        let last = before;
        for (
          const [i, { icmp, source, hopLimit, stamp }] of replies.entries()
        ) {
          assert.ok(icmp.isEchoReply);
          assert.equal(icmp.sequence, i);
          assert.equal(icmp.identifier, socket.identifier);
          assert.deepEqual(icmp.payload, new Uint8Array(56).fill(i));
          assert.equal(source, host);
          assert.equal(hopLimit, 64);
          // The kernel's own stamp, between what was read before and after.
          assert.ok(stamp! >= last - 0.001 && stamp! <= after, `${stamp}`);
          last = stamp!;
        }
        assert.equal(socket.receive(), 0);
        assert.deepEqual(socket.errors(), []);
      });
    },
  );

  test(`${where}: two sockets have two identifiers and their own replies`, {
    skip,
  }, async () => {
    using within = lab(family, transport);
    const { socket } = within;
    using other = within.open();
    assert.notEqual(other.identifier, socket.identifier);
    layOut(socket, 0, host, 1000);
    layOut(other, 0, host, 2000);
    assert.equal(socket.send(0, 1), 1);
    assert.equal(other.send(0, 1), 1);
    // A raw socket gets everybody's, and can tell them apart.
    const both = transport === "raw" ? 2 : 1;
    for (const [each, sequence] of [[socket, 1000], [other, 2000]] as const) {
      const replies = await receive(each, both);
      const own = replies.filter(({ icmp }) =>
        icmp.identifier === each.identifier
      );
      assert.deepEqual(own.map(({ icmp }) => icmp.sequence), [sequence]);
    }
  });

  test(
    `${where}: what is sent is a right echo request with the asked hop limit`,
    { skip: skipTun },
    async () => {
      using netns = icmpNamespace(transport);
      await using network = await IcmpResponder.open({ netns: netns.fd });
      for (const ttl of [undefined, 1, 255]) {
        using socket = IcmpSocket.open({
          family,
          messageSize: 64,
          ttl,
          netns: netns.fd,
        });
        layOut(socket, 0, hostAddress(family, 2), 7);
        assert.equal(socket.send(0, 1), 1);
        await receive(socket, 1);
        const request = network.requests.at(-1)!;
        assert.equal(request.hopLimit, ttl ?? 64);
        assert.equal(request.identifier, socket.identifier);
        assert.equal(request.sequence, 7);
        assert.equal(request.payload.length, 56);
        assert.ok(request.packet.verifyChecksums());
      }
    },
  );

  test(`${where}: an ICMP error is told with whom, by whom and about what`, {
    skip: skipTun,
  }, async () => {
    using netns = icmpNamespace(transport);
    const [type, code] = family === 4 ? [3, 1] : [1, 3];
    const router = hostAddress(family, 99);
    await using _network = await IcmpResponder.open({
      netns: netns.fd,
      answer: (request, network) =>
        request.host === 2
          ? network.error(request, { from: router, type, code })
          : network.reply(request),
    });
    using socket = IcmpSocket.open({
      family,
      messageSize: 64,
      netns: netns.fd,
    });
    layOut(socket, 0, hostAddress(family, 2), 7);
    assert.equal(socket.send(0, 1), 1);
    await socket.readable(AbortSignal.timeout(1000));
    assert.equal(socket.receive(), 0);
    const [error, ...more] = socket.errors();
    assert.deepEqual(more, []);
    const { message, ...rest } = error;
    assert.deepEqual(rest, {
      destination: hostAddress(family, 2),
      from: router,
      type,
      code,
      errno: 113,
      info: 0,
    });
    assert.equal(message[0], family === 4 ? 8 : 128);
    assert.equal(message[4] << 8 | message[5], socket.identifier);
    assert.equal(message[7], 7);
    // The socket is as good as before.
    layOut(socket, 0, hostAddress(family, 3));
    assert.equal(socket.send(0, 1), 1);
    assert.equal((await receive(socket, 1)).length, 1);
  });

  test(
    `${where}: what the buffer has no room for is counted`,
    { skip },
    async () => {
      using within = lab(family, transport, { bufferSize: 4096 });
      const { socket } = within;
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < 64; i++) layOut(socket, i, host);
        for (let at = 0; at < 64;) {
          at += socket.send(at, 64);
        }
      }
      let kept = 0;
      for (let some; (some = socket.receive()) > 0;) kept += some;
      assert.ok(kept > 0 && kept < 256, `${kept} kept`);
      assertDropped(socket, 256 - kept);
      layOut(socket, 0, host);
      socket.send(0, 1);
      await receive(socket, 1);
      assertDropped(socket, 256 - kept);
    },
  );

  test(
    `${where}: its buffers hold a burst of 4000 replies`,
    { skip },
    async () => {
      using within = lab(family, transport);
      const { socket } = within;
      let sent = 0;
      while (sent < 4000) {
        for (let i = 0; i < 64; i++) layOut(socket, i, host);
        sent += socket.send(0, 64);
      }
      const replies = await receive(socket, sent);
      assert.equal(replies.length, sent);
      assert.equal(socket.overflow, 0);
    },
  );

  test(`${where}: a closed socket refuses`, { skip }, () => {
    const within = lab(family, transport);
    within[Symbol.dispose]();
    const { socket } = within;
    layOut(socket, 0, host);
    assert.throws(() => socket.send(0, 1), {
      code: "EBADF",
      syscall: "sendmmsg",
    });
    assert.throws(() => socket.receive(), {
      code: "EBADF",
      syscall: "recvmmsg",
    });
    assert.throws(() => socket.errors(), { code: "EBADF" });
  });
}

for (const family of [4, 6] as const) {
  test(
    `IPv${family}: where neither kind is allowed it says all that would help`,
    {
      skip: skip || lacks("setpriv"),
    },
    () => {
      using netns = icmpNamespace("raw");
      // Nobody's: "1 0", which a user namespace without group 1 shows otherwise.
      const range = getSysctl(netns.fd, "ipv4/ping_group_range");
      const code = errorOf(
        "src/sys/mod",
        "IcmpSocket",
        `IcmpSocket.open({ family: ${family}, messageSize: 64 })`,
      );
      const error = runCode(code, {
        netns: netns.fd,
        wrapper: withoutPrivilege,
      });
      assert.equal(error.name, "PermissionError");
      assert.equal(error.syscall, "socket");
      assert.equal(error.code, "EPERM");
      assert.equal(
        error.message,
        `Cannot open an ICMP${family === 6 ? "v6" : ""} socket: ` +
          `Operation not permitted (EPERM, socket); ${error.remedy}`,
      );
      assert.match(
        error.remedy,
        /let group 0 ping with sysctl net\.ipv4\.ping_group_range="0 0"/,
      );
      assert.ok(error.remedy.includes(`(now "${range.replace(/\s+/, " ")}")`));
      assert.match(error.remedy, /CAP_NET_RAW or run as root/);
      assert.match(error.remedy, /unshare -Urn$/);
    },
  );
}

test("a clock's two times run at the same speed", async () => {
  const clock = new Clock();
  const real = clock.real(), monotonic = clock.monotonic();
  assert.ok(Math.abs(clock.epoch + real - Date.now()) < 50);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const elapsed = clock.monotonic() - monotonic;
  assert.ok(elapsed >= 49 && elapsed < 500, `${elapsed}`);
  assert.ok(Math.abs(clock.real() - real - elapsed) < 2);
  // A timespec's three words: seconds of 64 bits, nanoseconds.
  const second = clock.epoch / 1000;
  assert.equal(clock.realFrom(second % 2 ** 32, 0, 500_000), 0.5);
  assert.equal(clock.realFrom(second, 1, 0), 2 ** 32 * 1000);
});
