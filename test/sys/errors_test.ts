import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { errnoMessage, errnoName, errnoNumber } from "../../src/sys/errno.ts";
import {
  errno,
  PermissionError,
  SystemCallError,
  UnsupportedPlatformError,
} from "../../src/sys/errors.ts";
import { cString } from "../../src/sys/call.ts";

test("errno numbers and names are the system's own", () => {
  const known = Object.entries(constants.errno);
  assert.ok(known.length > 50);
  // Second names of numbers that are known by their first.
  const aliases = new Set(["EWOULDBLOCK", "EOPNOTSUPP"]);
  for (const [name, number] of known.filter(([name]) => !aliases.has(name))) {
    assert.equal(errnoNumber(name), number, name);
    assert.equal(errnoName(number), name);
  }
});

test("every errno up to ERFKILL has a name and a meaning", () => {
  const gaps = new Set([41, 58]);
  for (let number = 1; number <= 132; number++) {
    if (gaps.has(number)) continue;
    assert.match(errnoName(number), /^E[A-Z0-9]*[A-Z][A-Z0-9]*$/);
    assert.doesNotMatch(errnoMessage(number), /^Unknown/, `${number}`);
    assert.equal(errnoNumber(errnoName(number)), number);
  }
});

test("an errno without a name keeps its number", () => {
  assert.equal(errnoName(4095), "E4095");
  assert.equal(errnoMessage(4095), "Unknown error 4095");
  assert.throws(() => errnoNumber("ENONSENSE"), TypeError);
});

test("a SystemCallError tells what, why, and by which call", () => {
  const error = new SystemCallError("bind", 98, "Cannot bind port 53");
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.syscall, error.errno],
    ["SystemCallError", "EADDRINUSE", "bind", 98],
  );
  assert.equal(
    error.message,
    "Cannot bind port 53: Address already in use (EADDRINUSE, bind)",
  );
  assert.match(String(error), /^SystemCallError: Cannot bind/);
});

test("a SystemCallError prefers the kernel's own words", () => {
  const error = new SystemCallError("ioctl", 16, "Cannot", "it is taken");
  assert.equal(error.message, "Cannot: it is taken (EBUSY, ioctl)");
});

test("a PermissionError says what would help", () => {
  const error = new PermissionError("setns", 1, "Cannot enter", "be root");
  assert.ok(error instanceof SystemCallError);
  assert.deepEqual(
    [error.name, error.code, error.syscall, error.errno, error.remedy],
    ["PermissionError", "EPERM", "setns", 1, "be root"],
  );
  assert.equal(
    error.message,
    "Cannot enter: Operation not permitted (EPERM, setns); be root",
  );
});

test("an UnsupportedPlatformError keeps its cause", () => {
  const cause = new Error("dlopen");
  const error = new UnsupportedPlatformError("no libc", { cause });
  assert.equal(error.name, "UnsupportedPlatformError");
  assert.equal(error.cause, cause);
});

test("the data path's error numbers are Linux's", () => {
  for (const [name, number] of Object.entries(errno)) {
    assert.equal(errnoName(number), name);
  }
  assert.equal(errno.EAGAIN, 11);
  assert.equal(errno.EBADFD, 77);
});

test("text for C ends with its only zero", () => {
  assert.deepEqual([...cString("aé")], [97, 0xc3, 0xa9, 0]);
  assert.throws(() => cString("a\0b"), {
    name: "TypeError",
    message: /a\\u0000b/,
  });
});
