import assert from "node:assert/strict";
import { test } from "node:test";
import type { LinkAddress } from "../../src/sys/netlink/mod.ts";
import { addPair, failure, inLab, ipIn, skip } from "./_netlink.ts";

/** The addresses that `ip` knows, in our words. */
function listedByIp(netns: number) {
  return ipIn(netns, "addr").flatMap((link) =>
    // deno-lint-ignore no-explicit-any
    link.addr_info.map((info: any) => ({
      link: link.ifname,
      index: link.ifindex,
      family: info.family === "inet" ? 4 : 6,
      address: `${info.local}/${info.prefixlen}`,
      peer: info.address,
      broadcast: info.broadcast,
      label: info.label,
      scope: info.scope,
      noDad: info.family === "inet" ? undefined : info.nodad === true,
      tentative: info.family === "inet" ? undefined : info.tentative === true,
    }))
  );
}

function sorted<T>(items: readonly T[]): T[] {
  const key = (item: T) => JSON.stringify(item);
  return [...items].sort((a, b) => key(a) < key(b) ? -1 : 1);
}

test("addresses are listed as ip lists them", { skip }, () => {
  inLab((lab) => {
    const { netlink, fd } = lab;
    addPair(lab);
    for (
      const address of [
        { link: "a", address: "10.7.0.1/24" },
        { link: "a", address: "10.7.0.2/24", broadcast: "10.7.0.255" },
        { link: "a", address: "10.8.0.1/32", peer: "10.8.0.2" },
        { link: "a", address: "10.9.0.1/24", label: "a:one", scope: "link" },
        { link: "a", address: "fd00::1/64" },
        { link: "b", address: "fd01::1/128", peer: "fd01::2", noDad: false },
        { link: "lo", address: "127.0.0.2/8" },
      ] satisfies LinkAddress[]
    ) netlink.addAddress(address);
    const ours = netlink.addresses();
    const comparable = ours.map(({ dadFailed: _, ...rest }) => ({
      link: rest.link,
      index: rest.index,
      family: rest.family,
      address: rest.address,
      peer: rest.peer,
      broadcast: rest.broadcast,
      label: rest.label,
      scope: rest.scope,
      noDad: rest.noDad,
      tentative: rest.tentative,
    }));
    assert.deepEqual(sorted(comparable), sorted(listedByIp(fd)));
    const second = ours.find(({ address }) => address === "127.0.0.2/8");
    assert.equal(second?.scope, "host");
  });
});

test("a list is of the link and family that was asked for", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addPair(lab);
    netlink.addAddress({ link: "a", address: "10.7.0.1/24" });
    netlink.addAddress({ link: "a", address: "fd00::1/64" });
    const all = netlink.addresses();
    for (const family of [4, 6] as const) {
      assert.deepEqual(
        netlink.addresses({ family }),
        all.filter((address) => address.family === family),
      );
      assert.deepEqual(
        netlink.addresses({ link: "a", family }),
        all.filter((address) =>
          address.family === family && address.link === "a"
        ),
      );
    }
    const { index } = netlink.link("a")!;
    assert.deepEqual(
      netlink.addresses({ link: index }),
      all.filter(({ link }) => link === "a"),
    );
    assert.throws(
      () => netlink.addresses({ link: "absent" }),
      failure("SystemCallError", "ENODEV", /addresses of absent/),
    );
    assert.throws(
      () => netlink.addresses({ family: 5 as 4 }),
      failure("RangeError", undefined, /the family is 5, not 4 or 6/),
    );
  });
});

test(
  "an IPv6 address can be used at once unless it must wait",
  { skip },
  () => {
    inLab((lab) => {
      const { netlink } = lab;
      addPair(lab);
      netlink.addAddress({ link: "a", address: "fd00::1/64" });
      netlink.addAddress({ link: "a", address: "fd00::2/64", noDad: false });
      const found = netlink.addresses({ link: "a", family: 6 });
      const tentative = (text: string) =>
        found.find(({ address }) => address === text)?.tentative;
      assert.equal(tentative("fd00::1/64"), false);
      assert.equal(tentative("fd00::2/64"), true);
    });
  },
);

test("what was added can be removed with the same object", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addPair(lab);
    const before = netlink.addresses();
    for (
      const address of [
        { link: "a", address: "10.7.0.1/24" },
        { link: "a", address: "10.8.0.1/32", peer: "10.8.0.2" },
        { link: "a", address: "10.9.0.1/24", label: "a:one", scope: "site" },
        { link: "a", address: "10.10.0.1/31", broadcast: "10.10.0.7" },
        { link: 1, address: "fd00::1/64" },
        { link: "a", address: "fd01::1/128", peer: "fd01::2" },
      ] satisfies LinkAddress[]
    ) {
      netlink.addAddress(address);
      assert.equal(netlink.addresses().length, before.length + 1);
      netlink.removeAddress(address);
      assert.deepEqual(
        netlink.addresses().map(({ address }) => address),
        before.map(({ address }) => address),
      );
    }
  });
});

test("what is listed can be removed and added again", { skip }, () => {
  inLab((lab) => {
    const { netlink, fd } = lab;
    addPair(lab);
    netlink.addAddress({ link: "a", address: "10.7.0.1/24" });
    netlink.addAddress({ link: "a", address: "10.8.0.1/32", peer: "10.8.0.2" });
    netlink.addAddress({ link: "a", address: "10.9.0.1/24", label: "a:one" });
    netlink.addAddress({ link: "a", address: "fd01::1/64", peer: "fd01::2" });
    const before = listedByIp(fd);
    const items = netlink.addresses();
    assert.ok(items.length >= 6);
    for (const item of items) netlink.removeAddress(item);
    assert.deepEqual(netlink.addresses(), []);
    assert.deepEqual(listedByIp(fd), []);
    for (const item of items) netlink.addAddress(item);
    assert.deepEqual(sorted(listedByIp(fd)), sorted(before));
  });
});

test("a list longer than one datagram is whole", { skip }, () => {
  inLab(({ netlink, fd }) => {
    for (let i = 0; i < 700; i++) {
      const [high, low] = [i >> 8, i & 255];
      netlink.addAddress({ link: "lo", address: `10.1.${high}.${low}/32` });
      netlink.addAddress({ link: "lo", address: `fd00::${high}:${low}/128` });
    }
    const found = netlink.addresses();
    assert.equal(found.length, 1402);
    assert.equal(new Set(found.map(({ address }) => address)).size, 1402);
    assert.deepEqual(
      sorted(found.map(({ address }) => address)),
      sorted(listedByIp(fd).map(({ address }) => address)),
    );
  });
});

test("the kernel's refusals name the address and the reason", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addPair(lab);
    for (const address of ["10.7.0.1/24", "fd00::1/64"]) {
      netlink.addAddress({ link: "a", address });
      assert.throws(
        () => netlink.addAddress({ link: "a", address }),
        failure("SystemCallError", "EEXIST", /^Cannot add address \S+ to a: /),
      );
      netlink.removeAddress({ link: "a", address });
      assert.throws(
        () => netlink.removeAddress({ link: "a", address }),
        failure(
          "SystemCallError",
          "EADDRNOTAVAIL",
          /^Cannot remove address \S+ from a: /,
        ),
      );
      assert.throws(
        () => netlink.addAddress({ link: "absent", address }),
        failure("SystemCallError", "ENODEV", /to absent: No such device/),
      );
      assert.throws(
        () => netlink.addAddress({ link: 4711, address }),
        failure("SystemCallError", "ENODEV", /to 4711: .*RTM_NEWADDR/),
      );
    }
    // The kernel's own words: this one has nothing to do with errno's.
    assert.throws(
      () => netlink.addAddress({ link: "a", address: "ff02::1/64" }),
      failure("SystemCallError", "EADDRNOTAVAIL", /ipv6: |Cannot assign/),
    );
    assert.throws(
      () => netlink.addAddress({ link: "absent", address: "ff02::1/64" }),
      failure("SystemCallError", "ENODEV", /No such device/),
    );
  });
});

test("what is no address fails before a message is sent", { skip }, () => {
  inLab(({ netlink }) => {
    const wrong = ["10.7.0.300/24", "10.7.0.1", "fd00::1", "a/24", "", "/"];
    for (const address of [...wrong, "10.7.0.1/-1", "fe80::1%lo/64"]) {
      for (const link of ["lo", "absent"]) {
        assert.throws(() => netlink.addAddress({ link, address }), {
          name: "TypeError",
          message:
            `Cannot add address: '${address}' is not an address with a prefix length`,
        });
        assert.throws(
          () => netlink.removeAddress({ link, address }),
          failure("TypeError", undefined, /^Cannot remove address: '/),
        );
      }
    }
    for (const address of ["10.7.0.1/33", "fd00::1/129"]) {
      assert.throws(
        () => netlink.addAddress({ link: "lo", address }),
        failure("RangeError", undefined, /longer than its address/),
      );
    }
    const v4 = { link: "absent", address: "10.7.0.1/24" };
    const v6 = { link: "absent", address: "fd00::1/64" };
    const mixed = failure("TypeError", undefined, /is not an IPv[46] address/);
    assert.throws(() => netlink.addAddress({ ...v4, peer: "fd00::2" }), mixed);
    assert.throws(() => netlink.addAddress({ ...v6, peer: "10.7.0.2" }), mixed);
    assert.throws(() => netlink.addAddress({ ...v4, broadcast: "::1" }), mixed);
    assert.throws(
      () => netlink.addAddress({ ...v4, scope: 256 }),
      failure("RangeError", undefined, /the scope is 256/),
    );
  });
});
