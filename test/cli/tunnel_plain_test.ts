import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Netlink } from "../../src/sys/mod.ts";
import { openUdp } from "../../src/tunnel/mod.ts";
import { lacks } from "../_support/lacks.ts";
import {
  asNobody,
  bounded,
  echoduct,
  noNobody,
  run,
  type Running,
  start,
} from "../lab/command.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { assertCarries, inside } from "../lab/tunnel_pair.ts";
import { inLab, skip, type TwoNamespaces } from "../lab/two_namespaces.ts";

const warning =
  "echoduct: plain mode: nothing is encrypted and nobody is authenticated\n";

/** Words of one end's command. */
function endWords(end: "left" | "right", outside: 4 | 6 = 4): string[] {
  const [own, other] = end === "left" ? [1, 2] : [2, 1];
  const at = (n: number) =>
    outside === 4 ? `192.0.2.${n}:7001` : `[2001:db8::${n}]:7001`;
  const { v4, v6 } = inside[end];
  return [
    ...["tunnel", "plain", "--address", `${v4}/24`, "--address", `${v6}/64`],
    ...["--listen", at(own), "--remote", at(other), "--name", "duct0"],
  ];
}

/** Both ends, each a process in its namespace. */
async function startPair(
  lab: TwoNamespaces,
  outside?: 4 | 6,
  ...more: string[]
): Promise<[Running, Running]> {
  const ends = (["left", "right"] as const).map((end) =>
    start(echoduct(...endWords(end, outside), ...more), { netns: lab[end].fd })
  );
  for (const end of ends) await end.says(/ready/);
  return ends as [Running, Running];
}

for (const outside of [4, 6] as const) {
  const signal = outside === 4 ? "SIGINT" : "SIGTERM";
  test(
    `two processes carry pings over IPv${outside}, and ${signal} leaves nothing`,
    { skip },
    () =>
      inLab(async (lab) => {
        await leavesNothing(lab.both, async () => {
          const [left, right] = await startPair(lab, outside);
          await using _ = left;
          await using __ = right;
          await assertCarries(lab.left, inside.right);
          await assertCarries(lab.right, inside.left);
          left.kill(signal);
          right.kill(signal);
          for (const end of [left, right]) {
            const { code, stdout, stderr } = await end.ended;
            assert.deepEqual([code, stderr], [0, warning]);
            assert.match(
              stdout,
              /^ready duct0 \S+\/24 \S+\/64 over \S+:7001 to \S+:7001\nstopped duct0: \d+ packets out \(\d+ bytes\), \d+ in \(\d+ bytes\)\n$/,
            );
          }
        });
      }),
  );
}

test(
  "--json prints when it is ready and what passed",
  { skip },
  () =>
    inLab(async (lab) => {
      const [left, right] = await startPair(lab, 4, "--json", "--mtu", "1400");
      await using _ = left;
      await using __ = right;
      await assertCarries(lab.left);
      left.kill("SIGINT");
      const { code, stdout, stderr } = await left.ended;
      assert.deepEqual([code, stderr], [0, warning]);
      const [ready, stopped, ...more] = stdout.trimEnd().split("\n").map((
        line,
      ) => JSON.parse(line));
      assert.deepEqual(more, []);
      assert.deepEqual({ ...ready, time: 0 }, {
        type: "ready",
        time: 0,
        name: "duct0",
        mtu: 1400,
        addresses: ["10.7.0.1/24", "fd07::1/64"],
        local: { address: "192.0.2.1", port: 7001 },
        remote: { address: "192.0.2.2", port: 7001 },
      });
      assert.ok(Math.abs(ready.time - Date.now()) < 60_000);
      assert.equal(stopped.type, "stopped");
      assert.ok(stopped.time >= ready.time);
      assert.ok(stopped.tun.rxPackets >= 10 && stopped.udp.rxPackets >= 10);
      assert.equal(stopped.udp.txBytes, stopped.tun.rxBytes);
    }),
);

test("without --remote it serves whoever sends, by --netns and a free name", {
  skip,
}, () =>
  inLab(async (lab) => {
    const netns = `/proc/${globalThis.process.pid}/fd/${lab.left.fd}`;
    await using server = start(echoduct(
      ...["tunnel", "plain", "--address=10.7.0.1/24", "--address=fd07::1/64"],
      ...["--listen=0.0.0.0:7001", "--json", "--netns", netns],
    ));
    const [line] = await server.says(/.*"ready".*/);
    const ready = JSON.parse(line);
    assert.deepEqual([ready.name, ready.mtu, ready.remote], [
      "tun0",
      1420,
      null,
    ]);
    assert.equal(lab.left.netlink.link("tun0")?.up, true);
    await using client = start(echoduct(...endWords("right")), {
      netns: lab.right.fd,
    });
    await client.says(/ready/);
    await assertCarries(lab.right, inside.left);
    server.kill("SIGTERM");
    assert.equal((await server.ended).code, 0);
    assert.equal(lab.left.netlink.link("tun0"), undefined);
  }));

test(
  "what it cannot open it says, and leaves nothing",
  { skip },
  () =>
    inLab(async (lab) => {
      await using holder = await openUdp({
        local: `${lab.left.v4}:7001`,
        netns: lab.left.fd,
      });
      assert.equal(holder.closed, false);
      const words = endWords("left");
      const put = (option: string, value: string) => {
        const at = words.indexOf(option);
        return at < 0 ? [...words, option, value] : words.with(at + 1, value);
      };
      const cases: [string[], RegExp][] = [
        [words, /Cannot listen on 192\.0\.2\.1:7001: Address already in use/],
        [put("--name", "cable"), /'cable': an interface of that name is there/],
        [put("--address", "10.7.0.0.1/24"), /10\.7\.0\.0\.1\/24/],
        [put("--mtu", "65536"), /'mtu'.*current value is 65536/],
        [put("--remote", "[::1]:7001"), /both must be IPv4 or both IPv6/],
        [
          put("--listen", "192.0.2.77:7001"),
          /192\.0\.2\.77:7001.*EADDRNOTAVAIL/,
        ],
        [put("--netns", "none"), /\/run\/netns\/none/],
      ];
      await leavesNothing(lab.both, async () => {
        const ended = await Promise.all(
          cases.map(([args], i) =>
            run(
              // All at once: of names only the one that is taken is the same.
              echoduct(
                ...args.map((word) => word === "duct0" ? `duct${i}` : word),
              ),
              { netns: lab.left.fd },
            )
          ),
        );
        ended.forEach(({ code, stdout, stderr }, i) => {
          assert.deepEqual([code, stdout], [2, ""]);
          assert.match(stderr, /^echoduct: [^\n]+\n$/);
          assert.match(stderr, cases[i][1]);
        });
      });
    }),
);

test(
  "an interface that is removed ends it with the reason",
  { skip },
  () =>
    inLab(async (lab) => {
      await using end = start(echoduct(...endWords("left")), {
        netns: lab.left.fd,
      });
      await end.says(/ready/);
      lab.left.netlink.removeLink("duct0");
      const { code, stderr } = await end.ended;
      assert.equal(code, 2);
      assert.match(
        stderr,
        /echoduct: Tunnel stopped: .*'duct0': the interface was removed/,
      );
    }),
);

test(
  "an interrupt while it opens ends it cleanly",
  { skip },
  () =>
    inLab(async (lab) => {
      await leavesNothing(lab.both, async () => {
        const moments = [120, 160, 200];
        const ended = await Promise.all(moments.map(async (moment, i) => {
          const words = endWords("left").map((word) =>
            word.replace("duct0", `duct${i}`).replace(/7001$/, `700${i}`)
          );
          await using end = start(echoduct(...words), { netns: lab.left.fd });
          await sleep(moment);
          end.kill("SIGINT");
          return await end.ended;
        }));
        for (const { code, signal, stdout, stderr } of ended) {
          // Before the command has begun the signal ends the runtime itself.
          if (signal === "SIGINT") continue;
          assert.equal(code, 0, stderr);
          assert.ok(stderr === "" || stderr === warning, stderr);
          assert.ok(stdout === "" || /^ready .*\nstopped .*\n$/.test(stdout));
        }
      });
    }),
);

test(
  "idle, a tunnel and a ping use hardly any processor time",
  { skip },
  () =>
    inLab(async (lab) => {
      const [left, right] = await startPair(lab);
      await using _ = left;
      await using __ = right;
      await using ping = start(echoduct("ping", "-i", "1m", "127.0.0.1"));
      await ping.says(/icmp_seq=1/);
      await sleep(700);
      const all = [left, right, ping];
      const before = all.map((each) => each.cpu());
      await sleep(2000);
      all.forEach((each, i) => {
        const used = each.cpu() - before[i];
        assert.ok(used < 60, `${used} ms of 2000 ms`);
      });
    }),
);

/** Two ends as a shell user would start them, and pings through them. */
const asInTheIssue = `
ip link set lo up
unshare -n sleep 15 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]
do sleep 0.02; done
ip link add cable type veth peer name cable netns $other
ip link set cable up
ip addr add 192.0.2.1/24 dev cable
nsenter -t $other -n sh -ec '
  ip link set lo up; ip link set cable up; ip addr add 192.0.2.2/24 dev cable'
"$@" tunnel plain --address 10.7.0.1/24 --address fd07::1/64 --name duct0 \\
  --listen 192.0.2.1:7001 --remote 192.0.2.2:7001 >$HOME/left & left=$!
"$@" tunnel plain --address 10.7.0.2/24 --address fd07::2/64 --name duct0 \\
  --listen 192.0.2.2:7001 --remote 192.0.2.1:7001 \\
  --netns /proc/$other/ns/net >$HOME/right & right=$!
until grep -q ready $HOME/left && grep -q ready $HOME/right
do sleep 0.05; done
code=0; "$@" ping -c 5 -i 20ms 10.7.0.2 fd07::2 || code=$?
kill -INT $left; kill -TERM $right
wait $left || code=left; wait $right || code=right
ip -br link; nsenter -t $other -n ip -br link
kill $other
exit $code`;

test("an unprivileged user does the same inside unshare -Urnm", {
  skip: skip || noNobody || lacks("unshare", "nsenter", "ip"),
}, async () => {
  const shell = ["sh", "-ec", asInTheIssue, "sh"];
  const wrapper = [...bounded, "unshare", "-Urnm", ...shell];
  const { code, stdout, stderr } = await run(asNobody([], wrapper));
  assert.equal(code, 0, stderr + stdout);
  assert.equal(stderr, warning + warning);
  for (const target of ["10.7.0.2", "fd07::2"]) {
    const statistics = `--- ${target} ping statistics ---\n` +
      "5 packets transmitted, 5 received, 0% packet loss";
    assert.ok(stdout.includes(statistics), stdout);
  }
  assert.equal(stdout.match(/^cable/gm)?.length, 2);
  assert.doesNotMatch(stdout, /^duct0/m);
});

test("who has no privilege is told what would help", {
  skip: skip || noNobody,
}, async () => {
  const before = listLinks();
  const [here, elsewhere] = await Promise.all([
    run(asNobody(endWords("left"))),
    run(asNobody([...endWords("left"), "--netns", "/proc/self/ns/net"])),
  ]);
  for (
    const [{ code, stdout, stderr }, capability] of [
      [here, /^echoduct: .*root.*CAP_NET_ADMIN.*unshare -Urnm/],
      [elsewhere, /^echoduct: .*root.*CAP_SYS_ADMIN.*unshare -Urnm/],
    ] as const
  ) {
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, capability);
  }
  assert.deepEqual(listLinks(), before);
});

function listLinks(): string[] {
  const netlink = Netlink.open();
  try {
    return netlink.links().map(({ name }) => name);
  } finally {
    netlink.close();
  }
}
