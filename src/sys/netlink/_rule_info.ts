/** Rules read from messages. */
import { formatAddress } from "../../packet/mod.ts";
import { familyOf, maxU32 } from "./_check.ts";
import * as c from "./constants.ts";
import {
  Attributes,
  type Message,
  readU16,
  readU32,
  readU8,
} from "./message.ts";
import type { RuleAction, RuleInfo } from "./rule.ts";

const headerSize = 12; // struct fib_rule_hdr

/** `FR_ACT_*`. */
const actions = new Map<RuleAction, number>([
  ["lookup", 1],
  ["goto", 2],
  ["nop", 3],
  ["blackhole", 6],
  ["unreachable", 7],
  ["prohibit", 8],
]);
const actionNames = new Map([...actions].map(([name, i]) => [i, name]));

export function ruleActionNumber(action: RuleAction, what: string): number {
  const number = actions.get(action);
  if (number !== undefined) return number;
  throw new TypeError(`${what}: '${action}' is not an action of a rule`);
}

/**
 * Reads a rule; `undefined` where it is not one of IP.
 *
 * @throws {RangeError} If the message is not one of a rule.
 */
export function parseRule({ body }: Message): RuleInfo | undefined {
  const family = familyOf(readU8(body, 0));
  const action = actionNames.get(readU8(body, 7));
  const flags = readU32(body, 8);
  const attributes = new Attributes(body, headerSize);
  if (family === undefined || action === undefined) return undefined;
  const table = attributes.u32(c.FRA_TABLE) ?? readU8(body, 4);
  const mask = attributes.u32(c.FRA_FWMASK);
  const suppressed = attributes.u32(c.FRA_SUPPRESS_PREFIXLEN) ?? maxU32;
  const to = attributes.bytes(c.FRA_DST);
  const from = attributes.bytes(c.FRA_SRC);
  const users = attributes.bytes(c.FRA_UID_RANGE);
  return withoutMissing({
    family,
    priority: attributes.u32(c.FRA_PRIORITY) ?? 0,
    table: table || undefined,
    action,
    fwmark: attributes.u32(c.FRA_FWMARK),
    mask: mask === maxU32 ? undefined : mask,
    not: flags & c.FIB_RULE_INVERT ? true : undefined,
    suppressPrefixLength: suppressed === maxU32 ? undefined : suppressed,
    from: from && `${formatAddress(from)}/${readU8(body, 2)}`,
    to: to && `${formatAddress(to)}/${readU8(body, 1)}`,
    iif: attributes.text(c.FRA_IIFNAME),
    oif: attributes.text(c.FRA_OIFNAME),
    tos: readU8(body, 3) || undefined,
    ipProtocol: attributes.u8(c.FRA_IP_PROTO) || undefined,
    sourcePorts: ports(attributes.bytes(c.FRA_SPORT_RANGE)),
    destinationPorts: ports(attributes.bytes(c.FRA_DPORT_RANGE)),
    users: users && [readU32(users, 0), readU32(users, 4)] as const,
    goto: attributes.u32(c.FRA_GOTO),
    l3mdev: attributes.u8(c.FRA_L3MDEV) ? true : undefined,
    protocol: attributes.u8(c.FRA_PROTOCOL) ?? 0,
  });
}

function ports(bytes: Uint8Array | undefined): [number, number] | undefined {
  return bytes && [readU16(bytes, 0), readU16(bytes, 2)];
}

/** The same without the keys that have no value. */
function withoutMissing<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as T;
}
