import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Netlink } from "../../src/sys/netlink/mod.ts";
import { createNetns } from "../../src/sys/netns.ts";
import { failure, inLab, ipIn, type Lab, skip } from "./_netlink.ts";

function addPair({ netlink }: Lab, mtu?: number): void {
  netlink.addVeth({ name: "a", peer: "b", mtu });
}

test("links are listed as ip lists them", { skip }, () => {
  inLab((lab) => {
    const { netlink, ip } = lab;
    addPair(lab, 1420);
    netlink.addLink({ name: "br", kind: "bridge" });
    netlink.addLink({ name: "br2", kind: "bridge", mtu: 9000 });
    netlink.setLink("a", { up: true, master: "br" });
    netlink.setLink("br", { up: true });
    const ours = netlink.links();
    assert.deepEqual(
      ours.map(({ name }) => name).sort(),
      ["a", "b", "br", "br2", "lo"],
    );
    const theirs = ip("-d", "link");
    assert.equal(theirs.length, ours.length);
    for (const there of theirs) {
      const link = ours.find(({ index }) => index === there.ifindex);
      assert.ok(link);
      assert.deepEqual({
        name: link.name,
        mtu: link.mtu,
        minMtu: link.minMtu,
        maxMtu: link.maxMtu,
        kind: link.kind,
        hardwareAddress: link.hardwareAddress,
        state: link.state,
        master: ours.find(({ index }) => index === link.master)?.name,
        parent: ours.find(({ index }) => index === link.parent)?.name,
        // ip leaves RUNNING out and adds words of its own.
        flags: link.flags.filter((flag) => flag !== "RUNNING").sort(),
      }, {
        name: there.ifname,
        mtu: there.mtu,
        minMtu: there.min_mtu,
        maxMtu: there.max_mtu,
        kind: there.linkinfo?.info_kind,
        hardwareAddress: there.address,
        state: there.operstate.toLowerCase(),
        master: there.master,
        parent: there.link,
        flags: there.flags.filter((flag: string) =>
          !/^(NO-CARRIER|M-DOWN)$/.test(flag)
        )
          .sort(),
      });
      assert.equal(link.up, there.flags.includes("UP"));
      assert.equal(link.lowerUp, there.flags.includes("LOWER_UP"));
      assert.equal(link.running, link.flags.includes("RUNNING"));
    }
  });
});

test("a link is found by name and by index", { skip }, () => {
  inLab(({ netlink }) => {
    assert.equal(netlink.link("lo")?.index, 1);
    assert.equal(netlink.link(1)?.name, "lo");
    assert.deepEqual(netlink.link("lo"), netlink.links()[0]);
    assert.equal(netlink.link("absent"), undefined);
    assert.equal(netlink.link(4711), undefined);
  });
});

test("a link is set up, down, renamed, and given an MTU", { skip }, () => {
  inLab((lab) => {
    const { netlink, ip } = lab;
    addPair(lab);
    netlink.setLink("b", { up: true });
    netlink.setLink("a", { name: "c", mtu: 1380, up: true });
    assert.equal(netlink.link("a"), undefined);
    const [there] = ip("link", "show", "dev", "c");
    assert.equal(there.mtu, 1380);
    assert.ok(there.flags.includes("UP"));
    assert.equal(netlink.link("c")?.lowerUp, true);
    netlink.setLink(there.ifindex, { up: false });
    assert.equal(netlink.link("c")?.up, false);
    assert.equal(netlink.link("c")?.mtu, 1380);
  });
});

test("a change of nothing changes nothing", { skip }, () => {
  inLab(({ netlink }) => {
    const before = netlink.link("lo");
    netlink.setLink("lo", {});
    assert.deepEqual(netlink.link("lo"), before);
  });
});

test("the MTU is held within the limits of the device", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addPair(lab);
    for (const mtu of [68, 65535]) {
      netlink.setLink("a", { mtu });
      assert.equal(netlink.link("a")?.mtu, mtu);
    }
    for (const mtu of [67, 65536, 0, -1, 1400.5, NaN, 2 ** 32]) {
      assert.throws(
        () => netlink.setLink("a", { mtu }),
        failure("RangeError", undefined, /Cannot change link a: the MTU is/),
      );
    }
    assert.equal(netlink.link("a")?.mtu, 65535);
    netlink.setLink("lo", { mtu: 100_000 }); // the loopback has no limit
    assert.equal(netlink.link("lo")?.mtu, 100_000);
    assert.throws(
      () => netlink.addVeth({ name: "x", peer: "y", mtu: 65536 }),
      failure("RangeError", undefined, /Cannot add veth x with peer y/),
    );
    assert.throws(
      () => netlink.addLink({ name: "x", kind: "bridge", mtu: 70_000 }),
      failure("SystemCallError", "EINVAL", /mtu greater than device maximum/),
    );
  });
});

test("a veth reaches from one namespace into another", { skip }, () => {
  inLab(({ netlink, ip }) => {
    const far = createNetns();
    const there = Netlink.open({ netns: far.fd });
    try {
      netlink.addVeth({
        name: "near",
        peer: "far",
        peerNetns: far.fd,
        mtu: 1400,
      });
      assert.equal(netlink.link("far"), undefined);
      assert.equal(there.link("near"), undefined);
      assert.equal(there.link("far")?.mtu, 1400);
      assert.equal(there.link("far")?.kind, "veth");
      netlink.setLink("near", { up: true });
      there.setLink("far", { up: true });
      assert.equal(netlink.link("near")?.lowerUp, true);
      assert.equal(ipIn(far.fd, "link", "show", "dev", "far").length, 1);
      netlink.removeLink("near");
      assert.equal(there.link("far"), undefined);
      assert.equal(ip("link").length, 1);
    } finally {
      there.close();
      far.close();
    }
  });
});

test("a link is moved to another namespace", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    const far = createNetns();
    const there = Netlink.open({ netns: far.fd });
    try {
      addPair(lab);
      netlink.setLink("b", { netns: far.fd, name: "moved" });
      assert.equal(netlink.link("b"), undefined);
      assert.equal(there.link("moved")?.up, false);
      const bad = { netns: 0 };
      assert.throws(
        () => netlink.setLink("a", bad),
        failure("SystemCallError", "EINVAL", /Cannot change link a/),
      );
    } finally {
      there.close();
      far.close();
    }
  });
});

test("a port is taken off its bridge", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addPair(lab);
    netlink.addLink({ name: "br", kind: "bridge" });
    netlink.setLink("a", { master: "br" });
    assert.equal(netlink.link("a")?.master, netlink.link("br")?.index);
    netlink.setLink("a", { master: null });
    assert.equal(netlink.link("a")?.master, undefined);
  });
});

test("what was added or listed can be removed", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    const veth = { name: "a", peer: "b" };
    netlink.addVeth(veth);
    netlink.removeLink(veth);
    const bridge = { name: "br", kind: "bridge" };
    netlink.addLink(bridge);
    netlink.removeLink(bridge);
    addPair(lab);
    const [listed] = netlink.links().filter(({ kind }) => kind === "veth");
    netlink.removeLink(listed);
    addPair(lab);
    netlink.removeLink("b");
    assert.deepEqual(netlink.links().map(({ name }) => name), ["lo"]);
  });
});

test("the kernel's refusals name the link and the reason", { skip }, () => {
  inLab((lab) => {
    const { netlink } = lab;
    addPair(lab);
    assert.throws(
      () => addPair(lab),
      failure(
        "SystemCallError",
        "EEXIST",
        /^Cannot add veth a with peer b: File exists \(EEXIST, RTM_NEWLINK\)$/,
      ),
    );
    assert.throws(
      () => netlink.addLink({ name: "x", kind: "no-such-kind" }),
      failure("SystemCallError", "ENOTSUP", /Unknown device type/),
    );
    assert.throws(
      () => netlink.setLink("absent", { up: true }),
      failure(
        "SystemCallError",
        "ENODEV",
        /^Cannot change link absent: No such device/,
      ),
    );
    assert.throws(
      () => netlink.removeLink(4711),
      failure("SystemCallError", "ENODEV", /^Cannot remove link 4711/),
    );
    assert.throws(
      () => netlink.setLink("a", { name: "b" }),
      failure("SystemCallError", "EEXIST", /^Cannot change link a/),
    );
    assert.throws(
      () => netlink.removeLink("lo"),
      failure("SystemCallError", "ENOTSUP", /^Cannot remove link lo/),
    );
  });
});

test("names that no link can have are refused at once", { skip }, () => {
  inLab(({ netlink }) => {
    const wrong = ["", ".", "..", "a/b", "a:b", "a b", "tun%d", "a\0b"];
    for (const name of [...wrong, "sixteen-bytes-xx", "ünüýþ-ðøåæœ"]) {
      const isWrong = failure("TypeError", undefined, /is not a link name/);
      assert.throws(() => netlink.link(name), isWrong);
      assert.throws(() => netlink.addVeth({ name, peer: "b" }), isWrong);
      assert.throws(() => netlink.addVeth({ name: "a", peer: name }), isWrong);
      assert.throws(() => netlink.setLink("lo", { name }), isWrong);
    }
    for (const index of [0, -1, 1.5, NaN, 2 ** 31]) {
      assert.throws(() => netlink.link(index), RangeError);
    }
    assert.throws(() => netlink.setLink("lo", { netns: -1 }), RangeError);
    netlink.addVeth({ name: "fifteen-bytes-x", peer: "ünü" });
    assert.equal(netlink.link("ünü")?.name, "ünü");
  });
});
