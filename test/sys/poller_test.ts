import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { Batch } from "../../src/packet/mod.ts";
import { BlockingPoller } from "../../src/sys/blocking_poller.ts";
import { breath } from "../../src/sys/breath.ts";
import { check, cString } from "../../src/sys/call.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../../src/sys/constants.ts";
import { Descriptor } from "../../src/sys/descriptor.ts";
import { EventFd } from "../../src/sys/eventfd.ts";
import { libc } from "../../src/sys/ffi.ts";
import { UdpSocket } from "../../src/sys/udp_socket.ts";
import { leavesNothing } from "../lab/leftovers.ts";
import { moduleUrl, runCode } from "./_child.ts";

const local = { address: "127.0.0.1", port: 0 };
const tick = new Uint8Array([1]);

/** Two sockets that speak to each other; `buffer` bytes each. */
function pair(bufferSize?: number) {
  const a = UdpSocket.open({ local, bufferSize });
  const b = UdpSocket.open({ local, remote: a.local, bufferSize });
  const batch = new Batch({ capacity: 64, slotSize: 2048 });
  return {
    a,
    b,
    send(): void {
      batch.clear();
      batch.push(tick);
      b.write(batch);
    },
    drain(): number {
      batch.clear();
      return a.read(batch);
    },
    [Symbol.dispose](): void {
      a.close();
      b.close();
    },
  };
}

/** Whether a promise is settled after 20 ms, and how. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  return await Promise.race([
    promise.then(() => "resolved", (reason) => `rejected: ${reason}`),
    sleep(20, "pending"),
  ]);
}

test("readable resolves when something comes, and not before", async () => {
  using link = pair();
  const waiting = link.a.readable();
  assert.equal(await stateOf(waiting), "pending");
  link.send();
  assert.equal(await stateOf(waiting), "resolved");
  assert.equal(link.drain(), 1);
});

test("readable resolves at once when something is there already", async () => {
  using link = pair();
  link.send();
  await link.a.readable();
  // Looked at but not taken: it still is.
  await link.a.readable();
  assert.equal(link.drain(), 1);
  assert.equal(await stateOf(link.a.readable()), "pending");
});

test("writable resolves when there is room, and not before", async () => {
  const [reader, writer] = pipe();
  const chunk = new Uint8Array(new ArrayBuffer(1 << 16));
  assert.equal(await stateOf(writer.writable()), "resolved");
  while (libc().write(writer.fd, chunk, chunk.length) > 0);
  const waiting = writer.writable();
  assert.equal(await stateOf(waiting), "pending");
  while (libc().read(reader.fd, chunk, chunk.length) > 0);
  assert.equal(await stateOf(waiting), "resolved");
  reader.close();
  writer.close();
});

test("an end that hangs up wakes whoever waits", async () => {
  const [reader, writer] = pipe();
  const waiting = reader.readable();
  assert.equal(await stateOf(waiting), "pending");
  writer.close();
  assert.equal(await stateOf(waiting), "resolved");
  reader.close();
});

test("abort ends a wait with the signal's reason", async () => {
  using link = pair();
  const controller = new AbortController();
  const aborted = link.a.readable(controller.signal);
  const other = link.a.readable();
  controller.abort(new Error("enough"));
  await assert.rejects(aborted, { message: "enough" });
  assert.equal(await stateOf(other), "pending");
  link.send();
  await other;
  await assert.rejects(link.a.readable(controller.signal), {
    message: "enough",
  });
  link.drain();
  // Nor does a signal that comes too late do harm.
  const late = new AbortController();
  link.send();
  await link.a.readable(late.signal);
  late.abort();
  link.drain();
  assert.equal(await stateOf(link.a.readable()), "pending");
});

test("closing wakes whoever waits, and the next read finds it closed", async () => {
  using link = pair();
  const waits = [link.a.readable(), link.a.readable(), link.a.writable()];
  await sleep(20);
  link.a.close();
  await Promise.all(waits);
  assert.equal(link.a.fd, -1);
  assert.throws(() => link.drain(), { code: "EBADF", syscall: "recvmmsg" });
  link.a.close();
});

test("several waits on one descriptor all end", async () => {
  using link = pair();
  const waits = Array.from({ length: 5 }, () => link.a.readable());
  // Room to write does not wake those who wait to read.
  await link.a.writable();
  for (const wait of waits) assert.equal(await stateOf(wait), "pending");
  link.send();
  await Promise.all(waits);
});

test("of many descriptors those that are ready are told, more than one epoll_wait brings", async () => {
  const links = Array.from({ length: 150 }, () => pair(4096));
  const told = new Set<number>();
  const waits = links.map(({ a }, i) => a.readable().then(() => told.add(i)));
  await sleep(20);
  assert.equal(told.size, 0);
  links.forEach((link, i) => i % 2 && link.send());
  await Promise.all(waits.filter((_, i) => i % 2));
  await sleep(20);
  assert.equal(told.size, 75);
  assert.ok([...told].every((i) => i % 2));
  for (const link of links) link[Symbol.dispose]();
  await Promise.all(waits);
});

test("a descriptor that takes a closed one's number is not confused with it", async () => {
  using first = pair();
  const old = first.a.readable();
  const { fd } = first.a;
  first.a.close();
  using second = pair();
  assert.equal(second.a.fd, fd);
  await old;
  const fresh = second.a.readable();
  assert.equal(await stateOf(fresh), "pending");
  second.send();
  await fresh;
});

test("idle waiting costs no processor time", async () => {
  using link = pair();
  const waits = [link.a.readable(), link.b.readable()];
  await sleep(100);
  const before = process.cpuUsage();
  await sleep(1000);
  const { user, system } = process.cpuUsage(before);
  link[Symbol.dispose]();
  await Promise.all(waits);
  // 3 % of a core, three times what is asked, for the noise of others.
  assert.ok(user + system < 30_000, `${user + system} µs in 1 s`);
});

test("after any use of the poller nothing is left open", async () => {
  await leavesNothing([], async () => {
    for (let i = 0; i < 50; i++) {
      const link = pair();
      const controller = new AbortController();
      const waits = [
        link.a.readable(),
        link.a.readable(controller.signal).catch(() => {}),
        link.b.writable(),
      ];
      if (i % 2) await sleep(0);
      if (i % 3) controller.abort();
      if (i % 5) link.send();
      if (i % 7) await link.b.writable();
      link[Symbol.dispose]();
      await Promise.all(waits);
      controller.abort();
    }
  });
});

test("an aborted wait does not keep its process from ending", () => {
  const start = performance.now();
  const ended = runCode(
    `import { UdpSocket } from "${moduleUrl("src/sys/mod")}";
     const local = { address: "127.0.0.1", port: 0 };
     const socket = UdpSocket.open({ local });
     const controller = new AbortController();
     const waiting = socket.readable(controller.signal);
     setTimeout(() => controller.abort(), 50);
     await waiting.catch(() => report("aborted"));`,
  );
  assert.equal(ended, "aborted");
  assert.ok(performance.now() - start < 10_000);
});

test("asking a closed descriptor whether it is ready leaves nothing open", async () => {
  await leavesNothing([], async () => {
    for (let i = 0; i < 10; i++) {
      const socket = UdpSocket.open({ local });
      socket.close();
      await socket.readable();
      await socket.writable();
    }
  });
});

test("what cannot be polled says so and leaves nothing open", async () => {
  await leavesNothing([], () => {
    const file = openFile(fileURLToPath(import.meta.url), 0);
    assert.throws(() => file.readable(), {
      code: "EPERM",
      syscall: "epoll_ctl",
    });
    file.close();
    const stranger = new End(9999);
    assert.throws(() => stranger.readable(), { code: "EBADF" });
  });
});

test("a busy loop that breathes lets timers fire on time", async () => {
  using link = pair();
  let turns = 0, longest = 0, last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    turns++;
  }, 5);
  const end = performance.now() + 300;
  let reads = 0;
  while (performance.now() < end) {
    link.send();
    await link.a.readable();
    reads += link.drain();
    await breath();
  }
  clearInterval(timer);
  assert.ok(reads > 500, `${reads} reads`);
  assert.ok(turns >= 20, `${turns} turns of a timer of 5 ms in 300 ms`);
  assert.ok(longest < 100, `${longest} ms without a turn`);
});

test("breath has nothing to wait for until a turn is due", async () => {
  await breath();
  await new Promise((resolve) => setImmediate(resolve));
  let isFresh = false;
  for (let i = 0; i < 20 && !isFresh; i++) {
    while (breath() === undefined);
    await breath();
    // Unless this thread was held up just now.
    isFresh = breath() === undefined;
  }
  assert.ok(isFresh);
  const start = performance.now();
  while (performance.now() - start < 3);
  assert.ok(breath() instanceof Promise);
});

test("a blocking poller waits for what it watches and for its time", () => {
  using link = pair();
  const poller = new BlockingPoller();
  poller.watch(link.a.fd, true, false);
  let start = performance.now();
  poller.wait(30);
  assert.ok(performance.now() - start >= 25);
  link.send();
  start = performance.now();
  poller.wait(5000);
  assert.ok(performance.now() - start < 1000);
  // No longer asked to read: what is there does not wake it.
  poller.watch(link.a.fd, false, false);
  start = performance.now();
  poller.wait(30);
  assert.ok(performance.now() - start >= 25);
  poller.close();
});

test("an eventfd is readable from signal to clear", async () => {
  const event = new EventFd();
  const watched = new End(event.fd);
  const waiting = watched.readable();
  assert.equal(await stateOf(waiting), "pending");
  event.signal();
  event.signal();
  await waiting;
  event.clear();
  assert.equal(await stateOf(watched.readable()), "pending");
  watched.close();
});

class End extends Descriptor {}

function openFile(path: string, flags: number): End {
  const fd = libc().open(cString(path), flags | O_NONBLOCK | O_CLOEXEC, 0);
  return new End(check(fd, "open", path));
}

/** A pipe whose ends do not wait, the reader first. */
function pipe(): [End, End] {
  const folder = mkdtempSync(join(tmpdir(), "echoduct-"));
  try {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", [path]);
    return [openFile(path, 0), openFile(path, 1)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
