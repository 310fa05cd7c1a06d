import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { test } from "node:test";
import {
  createNetns,
  Netlink,
  UdpSocket,
  withNetns,
} from "../../src/sys/mod.ts";
import { lacks } from "../_support/lacks.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { skip } from "../lab/icmp_namespace.ts";
import { errorOf, moduleUrl, runCode, withoutPrivilege } from "./_child.ts";

const here = () => readlinkSync("/proc/thread-self/ns/net");

test("createNetns makes one with nothing in it but loopback, and stays home", {
  skip,
}, async () => {
  await leavesNothing([], () => {
    const home = here();
    const netns = createNetns();
    assert.equal(here(), home);
    assert.notEqual(readlinkSync(`/proc/self/fd/${netns.fd}`), home);
    const netlink = Netlink.open({ netns: netns.fd });
    assert.deepEqual(netlink.links().map(({ name, up }) => [name, up]), [
      ["lo", false],
    ]);
    netlink.close();
    netns.close();
    netns.close();
  });
});

test("withNetns works by descriptor, and by path", { skip }, async () => {
  await leavesNothing([], () => {
    using netns = createNetns();
    const home = here();
    const inside = readlinkSync(`/proc/self/fd/${netns.fd}`);
    assert.notEqual(inside, home);
    assert.equal(withNetns(netns.fd, here), inside);
    assert.equal(here(), home);
    assert.equal(withNetns(`/proc/self/fd/${netns.fd}`, here), inside);
    assert.equal(here(), home);
    assert.equal(withNetns(undefined, here), home);
  });
});

test("withNetns works by the name that 'ip netns' gives", {
  skip: skip || lacks("unshare", "mount"),
}, () => {
  const script = `
    mount -t tmpfs none /run && mkdir /run/netns && : > /run/netns/there
    unshare -n sh -c 'readlink /proc/self/ns/net > /run/there
      mount --bind /proc/self/ns/net /run/netns/there'
    exec "$@"`;
  const { home, inside, there, after } = runCode(
    `import { withNetns } from "${moduleUrl("src/sys/mod")}";
     import { readFileSync, readlinkSync } from "node:fs";
     const here = () => readlinkSync("/proc/thread-self/ns/net");
     report({
       home: here(), inside: withNetns("there", here), after: here(),
       there: readFileSync("/run/there", "utf8").trim(),
     });`,
    { wrapper: ["unshare", "-m", "sh", "-ec", script, "sh"] },
  );
  assert.equal(inside, there);
  assert.notEqual(inside, home);
  assert.equal(after, home);
});

test("withNetns comes home also from a failure", { skip }, async () => {
  await leavesNothing([], () => {
    using netns = createNetns();
    const home = here();
    const failure = new Error("inside");
    assert.throws(() =>
      withNetns(netns.fd, () => {
        throw failure;
      }), failure);
    assert.equal(here(), home);
    // Nested, and failing within.
    using other = createNetns();
    assert.throws(() =>
      withNetns(netns.fd, () => {
        const outer = here();
        assert.throws(() => withNetns(other.fd, () => withNetns(-1, here)));
        assert.equal(here(), outer);
        throw failure;
      }), failure);
    assert.equal(here(), home);
  });
});

test(
  "what is opened inside stays there, and works from outside",
  { skip },
  async () => {
    await leavesNothing([], () => {
      using netns = createNetns();
      const netlink = Netlink.open({ netns: netns.fd });
      netlink.setLink("lo", { up: true });
      netlink.addAddress({ link: "lo", address: "192.0.2.77/32" });
      netlink.close();
      const local = { address: "192.0.2.77", port: 7001 };
      assert.throws(() => UdpSocket.open({ local }), { code: "EADDRNOTAVAIL" });
      const socket = UdpSocket.open({ local, netns: netns.fd });
      assert.deepEqual(socket.local, local);
      socket.close();
    });
  },
);

for (
  const [what, netns, code, text] of [
    [
      "a name that is not there",
      "nowhere",
      "ENOENT",
      /^Cannot open network namespace 'nowhere': .*; there is no \/run\/netns\/nowhere/,
    ],
    ["a path that is not there", "/proc/0/ns/net", "ENOENT", /'\/proc\/0\/ns/],
    ["a file that is none", "/proc/self/status", "EINVAL", /^Cannot enter/],
    ["a namespace of another kind", "/proc/self/ns/uts", "EINVAL", /^Cannot/],
    ["a descriptor that is none", 0, /EINVAL|EBADF/, /^Cannot enter .* 0: /],
    ["a closed descriptor", 9999, "EBADF", /^Cannot enter .* 9999: /],
    ["a name that would leave the folder", "..", /EINVAL|ENOENT/, /\.\./],
    ["no name at all", "", /EINVAL|ENOENT/, /''|""/],
  ] as const
) {
  test(`withNetns refuses ${what}`, async () => {
    await leavesNothing([], () => {
      const home = here();
      let ran = false;
      assert.throws(() => withNetns(netns, () => ran = true), {
        name: "SystemCallError",
        code,
        message: text,
      });
      assert.equal(ran, false);
      assert.equal(here(), home);
    });
  });
}

test("withNetns refuses a name with a zero in it", () => {
  assert.throws(() => withNetns("a\0b", here), { name: "TypeError" });
});

test(
  "without privilege no namespace can be made or entered, and it says what would help",
  {
    skip: skip || lacks("setpriv"),
  },
  () => {
    const created = runCode(
      errorOf("src/sys/mod", "createNetns", "createNetns()"),
      { wrapper: withoutPrivilege },
    );
    assert.equal(created.name, "PermissionError");
    assert.equal(created.syscall, "unshare");
    assert.match(
      created.message,
      /^Cannot make a network namespace: Operation not permitted \(EPERM, unshare\); run as root, with CAP_SYS_ADMIN, or .*unshare -Urnm COMMAND$/,
    );
    const entered = runCode(
      errorOf(
        "src/sys/mod",
        "withNetns",
        `withNetns("/proc/self/ns/net", () => {})`,
      ),
      { wrapper: withoutPrivilege },
    );
    assert.equal(entered.name, "PermissionError");
    assert.equal(entered.syscall, "setns");
    assert.match(entered.message, /^Cannot enter network namespace .*; run as/);
  },
);

test(
  "a process that may open nothing more stays where it was",
  { skip },
  () => {
    const { code, before, after } = runCode(
      `import { createNetns } from "${moduleUrl("src/sys/mod")}";
     import { libc } from "${moduleUrl("src/sys/ffi")}";
     import { readlinkSync } from "node:fs";
     const here = () => readlinkSync("/proc/thread-self/ns/net");
     const before = here();
     createNetns().close();
     const held = [];
     for (let fd = 0; fd >= 0;) held.push(fd = libc().eventfd(0, 0));
     held.pop();
     // Room for the way home, none for the new one.
     libc().close(held.pop());
     let code;
     try { createNetns(); } catch (e) { code = e.code; }
     for (const fd of held) libc().close(fd);
     report({ code, before, after: here() });`,
      { wrapper: ["prlimit", "--nofile=128:128"] },
    );
    assert.equal(code, "EMFILE");
    assert.equal(after, before);
  },
);
