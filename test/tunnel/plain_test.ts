import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Batch } from "../../src/packet/mod.ts";
import { ping } from "../../src/ping/mod.ts";
import {
  type BatchStage,
  type Gear,
  openPlainTunnel,
  openUdp,
  type PlainTunnelOptions,
} from "../../src/tunnel/mod.ts";
import { eventually } from "../lab/eventually.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import {
  assertCarries,
  endOptions,
  inside,
  openPair,
  pingFrom,
} from "../lab/tunnel_pair.ts";
import { inLab, skip } from "../lab/two_namespaces.ts";
import makeStage, { type StageOptions } from "./_stage.ts";

const stageModule = new URL("./_stage", import.meta.url).href +
  import.meta.url.slice(import.meta.url.lastIndexOf("."));

/** The same stage, as each gear takes it. */
function stage(gear: Gear, options: StageOptions) {
  return gear === "worker"
    ? { module: stageModule, options }
    : makeStage(options);
}

for (const gear of ["worker", "async"] as const) {
  for (const outside of [4, 6] as const) {
    test(
      `the ${gear} gear carries pings over IPv${outside}, both ways, and leaves nothing`,
      { skip },
      () =>
        inLab(async (lab) => {
          await leavesNothing(lab.both, async () => {
            await using pair = await openPair(lab, { gear }, outside);
            await assertCarries(lab.left, inside.right);
            await assertCarries(lab.right, inside.left);
            await pair.left.stop();
            await pair.right[Symbol.asyncDispose]();
            await pair.left.closed;
            await pair.left.stop();
          });
        }),
    );
  }

  test(
    `the ${gear} gear counts what passes`,
    { skip },
    () =>
      inLab(async (lab) => {
        await using pair = await openPair(lab, { gear });
        const { left, right } = pair;
        await assertCarries(lab.left);
        for (const end of [left, right]) {
          // What it took from its system it gave to its peer, and vice versa.
          await eventually(
            () => [end.stats.udp.txPackets, end.stats.udp.txBytes],
            () => [end.stats.tun.rxPackets, end.stats.tun.rxBytes],
          );
          await eventually(
            () => [end.stats.tun.txPackets, end.stats.tun.txBytes],
            () => [end.stats.udp.rxPackets, end.stats.udp.rxBytes],
          );
          const { tun, udp } = end.stats;
          for (const passed of [tun, udp]) {
            // Five pings of 84 bytes, five of 104; IPv6 has more to say.
            assert.ok(passed.rxPackets >= 10, `${passed.rxPackets} packets`);
            assert.ok(passed.rxBytes >= 5 * 84 + 5 * 104);
            assert.ok(passed.txPackets >= 10, `${passed.txPackets} packets`);
          }
          const { rxTruncated, txTooBig } = udp;
          assert.deepEqual([rxTruncated, txTooBig, tun.txInvalid], [0, 0, 0]);
        }
        // The one that opened first may have spoken to nobody.
        const first = left.stats.udp, second = right.stats.udp;
        assert.ok(second.rxPackets <= first.txPackets);
        assert.equal(first.rxPackets, second.txPackets);
        await pair[Symbol.asyncDispose]();
        assert.ok(left.stats.tun.rxPackets >= 10, "they stay after the end");
      }),
  );

  test(
    `the ${gear} gear puts one bare packet into each datagram`,
    { skip },
    () =>
      inLab(async (lab) => {
        await using peer = await openUdp({
          local: `${lab.right.v4}:7001`,
          netns: lab.right.fd,
        });
        await using tunnel = await openPlainTunnel({
          ...endOptions(lab, "left"),
          gear,
        });
        const run = ping("10.7.0.9", {
          count: 3,
          interval: 1,
          netns: lab.left.fd,
        });
        const done = run.summary();
        let requests = 0;
        const signal = AbortSignal.timeout(5000);
        for await (const packet of peer.packets({ signal })) {
          if (packet.destination !== "10.7.0.9") continue;
          assert.deepEqual(
            [packet.source, packet.icmp?.isEchoRequest, packet.bytes.length],
            ["10.7.0.1", true, 84],
          );
          if (++requests === 3) break;
        }
        run.stop();
        await done;
        assert.equal(peer.malformed, 0);
        // The rest, such as what IPv6 says to its neighbours, is still to be read.
        const rest = new Batch({ capacity: 64, slotSize: 2000 });
        await eventually(() => {
          rest.clear();
          peer.read(rest);
          const { rxPackets, rxBytes } = peer.counters;
          return [rxPackets, rxBytes];
        }, () => [tunnel.stats.udp.txPackets, tunnel.stats.udp.txBytes]);
      }),
  );

  test(
    `a ${gear} server answers whoever sent last`,
    { skip },
    () =>
      inLab(async (lab) => {
        const { remote: _, ...options } = endOptions(lab, "left");
        await using server = await openPlainTunnel({ ...options, gear });
        assert.equal(server.link.remote, undefined);
        for (const port of [7001, 7002]) {
          await using _client = await openPlainTunnel({
            ...endOptions(lab, "right"),
            local: `${lab.right.v4}:${port}`,
            gear,
          });
          await assertCarries(lab.right, inside.left);
          await assertCarries(lab.left, inside.right);
        }
      }),
  );

  test(
    `stages of the ${gear} gear leave packets out and change them`,
    { skip },
    () =>
      inLab(async (lab) => {
        const options: Partial<PlainTunnelOptions> = {
          outbound: [stage(gear, {}), stage(gear, { drop: 4 })],
          inbound: [stage(gear, { hops: 7 })],
        };
        await using left = await openPlainTunnel({
          ...endOptions(lab, "left"),
          ...options,
          gear,
        });
        await using _right = await openPlainTunnel({
          ...endOptions(lab, "right"),
          gear,
        });
        const hops: (number | undefined)[] = [];
        for await (
          const event of ping(["10.7.0.2", "fd07::2"], {
            count: 3,
            interval: 10,
            timeout: 200,
            netns: lab.left.fd,
          })
        ) {
          if (event.type === "reply") hops.push(event.ttl);
        }
        assert.deepEqual(
          hops,
          [7, 7, 7],
          "of IPv6, with the hop limit changed",
        );
        const { stats } = left;
        assert.ok(stats.tun.rxPackets >= stats.udp.txPackets + 3);
      }),
  );

  test(
    `a stage of the ${gear} gear that fails ends the tunnel`,
    { skip },
    () =>
      inLab(async (lab) => {
        await leavesNothing(lab.both, async () => {
          await using tunnel = await openPlainTunnel({
            ...endOptions(lab, "left"),
            outbound: [stage(gear, { fail: "bad stage" })],
            gear,
          });
          const run = ping(inside.right.v4, { netns: lab.left.fd });
          const done = run.summary().catch(() => {});
          await assert.rejects(tunnel.closed, {
            name: "TunnelError",
            message: "Tunnel stopped: bad stage",
          });
          run.stop();
          await done;
        });
      }),
  );

  test(`without a peer the ${gear} gear lives on, and works when it comes`, {
    skip,
  }, () =>
    inLab(async (lab) => {
      await using left = await openPlainTunnel({
        ...endOptions(lab, "left"),
        gear,
      });
      for (let i = 0; i < 2; i++) {
        const lost = await ping(inside.right.v4, {
          count: 3,
          interval: 10,
          timeout: 50,
          netns: lab.left.fd,
        }).summary();
        assert.equal(lost.received, 0);
      }
      assert.ok(left.stats.udp.txRefused >= 1, "the port was closed");
      await using _right = await openPlainTunnel({
        ...endOptions(lab, "right"),
        gear,
      });
      await assertCarries(lab.left);
    }));

  test(
    `the ${gear} gear ends when its interface is removed`,
    { skip },
    () =>
      inLab(async (lab) => {
        for (const busy of [false, true]) {
          await leavesNothing(lab.both, async () => {
            await using pair = await openPair(lab, { gear });
            const run = ping(inside.right.v4, {
              interval: 0,
              netns: lab.left.fd,
            });
            const done = busy ? run.summary().catch(() => {}) : undefined;
            if (busy) await sleep(50);
            lab.left.netlink.removeLink("duct0");
            await assert.rejects(pair.left.closed, {
              name: "TunnelError",
              message: /^Tunnel stopped: .*'duct0': the interface was removed/,
            });
            run.stop();
            await done;
            await pair[Symbol.asyncDispose]();
          });
        }
      }),
  );

  test(`the ${gear} gear outlives an interface and a cable that are down`, {
    skip,
  }, () =>
    inLab(async (lab) => {
      await using _pair = await openPair(lab, { gear });
      for (const link of ["duct0", "cable"]) {
        for (const { netlink } of [lab.left, lab.right]) {
          netlink.setLink(link, { up: false });
          await ping(inside.right.v4, {
            count: 3,
            interval: 10,
            timeout: 50,
            netns: lab.left.fd,
          }).summary().catch(() => {});
          netlink.setLink(link, { up: true });
        }
      }
      // Its IPv6 addresses went with the interface. The cable takes a moment.
      let replies = 0;
      for (let i = 0; i < 20 && replies < 5; i++) {
        replies = (await pingFrom(lab.left, [inside.right.v4])).received;
      }
      assert.equal(replies, 5);
    }));

  test(
    `the ${gear} gear counts malformed datagrams and lives on`,
    { skip },
    () =>
      inLab(async (lab) => {
        const options = endOptions(lab, "left");
        await using tunnel = await openPlainTunnel({
          ...options,
          gear,
          mtu: 1280,
        });
        await using peer = await openUdp({
          local: `${lab.right.v4}:7001`,
          remote: `${lab.left.v4}:7001`,
          netns: lab.right.fd,
        });
        const random = Uint8Array.from({ length: 600 }, (_, i) => i * 37 % 251);
        random[0] = 0x99;
        const headers = [0x45, 0x4f, 0x60].map((first) =>
          Uint8Array.from({ length: 60 }, (_, i) => i === 0 ? first : 0xff)
        );
        await peer.sink()([
          new Uint8Array(0),
          new Uint8Array([0]),
          random,
          new Uint8Array([0x45]),
          ...headers,
          new Uint8Array(1281).fill(0x45),
          new Uint8Array(9000).fill(0x60),
        ]);
        await eventually(() => {
          const { rxPackets, rxTruncated } = tunnel.stats.udp;
          return [rxPackets, rxTruncated];
        }, () => [7, 2]);
        await eventually(
          () => tunnel.stats.tun.txInvalid + tunnel.stats.tun.txPackets,
          () => 7,
        );
        assert.ok(tunnel.stats.tun.txInvalid >= 3, "no IP version, or nothing");
        peer.close();
        await using _right = await openPlainTunnel({
          ...endOptions(lab, "right"),
          gear,
          mtu: 1280,
        });
        await assertCarries(lab.left);
      }),
  );

  test(
    `stopping the ${gear} gear amid traffic leaves nothing`,
    { skip },
    () =>
      inLab(async (lab) => {
        await leavesNothing(lab.both, async () => {
          await using pair = await openPair(lab, { gear });
          const run = ping([inside.right.v4, inside.right.v6], {
            interval: 0,
            netns: lab.left.fd,
          });
          const done = run.summary().catch(() => {});
          await eventually(
            () => pair.left.stats.tun.rxPackets > 10,
            () => true,
          );
          await pair[Symbol.asyncDispose]();
          await pair.left.closed;
          run.stop();
          await done;
        });
      }),
  );

  test(`a signal stops the ${gear} gear`, { skip }, () =>
    inLab(async (lab) => {
      await leavesNothing(lab.both, async () => {
        const stop = new AbortController();
        const { signal } = stop;
        await using pair = await openPair(lab, { gear, signal });
        await assertCarries(lab.left);
        stop.abort();
        await pair.left.closed;
        await pair.right.closed;
      });
    }));

  test(`an abort while the ${gear} gear opens gives up, whenever it comes`, {
    skip,
  }, () =>
    inLab(async (lab) => {
      const options = { ...endOptions(lab, "left"), gear };
      await leavesNothing(lab.both, async () => {
        await assert.rejects(
          openPlainTunnel({ ...options, signal: AbortSignal.abort() }),
          { name: "AbortError" },
        );
        for (const delay of [0, 1, 10, 30, 60]) {
          const stop = new AbortController();
          const opening = openPlainTunnel({ ...options, signal: stop.signal });
          setTimeout(() => stop.abort(), delay);
          try {
            await (await opening).closed;
          } catch (error) {
            assert.equal((error as Error).name, "AbortError");
          }
        }
        const stop = new AbortController();
        const opening = openPlainTunnel({ ...options, signal: stop.signal });
        stop.abort();
        await assert.rejects(opening, { name: "AbortError" });
      });
    }));

  test(
    `what cannot be opened in the ${gear} gear leaves nothing`,
    { skip },
    () =>
      inLab(async (lab) => {
        await using _holder = await openPlainTunnel({
          ...endOptions(lab, "left"),
          gear,
        });
        const free = { ...endOptions(lab, "left"), name: "duct1", gear };
        const wrong = gear === "worker" ? makeStage() : { module: stageModule };
        const failures: [Partial<PlainTunnelOptions>, object][] = [
          [{ name: "duct0" }, { code: "EBUSY" }],
          [{ addresses: ["10.8.0.1"] }, { name: "TypeError" }],
          [{ addresses: ["10.8.0.1/24", "300.0.0.1/8"] }, {
            message: /300\.0\.0\.1/,
          }],
          [{ mtu: 67 }, { name: "RangeError" }],
          [{ mtu: 65_536 }, { name: "RangeError" }],
          [{}, { code: "EADDRINUSE", message: /192\.0\.2\.1:7001/ }],
          [{ remote: "[2001:db8::2]:7001" }, { name: "TypeError" }],
          [{ remote: "no-such-host.invalid:7001" }, { name: "ResolveError" }],
          [{ remote: "192.0.2.2" }, { name: "TypeError" }],
          [{ outbound: [wrong] }, { name: "TypeError", message: /as a stage/ }],
          [{ inbound: [wrong as BatchStage] }, { name: "TypeError" }],
          ...gear === "worker"
            ? [
              [{
                local: "192.0.2.1:0",
                outbound: [{ module: "file:///no/such/stage.js" }],
              }, { name: "TunnelError", message: /no\/such\/stage/ }],
              [{
                local: "192.0.2.1:0",
                inbound: [stage(gear, { failMaking: "no such stage" })],
              }, {
                name: "TunnelError",
                message: "Cannot start a tunnel: no such stage",
              }],
            ] as [Partial<PlainTunnelOptions>, object][]
            : [],
        ];
        await leavesNothing(lab.both, async () => {
          for (const [options, expected] of failures) {
            await assert.rejects(
              openPlainTunnel({ ...free, ...options }),
              expected,
            );
          }
        });
      }),
  );
}

test(
  "the link may be in another namespace than the device",
  { skip },
  () =>
    inLab(async (lab) => {
      // Both devices in the one, both links in the other: only a tunnel joins.
      await using _near = await openPlainTunnel({
        addresses: ["10.7.0.1/24", "fd07::1/64"],
        local: "127.0.0.1:7001",
        remote: "127.0.0.1:7002",
        netns: lab.left.fd,
        linkNetns: lab.right.fd,
      });
      await using far = await openUdp({
        local: "127.0.0.1:7002",
        remote: "127.0.0.1:7001",
        netns: lab.right.fd,
      });
      const run = ping("10.7.0.9", { count: 1, netns: lab.left.fd });
      const done = run.summary();
      for await (
        const packet of far.packets({ signal: AbortSignal.timeout(5000) })
      ) if (packet.destination === "10.7.0.9") break;
      run.stop();
      await done;
    }),
);
