import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rule } from "../../src/sys/netlink/mod.ts";
import { addPair, failure, inLab, ipIn, skip } from "./_netlink.ts";

const examples: readonly Omit<Rule, "family">[] = [
  { table: 51820 },
  { table: 51820, fwmark: 51820, not: true },
  { table: 254, suppressPrefixLength: 0 },
  { table: 100, priority: 77, fwmark: 0x10, mask: 0xf0 },
  { table: 0xffffffff, priority: 78, iif: "lo", tos: 0x10 },
  { table: 100, priority: 79, oif: "tun0", fwmark: 0xffffffff },
  { table: 100, priority: 80, ipProtocol: 17, destinationPorts: [53, 53] },
  { table: 100, priority: 81, ipProtocol: 6, sourcePorts: [1, 65534] },
  { table: 100, priority: 82, users: [0, 0], protocol: 99 },
  { action: "blackhole", priority: 83 },
  { action: "unreachable", priority: 84 },
  { action: "prohibit", priority: 85 },
  { action: "goto", goto: 90, priority: 86 },
  { action: "nop", priority: 90 },
];

const networks: Record<4 | 6, readonly Omit<Rule, "family">[]> = {
  4: [
    { table: 8, from: "0.0.0.0/0" },
    { table: 9, from: "10.7.0.0/24" },
    { table: 9, to: "10.7.0.5/24" },
  ],
  6: [
    { table: 8, to: "::/0" },
    { table: 9, from: "fd00::/64" },
    { table: 9, to: "fd00::5/128" },
  ],
};

const all: readonly Rule[] = ([4, 6] as const).flatMap((family) =>
  [...examples, ...networks[family]].map((rule) => ({ family, ...rule }))
);

function listedByIp(netns: number): string[] {
  return ([4, 6] as const).flatMap((family) =>
    ipIn(netns, `-${family}`, "-N", "rule").map((there) =>
      JSON.stringify({ family, ...there })
    )
  ).sort();
}

const tables: Record<string, number> = { local: 255, main: 254, default: 253 };
const isNumber = (text?: string) => text === undefined ? text : Number(text);

/** What `ip` says of a rule, in our words. */
// deno-lint-ignore no-explicit-any
function inOurWords(family: 4 | 6, there: any): string {
  const full = family === 4 ? 32 : 128;
  const network = (address?: string, length?: number) =>
    address === undefined || address === "all"
      ? undefined
      : `${address}/${length ?? full}`;
  const range = (one?: number, first?: number, last?: number) =>
    one !== undefined
      ? [one, one]
      : first !== undefined
      ? [first, last]
      : undefined;
  const actions: Record<string, string> = {
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
  };
  return JSON.stringify({
    priority: there.priority,
    table: there.table && (tables[there.table] ?? Number(there.table)),
    action: there.goto !== undefined
      ? "goto"
      : "nop" in there
      ? "nop"
      : actions[there.action] ?? "lookup",
    fwmark: isNumber(there.fwmark),
    mask: isNumber(there.fwmask),
    not: "not" in there ? true : undefined,
    suppressPrefixLength: there.suppress_prefixlen,
    from: network(there.src, there.srclen),
    to: network(there.dst, there.dstlen),
    iif: there.iif,
    oif: there.oif,
    tos: isNumber(there.tos),
    ipProtocol: isNumber(there.ipproto?.replace("ipproto-", "")),
    sourcePorts: range(there.sport, there.sport_start, there.sport_end),
    destinationPorts: range(there.dport, there.dport_start, there.dport_end),
    users: range(undefined, there.uid_start, there.uid_end),
    goto: there.goto,
  });
}

test("rules are listed as ip lists them", { skip }, () => {
  inLab(({ netlink, fd }) => {
    for (const rule of all) netlink.addRule(rule);
    for (const family of [4, 6] as const) {
      const ours = netlink.rules({ family });
      assert.deepEqual(
        ours.map((rule) =>
          JSON.stringify({
            ...{ priority: rule.priority, table: rule.table },
            ...{ action: rule.action, fwmark: rule.fwmark, mask: rule.mask },
            ...{ not: rule.not },
            suppressPrefixLength: rule.suppressPrefixLength,
            ...{ from: rule.from, to: rule.to, iif: rule.iif, oif: rule.oif },
            ...{ tos: rule.tos, ipProtocol: rule.ipProtocol },
            sourcePorts: rule.sourcePorts,
            destinationPorts: rule.destinationPorts,
            ...{ users: rule.users, goto: rule.goto },
          })
        ),
        ipIn(fd, `-${family}`, "-N", "rule").map((there) =>
          inOurWords(family, there)
        ),
      );
      assert.ok(ours.every((rule) => rule.family === family));
    }
    const both = [
      ...netlink.rules({ family: 4 }),
      ...netlink.rules({ family: 6 }),
    ];
    assert.deepEqual(netlink.rules(), both);
  });
});

test("what was added can be removed with the same object", { skip }, () => {
  inLab(({ netlink, fd }) => {
    for (const rule of all) {
      const before = listedByIp(fd);
      netlink.addRule(rule);
      assert.equal(listedByIp(fd).length, before.length + 1);
      netlink.removeRule(rule);
      assert.deepEqual(listedByIp(fd), before);
    }
  });
});

test("what is listed can be removed and added again", { skip }, () => {
  inLab(({ netlink, fd }) => {
    for (const rule of all) netlink.addRule(rule);
    const before = listedByIp(fd);
    const items = netlink.rules();
    for (const item of items) netlink.removeRule(item);
    assert.deepEqual(listedByIp(fd), []);
    for (const item of items) netlink.addRule(item);
    assert.deepEqual(listedByIp(fd), before);
  });
});

test("removing takes the rule that is meant", { skip }, () => {
  inLab(({ netlink }) => {
    const one: Rule = { family: 4, table: 9, priority: 5, fwmark: 1 };
    const two: Rule = { family: 4, table: 9, priority: 5, fwmark: 2 };
    netlink.addRule(one);
    netlink.addRule(two);
    netlink.removeRule(two);
    const left = netlink.rules({ family: 4 }).filter(({ priority }) =>
      priority === 5
    );
    assert.deepEqual(left.map(({ fwmark }) => fwmark), [1]);
  });
});

test(
  "the rules of wg-quick send all but the marked elsewhere",
  { skip },
  () => {
    inLab((lab) => {
      const { netlink } = lab;
      addPair(lab);
      netlink.addAddress({ link: "b", address: "10.7.0.1/24" });
      netlink.addRoute({ destination: "0.0.0.0/0", gateway: "10.7.0.2" });
      netlink.addRoute({ destination: "0.0.0.0/0", link: "a", table: 51820 });
      const mark = 51820;
      netlink.addRule({ family: 4, not: true, fwmark: mark, table: 51820 });
      netlink.addRule({ family: 4, table: 254, suppressPrefixLength: 0 });
      assert.equal(netlink.routeTo("192.0.2.1").link, "a");
      assert.equal(netlink.routeTo("192.0.2.1", { mark }).link, "b");
      assert.equal(netlink.routeTo("10.7.0.9").link, "b");
    });
  },
);

test("the kernel's refusals name the rule", { skip }, () => {
  inLab(({ netlink }) => {
    for (const family of [4, 6] as const) {
      const rule = { family, table: 9, priority: 5 };
      netlink.addRule(rule);
      assert.throws(
        () => netlink.addRule(rule),
        failure(
          "SystemCallError",
          "EEXIST",
          /^Cannot add IPv[46] rule 5 for table 9: File exists/,
        ),
      );
      netlink.removeRule(rule);
      assert.throws(
        () => netlink.removeRule(rule),
        failure(
          "SystemCallError",
          "ENOENT",
          /^Cannot remove IPv[46] rule 5 for table 9: /,
        ),
      );
    }
    assert.throws(
      () => netlink.addRule({ family: 4, action: "goto", priority: 5 }),
      failure("SystemCallError", "EINVAL", /Cannot add IPv4 rule 5: .*goto/i),
    );
  });
});

test("what is no rule fails before a message is sent", { skip }, () => {
  inLab(({ netlink }) => {
    const rule: Rule = { family: 4, table: 9 };
    const wrong: [string, Rule, RegExp][] = [
      ["RangeError", { ...rule, family: 5 as 4 }, /the family is 5/],
      ["TypeError", { family: 4 }, /it has no table to look in/],
      ["TypeError", { ...rule, from: "fd00::/64" }, /is not of IPv4/],
      ["TypeError", { ...rule, family: 6, to: "10.0.0.0/8" }, /not of IPv6/],
      ["TypeError", { ...rule, from: "10.0.0.0" }, /is not an address/],
      ["TypeError", { ...rule, iif: "a/b" }, /is not a link name/],
      ["TypeError", { ...rule, action: "x" as "nop" }, /not an action/],
      ["RangeError", { ...rule, table: 0 }, /the table is 0/],
      ["RangeError", { ...rule, priority: -1 }, /the priority is -1/],
      ["RangeError", { ...rule, fwmark: 2 ** 32 }, /the mark is/],
      ["RangeError", { ...rule, mask: 1.5 }, /the mask is 1.5/],
      ["RangeError", { ...rule, suppressPrefixLength: 33 }, /is 33/],
      ["RangeError", { ...rule, users: [2, 1] }, /last of a range is 1/],
      ["RangeError", { ...rule, sourcePorts: [1, 65535] }, /is 65535/],
      ["RangeError", { ...rule, ipProtocol: 256 }, /protocol is 256/],
    ];
    for (const [name, bad, text] of wrong) {
      assert.throws(() => netlink.addRule(bad), failure(name, undefined, text));
    }
  });
});
