import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { Exchange } from "../../src/sys/netlink/exchange.ts";
import { MessageWriter } from "../../src/sys/netlink/message.ts";
import { Netlink } from "../../src/sys/netlink/mod.ts";
import { openNetlinkSocket } from "../../src/sys/netlink/socket.ts";
import { failure, inLab, ipIn, type Lab, skip } from "./_netlink.ts";

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Everything there is, once, for both families. */
function useAll({ netlink }: Lab): void {
  netlink.addVeth({ name: "a", peer: "b" });
  for (const link of ["a", "b"]) netlink.setLink(link, { up: true });
  for (
    const [family, address, destination, gateway, far] of [
      [4, "10.7.0.1/24", "0.0.0.0/0", "10.7.0.2", "192.0.2.1"],
      [6, "fd00::1/64", "::/0", "fd00::2", "2001:db8::1"],
    ] as const
  ) {
    netlink.addAddress({ link: "a", address });
    netlink.addRoute({ destination, gateway });
    netlink.addRule({ family, table: 100 });
    assert.equal(netlink.routeTo(far).gateway, gateway);
    assert.throws(() => netlink.addRule({ family, table: 100, iif: "" }));
    assert.throws(() => netlink.addAddress({ link: "absent", address }));
    netlink.removeRule({ family, table: 100 });
    netlink.removeRoute({ destination, gateway });
    netlink.removeAddress({ link: "a", address });
  }
  netlink.removeLink("a");
}

test("no descriptor stays open", { skip }, () => {
  inLab(useAll);
  const before = openDescriptors();
  for (let i = 0; i < 20; i++) inLab(useAll);
  assert.throws(() => Netlink.open({ netns: "no-such-namespace" }));
  assert.throws(() => Netlink.open({ netns: 0x7ffffff }));
  assert.equal(openDescriptors(), before);
});

test("this process's own namespace is not touched", { skip }, () => {
  // deno-lint-ignore no-explicit-any
  const lasting = (link: any) => ({
    ...link,
    // deno-lint-ignore no-explicit-any
    addr_info: link.addr_info.map((info: any) => info.local),
  });
  const look = () => ({
    addresses: ipIn(undefined, "addr").map(lasting),
    routes: ["-4", "-6"].map((family) =>
      ipIn(undefined, family, "route", "show", "table", "all")
        .map(({ dst, dev, gateway, table }) => ({ dst, dev, gateway, table }))
    ),
    rules: ["-4", "-6"].map((family) => ipIn(undefined, family, "rule")),
  });
  const before = look();
  inLab((lab) => {
    useAll(lab);
    lab.netlink.addVeth({ name: "a", peer: "b" });
    assert.deepEqual(look(), before);
  });
  assert.deepEqual(look(), before);
});

test("without a namespace it works in the thread's own", () => {
  const netlink = Netlink.open();
  try {
    assert.equal(netlink.link("lo")?.index, 1);
    assert.ok(netlink.links().length >= 1);
    netlink.addresses();
    netlink.routes();
    netlink.rules();
  } finally {
    netlink.close();
  }
});

test("after closing, a call fails and a second close does nothing", () => {
  const netlink = Netlink.open();
  netlink.close();
  netlink.close();
  netlink[Symbol.dispose]();
  assert.throws(
    () => netlink.links(),
    failure("SystemCallError", "EBADF", /^Cannot list links: Bad file/),
  );
});

test("after an error the next call is answered as ever", { skip }, () => {
  inLab(({ netlink }) => {
    for (let i = 0; i < 50; i++) {
      assert.throws(() => netlink.setLink("absent", { up: true }));
      assert.throws(() => netlink.removeRule({ family: 4, table: 9 }));
      assert.equal(netlink.links().length, 1);
      assert.deepEqual(netlink.routes({ table: 4711 }), []);
    }
  });
});

test("a message larger than the room kept for it is whole", { skip }, () => {
  inLab(({ netlink, fd, ip }) => {
    // struct ifinfomsg of index 1, then other names for lo in IFLA_PROP_LIST
    const request = new MessageWriter(108).u32(0).u32(1).u32(0).u32(0);
    request.nest(52, () => {
      for (let i = 0; i < 300; i++) {
        request.attributeText(53, `${i}-`.padEnd(126, "x"));
      }
    });
    const socket = openNetlinkSocket(fd);
    new Exchange(socket).change(request, "Cannot name lo", 0x600);
    socket.close();
    assert.equal(ip("link", "show", "dev", "lo")[0].altnames.length, 300);
    assert.equal(netlink.link("lo")?.mtu, 65536);
    assert.deepEqual(netlink.links(), [netlink.link(1)]);
  });
});
