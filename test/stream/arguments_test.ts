import assert from "node:assert/strict";
import { test } from "node:test";
import {
  abortable,
  batch,
  buffer,
  filter,
  map,
  merge,
  pipe,
  share,
  take,
  tap,
  tee,
  throttle,
  timeout,
} from "../../src/stream/mod.ts";

// deno-lint-ignore no-explicit-any
const bad = (value: unknown): any => value;

const cases: [string, () => unknown, ErrorConstructor, string][] = [
  [
    "map without a function",
    () => map(bad(5)),
    TypeError,
    "Cannot map: 'fn' must be a function, current value is 5",
  ],
  [
    "filter without a function",
    () => filter(bad("x")),
    TypeError,
    "Cannot filter: 'predicate' must be a function, current value is \"x\"",
  ],
  [
    "tap without a function",
    () => tap(bad(undefined)),
    TypeError,
    "Cannot tap: 'fn' must be a function, current value is undefined",
  ],
  [
    "take of a negative number",
    () => take(-1),
    RangeError,
    "Cannot take: 'n' must be a non-negative integer, current value is -1",
  ],
  [
    "take of a fraction",
    () => take(1.5),
    RangeError,
    "Cannot take: 'n' must be a non-negative integer, current value is 1.5",
  ],
  [
    "take of a string",
    () => take(bad("2")),
    TypeError,
    "Cannot take: 'n' must be a non-negative integer, current value is \"2\"",
  ],
  [
    "batch of size 0",
    () => batch({ size: 0 }),
    RangeError,
    "Cannot batch: 'size' must be a positive integer, current value is 0",
  ],
  [
    "batch within a negative time",
    () => batch({ size: 1, within: -1 }),
    RangeError,
    "Cannot batch: 'within' must be a number from 0 to 2147483647, current value is -1",
  ],
  [
    "batch with something else as signal",
    () => batch({ size: 1, signal: bad({}) }),
    TypeError,
    "Cannot make abortable: 'signal' must be an AbortSignal, current value is [object Object]",
  ],
  [
    "throttle with neither rate nor interval",
    () => throttle({}),
    TypeError,
    "Cannot throttle: exactly one of 'rate' and 'interval' must be given",
  ],
  [
    "throttle with both rate and interval",
    () => throttle({ rate: 1, interval: 1 }),
    TypeError,
    "Cannot throttle: exactly one of 'rate' and 'interval' must be given",
  ],
  [
    "throttle at rate 0",
    () => throttle({ rate: 0 }),
    RangeError,
    "Cannot throttle: 'rate' must be a positive number up to 2147483647, current value is 0",
  ],
  [
    "throttle at an infinite interval",
    () => throttle({ interval: Infinity }),
    RangeError,
    "Cannot throttle: 'interval' must be a positive number up to 2147483647, current value is Infinity",
  ],
  [
    "throttle at a rate too low for a timer",
    () => throttle({ rate: 2 ** -30 }),
    RangeError,
    "Cannot throttle: '1000 / rate' must be a positive number up to 2147483647, current value is 1073741824000",
  ],
  [
    "timeout after no time",
    () => timeout(0),
    RangeError,
    "Cannot time out: 'ms' must be a positive number up to 2147483647, current value is 0",
  ],
  [
    "timeout after NaN",
    () => timeout(NaN),
    RangeError,
    "Cannot time out: 'ms' must be a positive number up to 2147483647, current value is NaN",
  ],
  [
    "timeout after longer than a timer can wait",
    () => timeout(2 ** 31),
    RangeError,
    "Cannot time out: 'ms' must be a positive number up to 2147483647, current value is 2147483648",
  ],
  [
    "buffer of capacity 0",
    () => buffer({ capacity: 0 }),
    RangeError,
    "Cannot buffer: 'capacity' must be a positive integer, current value is 0",
  ],
  [
    "buffer with an unknown policy",
    () => buffer({ capacity: 1, policy: bad("drop") }),
    TypeError,
    'Cannot buffer: \'policy\' must be one of "block", "drop-oldest", "drop-newest", current value is "drop"',
  ],
  [
    "buffer with something else as onDrop",
    () => buffer({ capacity: 1, onDrop: bad(null) }),
    TypeError,
    "Cannot buffer: 'onDrop' must be a function, current value is null",
  ],
  [
    "abortable without a signal",
    () => abortable(bad(undefined)),
    TypeError,
    "Cannot make abortable: 'signal' must be an AbortSignal, current value is undefined",
  ],
  [
    "merge of something not iterable",
    () => merge([1], bad(2)),
    TypeError,
    "Cannot merge: 'sources[1]' must be an iterable or async iterable, current value is 2",
  ],
  [
    "tee into no branch",
    () => tee([1], 0),
    RangeError,
    "Cannot tee: 'n' must be a positive integer, current value is 0",
  ],
  [
    "tee with a fraction as capacity",
    () => tee([1], 2, { capacity: 0.5 }),
    RangeError,
    "Cannot tee: 'capacity' must be a positive integer, current value is 0.5",
  ],
  [
    "tee of something not iterable",
    () => tee(bad(null), 2),
    TypeError,
    "Cannot tee: 'source' must be an iterable or async iterable, current value is null",
  ],
  [
    "share with the policy to block",
    () => share([1], { policy: bad("block") }),
    TypeError,
    'Cannot share: \'policy\' must be one of "drop-oldest", "drop-newest", current value is "block"',
  ],
  [
    "share of something not iterable",
    () => share(bad(() => {})),
    TypeError,
    "Cannot share: 'source' must be an iterable or async iterable, current value is a function",
  ],
  [
    "pipe from something not iterable",
    () => pipe(bad(undefined), map((n) => n)),
    TypeError,
    "Cannot pipe: 'source' must be an iterable or async iterable, current value is undefined",
  ],
  [
    "pipe through something not a function",
    () => pipe([1], map((n) => n), bad([])),
    TypeError,
    "Cannot pipe: 'stages[1]' must be a function, current value is [object Array]",
  ],
];

for (const [what, create, Class, message] of cases) {
  test(`${what} throws at once`, () => {
    assert.throws(create, { name: Class.name, message });
  });
}
