import assert from "node:assert/strict";
import { test } from "node:test";
import type { Route, RouteInfo } from "../../src/sys/netlink/mod.ts";
import { addPair, failure, inLab, ipIn, type Lab, skip } from "./_netlink.ts";

/** Links `a` and `b` that are up, `a` with 10.7.0.1/24 and fd00::1/64. */
function addNeighbour(lab: Lab): void {
  addPair(lab, 1420);
  lab.netlink.addAddress({ link: "a", address: "10.7.0.1/24" });
  lab.netlink.addAddress({ link: "a", address: "fd00::1/64" });
}

/** One of each kind, for both families. */
const examples: readonly Route[] = [
  { destination: "0.0.0.0/0", gateway: "10.7.0.2" },
  { destination: "0.0.0.0/0", gateway: "10.7.0.3", metric: 50 },
  { destination: "10.8.0.0/16", link: "a" },
  { destination: "10.8.1.0/24", link: "a", mtu: 1280, source: "10.7.0.1" },
  { destination: "10.8.2.0/24", link: "a", tos: 0x10 },
  { destination: "10.9.0.1/32", gateway: "10.99.0.1", link: "a", onLink: true },
  { destination: "10.10.0.0/24", type: "blackhole" },
  { destination: "10.11.0.0/24", type: "unreachable", metric: 7 },
  { destination: "10.12.0.0/24", type: "prohibit", table: 100 },
  { destination: "0.0.0.0/0", link: "b", table: 51820 },
  { destination: "0.0.0.0/0", link: "b", table: 0xffffffff, protocol: 99 },
  { destination: "10.13.0.0/24", type: "local", link: "a", table: 255 },
  { destination: "10.14.0.0/24", gateway: "fd00::2", link: "a" },
  {
    destination: "10.15.0.0/24",
    nextHops: [{ gateway: "10.7.0.2" }, { gateway: "10.7.0.3", weight: 256 }],
  },
  { destination: "::/0", gateway: "fd00::2" },
  { destination: "::/0", gateway: "fd00::3", metric: 50 },
  { destination: "fd08::/16", link: "a", metric: 12, mtu: 1280 },
  { destination: "fd09::1/128", gateway: "fe80::1", link: "a" },
  { destination: "fd0a::/64", type: "blackhole" },
  { destination: "fd0b::/64", type: "unreachable", table: 100 },
  { destination: "fd0c::/64", type: "prohibit" },
  { destination: "::/0", link: "b", table: 51820, source: "fd00::1" },
  { destination: "fd0d::/64", link: "a", from: "fd00::/64" },
  {
    destination: "fd0e::/64",
    nextHops: [{ gateway: "fd00::2" }, { gateway: "fd00::3", link: "a" }],
  },
];

const tableNames: Record<string, number> = {
  main: 254,
  local: 255,
  default: 253,
};
const numberOfTable = (table: string) =>
  tableNames[table === "all" ? "main" : table] ?? Number(table);
const scopeNames: Record<number, string> = {
  0: "global",
  253: "link",
  254: "host",
};
const typeNames = [
  "",
  ...["unicast", "local", "broadcast", "anycast", "multicast"],
  ...["blackhole", "unreachable", "prohibit", "throw"],
];
const protocolNames: Record<string, number> = { kernel: 2, boot: 3 };

/** What `ip` says of a route, in our words. */
// deno-lint-ignore no-explicit-any
function inOurWords(family: 4 | 6, table: string, there: any) {
  const full = family === 4 ? "/32" : "/128";
  const any = family === 4 ? "0.0.0.0/0" : "::/0";
  const whole = (text: string | undefined) =>
    text === undefined
      ? undefined
      : text === "default"
      ? any
      : text.includes("/")
      ? text
      : text + full;
  // deno-lint-ignore no-explicit-any
  const hop = (one: any) => ({
    gateway: one.gateway ?? one.via?.host,
    link: one.dev,
    onLink: one.flags?.includes("onlink") || undefined,
  });
  return JSON.stringify({
    family,
    destination: whole(there.dst),
    ...hop(there),
    table: numberOfTable(there.table ?? table),
    metric: there.metric,
    source: there.prefsrc,
    mtu: there.metrics?.[0]?.mtu,
    type: typeNames[there.type],
    // deno-lint-ignore no-explicit-any
    nextHops: there.nexthops?.map((one: any) => ({
      ...hop(one),
      weight: one.weight,
    })),
    from: whole(there.from),
    tos: there.tos === undefined ? undefined : Number(there.tos),
    protocol: protocolNames[there.protocol] ?? Number(there.protocol),
    scope: scopeNames[there.scope ?? 0],
  });
}

/** The same of ours. */
function comparable(route: RouteInfo): string {
  const { family, destination, gateway, link, onLink } = route;
  const { table, metric, source, mtu, type, nextHops, from } = route;
  return JSON.stringify({
    family,
    destination,
    ...{ gateway, link, onLink },
    ...{ table, metric, source, mtu, type },
    nextHops: nextHops?.map((hop) => ({
      ...{ gateway: hop.gateway, link: hop.link, onLink: hop.onLink },
      weight: hop.weight,
    })),
    from,
    tos: route.tos,
    protocol: route.protocol,
    scope: route.scope,
  });
}

function listedByIp(netns: number, table: string | number = "all"): string[] {
  return ([4, 6] as const).flatMap((family) =>
    ipIn(netns, `-${family}`, "-N", "-d", "route", "show", "table", `${table}`)
      .map((there) => inOurWords(family, `${table}`, there))
  ).sort();
}

test("routes are listed as ip lists them", { skip }, () => {
  inLab((lab) => {
    const { netlink, fd } = lab;
    addNeighbour(lab);
    for (const route of examples) netlink.addRoute(route);
    const ours = netlink.routes({ table: 0 }).map(comparable).sort();
    assert.ok(ours.length > examples.length);
    assert.deepEqual(ours, listedByIp(fd));
    for (const table of [100, 254, 255, 51820]) {
      assert.deepEqual(
        netlink.routes({ table }).map(comparable).sort(),
        listedByIp(fd, table),
      );
    }
    assert.deepEqual(netlink.routes(), netlink.routes({ table: 254 }));
    assert.deepEqual(netlink.routes({ table: 4711 }), []);
    for (const family of [4, 6] as const) {
      assert.deepEqual(
        netlink.routes({ family }),
        netlink.routes().filter((route) => route.family === family),
      );
    }
  });
});

test("a route without a scope gets the one that ip gives", { skip }, () => {
  inLab((lab) => {
    const { netlink, ip } = lab;
    addNeighbour(lab);
    const scopes = (table: number) =>
      netlink.routes({ table }).map(({ destination, scope }) => [
        destination,
        scope,
      ]);
    for (const route of examples.slice(0, 14)) {
      const { destination, type, gateway, link, nextHops, metric } = route;
      if (nextHops || destination === "10.14.0.0/24") continue;
      const words: string[] = [...(type ? [type] : []), destination];
      if (gateway) words.push("via", gateway);
      if (link) words.push("dev", `${link}`);
      if (metric) words.push("metric", `${metric}`);
      if (route.onLink) words.push("onlink");
      if (route.tos) words.push("tos", `0x${route.tos.toString(16)}`);
      ip("route", "replace", "table", "301", ...words);
      netlink.addRoute({ ...route, table: 300 }, { replace: true });
    }
    assert.ok(scopes(301).length >= 8);
    assert.deepEqual(scopes(300), scopes(301));
  });
});

test("what was added can be removed with the same object", { skip }, () => {
  inLab((lab) => {
    const { netlink, fd } = lab;
    addNeighbour(lab);
    for (const route of examples) {
      const before = listedByIp(fd);
      netlink.addRoute(route);
      assert.notDeepEqual(listedByIp(fd), before);
      netlink.removeRoute(route);
      assert.deepEqual(listedByIp(fd), before);
    }
  });
});

test("what is listed can be removed and added again", { skip }, () => {
  inLab((lab) => {
    const { netlink, fd } = lab;
    addNeighbour(lab);
    // The ways to the neighbours must be there before those through them.
    const kept = new Set(netlink.routes({ table: 0 }).map(comparable));
    for (const route of examples) netlink.addRoute(route);
    const before = listedByIp(fd);
    const items = netlink.routes({ table: 0 }).filter((route) =>
      !kept.has(comparable(route)) && route.protocol !== 2
    );
    assert.equal(items.length, examples.length);
    for (const item of items) netlink.removeRoute(item);
    assert.ok(!listedByIp(fd).some((line) => /"protocol":3,/.test(line)));
    for (const item of items) netlink.addRoute(item);
    assert.deepEqual(listedByIp(fd), before);
    for (const item of netlink.routes({ table: 0 })) netlink.removeRoute(item);
    assert.deepEqual(netlink.routes({ table: 0 }), []);
    assert.deepEqual(listedByIp(fd), []);
  });
});

test("a route is replaced when that is asked for", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addNeighbour(lab);
    for (
      const [destination, first, second] of [
        ["0.0.0.0/0", "10.7.0.2", "10.7.0.3"],
        ["::/0", "fd00::2", "fd00::3"],
      ]
    ) {
      netlink.addRoute({ destination, gateway: first }, { replace: true });
      assert.throws(
        () => netlink.addRoute({ destination, gateway: second }),
        failure("SystemCallError", "EEXIST", /^Cannot add route to \S+: /),
      );
      netlink.addRoute({ destination, gateway: second }, { replace: true });
      const found = netlink.routes().filter((route) =>
        route.destination === destination
      );
      assert.deepEqual(found.map(({ gateway }) => gateway), [second]);
    }
  });
});

test("removing takes the route that is meant", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addNeighbour(lab);
    for (const destination of ["0.0.0.0/0", "::/0"]) {
      const ofMetric = (metric: number) => ({ destination, link: "a", metric });
      for (const metric of [10, 20, 30]) netlink.addRoute(ofMetric(metric));
      netlink.removeRoute(ofMetric(20));
      const left = netlink.routes().filter((route) =>
        route.destination === destination
      );
      assert.deepEqual(left.map(({ metric }) => metric), [10, 30]);
      assert.throws(
        () => netlink.removeRoute(ofMetric(20)),
        failure("SystemCallError", "ESRCH", /^Cannot remove route to \S+: /),
      );
      assert.throws(
        () => netlink.removeRoute({ destination, link: "b" }),
        failure("SystemCallError", "ESRCH", /RTM_DELROUTE/),
      );
    }
  });
});

test("the way to an address is the one ip finds", { skip }, () => {
  inLab((lab) => {
    const { netlink, ip } = lab;
    addNeighbour(lab);
    netlink.addRoute({ destination: "0.0.0.0/0", gateway: "10.7.0.2" });
    netlink.addRoute({ destination: "::/0", gateway: "fd00::2" });
    for (
      const address of [
        "192.0.2.1",
        "10.7.0.9",
        "127.0.0.1",
        "2001:db8::1",
        "fd00::9",
        "::1",
      ]
    ) {
      const found = netlink.routeTo(address);
      const [there] = ip("route", "get", address);
      assert.equal(found.destination, address);
      assert.equal(found.link, there.dev, address);
      assert.equal(found.gateway, there.gateway, address);
      assert.equal(found.source, there.prefsrc, address);
      assert.equal(found.mtu, found.link === "a" ? 1420 : 65536, address);
      assert.equal(found.index, netlink.link(found.link)?.index);
    }
  });
});

test("the MTU of a way is the route's, else the link's", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addNeighbour(lab);
    netlink.addRoute({ destination: "10.8.0.0/16", link: "a", mtu: 1300 });
    netlink.addRoute({ destination: "fd08::/16", link: "a", mtu: 1290 });
    assert.equal(netlink.routeTo("10.8.0.1").mtu, 1300);
    assert.equal(netlink.routeTo("fd08::1").mtu, 1290);
    assert.equal(netlink.routeTo("10.7.0.2").mtu, 1420);
    netlink.setLink("a", { mtu: 1400 });
    assert.equal(netlink.routeTo("10.7.0.2").mtu, 1400);
    assert.equal(netlink.routeTo("fd00::2").mtu, 1400);
  });
});

test("a way hangs on mark, source and link", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addNeighbour(lab);
    for (
      const [family, any, from, address] of [
        [4, "0.0.0.0/0", "10.7.0.1", "192.0.2.1"],
        [6, "::/0", "fd00::1", "2001:db8::1"],
      ] as const
    ) {
      netlink.addRoute({ destination: any, link: "b", table: 51820 });
      netlink.addRoute({ destination: any, link: "a" });
      netlink.addRule({ family, fwmark: 7, table: 51820 });
      assert.equal(netlink.routeTo(address).link, "a");
      const marked = netlink.routeTo(address, { mark: 7 });
      assert.equal(marked.link, "b");
      assert.equal(marked.table, 51820);
      assert.equal(netlink.routeTo(address, { link: "a" }).link, "a");
      assert.equal(netlink.routeTo(address, { from }).source, from);
    }
    assert.throws(
      () => netlink.routeTo("192.0.2.1", { from: "::1" }),
      failure("TypeError", undefined, /'::1' is not an IPv4 address/),
    );
    assert.throws(
      () => netlink.routeTo("192.0.2.1", { mark: -1 }),
      failure("RangeError", undefined, /the mark is -1/),
    );
  });
});

test("without a way the error says so", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addNeighbour(lab);
    for (const address of ["192.0.2.1", "2001:db8::1"]) {
      assert.throws(
        () => netlink.routeTo(address),
        failure(
          "SystemCallError",
          "ENETUNREACH",
          /^Cannot find a route to \S+: Network is unreachable/,
        ),
      );
    }
    for (
      const [destination, address] of [
        ["192.0.2.0/24", "192.0.2.1"],
        ["2001:db8::/32", "2001:db8::1"],
      ]
    ) {
      netlink.addRoute({ destination, type: "prohibit" });
      assert.throws(
        () => netlink.routeTo(address),
        failure("SystemCallError", "EACCES", /^Cannot find a route/),
      );
    }
    assert.throws(
      () => netlink.routeTo("example.com"),
      failure("TypeError", undefined, /'example.com' is not an address/),
    );
  });
});

test("the kernel's own words stand in the error", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addNeighbour(lab);
    const gateway = "10.99.0.1";
    assert.throws(
      () => netlink.addRoute({ destination: "0.0.0.0/0", gateway }),
      failure(
        "SystemCallError",
        "ENETUNREACH",
        /^Cannot add route to 0.0.0.0\/0: Nexthop has invalid gateway/,
      ),
    );
    assert.throws(
      () => netlink.addRoute({ destination: "10.9.0.0/16", link: "absent" }),
      failure("SystemCallError", "ENODEV", /^Cannot add route to 10.9.0.0/),
    );
    netlink.setLink("b", { up: false });
    assert.throws(
      () => netlink.addRoute({ destination: "10.9.0.0/16", link: "b" }),
      failure("SystemCallError", "ENETDOWN", /Device for nexthop is not up/),
    );
  });
});

test("what is no route fails before a message is sent", { skip }, () => {
  inLab(({ netlink }) => {
    const any = { destination: "0.0.0.0/0", link: "absent" };
    const any6 = { destination: "::/0", link: "absent" };
    const wrong: [string, Route, RegExp][] = [
      ["TypeError", { ...any, destination: "10.0.0.0" }, /is not an address/],
      ["TypeError", { ...any, destination: "default" }, /is not an address/],
      ["RangeError", { ...any, destination: "10.0.0.0/33" }, /longer than/],
      [
        "TypeError",
        { ...any, destination: "10.7.0.2/24" },
        /bits behind its prefix, the network is 10.7.0.0\/24/,
      ],
      ["TypeError", { ...any6, destination: "fd00::1/64" }, /fd00::\/64/],
      ["TypeError", { ...any6, gateway: "10.7.0.1" }, /not an IPv6 address/],
      ["TypeError", { ...any6, gateway: "fe80::1%a" }, /without a zone/],
      ["TypeError", { ...any, gateway: "10.7.0.999" }, /not an address/],
      ["TypeError", { ...any, source: "fd00::1" }, /not an IPv4 address/],
      ["TypeError", { ...any6, from: "10.0.0.0/8" }, /is not of IPv6/],
      ["TypeError", { ...any, type: "nat" as "local" }, /not a type of route/],
      ["RangeError", { ...any, table: 0 }, /the table is 0/],
      ["RangeError", { ...any, table: 2 ** 32 }, /the table is 4294967296/],
      ["RangeError", { ...any, metric: -1 }, /the metric is -1/],
      ["RangeError", { ...any, mtu: 67 }, /the MTU is 67/],
      ["RangeError", { ...any6, mtu: 1279 }, /the MTU is 1279/],
      ["RangeError", { ...any, mtu: 65521 }, /the MTU is 65521/],
      ["RangeError", { ...any, protocol: 256 }, /the protocol is 256/],
      ["RangeError", { ...any, tos: 256 }, /the type of service is 256/],
      ["RangeError", { ...any, nextHopId: 0 }, /next hop's number is 0/],
      ["RangeError", { ...any, nextHops: [{ weight: 257 }] }, /weight is 257/],
    ];
    for (const [name, route, text] of wrong) {
      assert.throws(
        () => netlink.addRoute(route),
        failure(name, undefined, text),
      );
    }
    assert.throws(
      () => netlink.routes({ table: -1 }),
      failure("RangeError", undefined, /the table is -1/),
    );
  });
});
