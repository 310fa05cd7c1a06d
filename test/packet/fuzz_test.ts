import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketError, parseAddress } from "../../src/packet/mod.ts";
import { parseEndpoint, parsePrefix } from "../../src/packet/mod.ts";
import { fuzz, parsers } from "./_fuzz.ts";
import { Random } from "./_util.ts";

/** Inputs per parser; a nightly task calls `fuzz` with a million. */
const COUNT = 10_000;

for (const name of Object.keys(parsers)) {
  test(`${name} reads any bytes without throwing or leaving its bounds`, () => {
    const parsed = fuzz(name, COUNT);
    assert(parsed > COUNT / 10, `only ${parsed} inputs were parsed`);
  });
}

test("text parsers throw nothing but TypeError and RangeError", () => {
  const random = new Random(18);
  const pieces = [..."0123456789abcdef:.%/[] -xé", "::", "255", "fe80::1"];
  for (let i = 0; i < COUNT; i++) {
    let text = "";
    for (let n = random.below(12); n > 0; n--) text += random.pick(pieces);
    parseAddress(text);
    for (const parse of [parsePrefix, parseEndpoint]) {
      try {
        parse(text);
      } catch (error) {
        assert(error instanceof TypeError || error instanceof RangeError);
        assert(!(error instanceof PacketError));
      }
    }
  }
});
