/** Rules written as messages: `struct fib_rule_hdr` and its attributes. */
import type { Family, Prefix } from "../../packet/mod.ts";
import {
  addressFamilyOf,
  checkFamily,
  checkInteger,
  checkLinkName,
  checkPrefix,
  maxU32,
} from "./_check.ts";
import { ruleActionNumber } from "./_rule_info.ts";
import * as c from "./constants.ts";
import { MessageWriter } from "./message.ts";
import type { Rule } from "./rule.ts";

type Range = readonly [first: number, last: number];

/** The ports that the kernel takes in a rule. */
const ports: Range = [1, 65534];

/** The fields of a `struct fib_rule_hdr` other than the family. */
interface RuleHeader {
  readonly toLength?: number;
  readonly fromLength?: number;
  readonly tos?: number;
  readonly table?: number;
  readonly action?: number;
  readonly flags?: number;
}

/** A message with nothing but its header yet. */
export function startRule(
  type: number,
  family: Family,
  header: RuleHeader = {},
): MessageWriter {
  const { toLength = 0, fromLength = 0, tos = 0, table = 0 } = header;
  return new MessageWriter(type)
    .u8(addressFamilyOf(family), toLength, fromLength, tos)
    .u8(table < 256 ? table : 0, 0, 0, header.action ?? 0)
    .u32(header.flags ?? 0);
}

/** Writes a rule, and complains about what cannot be one. */
export function describeRule(
  type: number,
  rule: Rule,
  what: string,
): MessageWriter {
  const family = checkFamily(rule.family, what);
  const { table, action } = rule;
  if (table !== undefined) checkInteger(table, 1, maxU32, what, "table");
  const to = checkNetwork(rule.to, family, what);
  const from = checkNetwork(rule.from, family, what);
  const request = startRule(type, family, {
    toLength: to?.length,
    fromLength: from?.length,
    tos: checkInteger(rule.tos ?? 0, 0, 255, what, "type of service"),
    table,
    action: action && ruleActionNumber(action, what),
    flags: rule.not ? c.FIB_RULE_INVERT : 0,
  });
  if (to) request.attributeBytes(c.FRA_DST, to.bytes);
  if (from) request.attributeBytes(c.FRA_SRC, from.bytes);
  for (
    const [attribute, name] of [
      [c.FRA_IIFNAME, rule.iif],
      [c.FRA_OIFNAME, rule.oif],
    ] as const
  ) {
    if (name === undefined) continue;
    request.attributeText(attribute, checkLinkName(name, what));
  }
  const longest = family === 4 ? 32 : 128;
  for (
    const [attribute, name, value, most] of [
      [c.FRA_PRIORITY, "priority", rule.priority, maxU32],
      [c.FRA_TABLE, "table", table, maxU32],
      [c.FRA_FWMARK, "mark", rule.fwmark, maxU32],
      [c.FRA_FWMASK, "mask", rule.mask, maxU32],
      [c.FRA_GOTO, "rule to go on with", rule.goto, maxU32],
      [
        c.FRA_SUPPRESS_PREFIXLEN,
        "suppressed length",
        rule.suppressPrefixLength,
        longest,
      ],
    ] as const
  ) {
    if (value === undefined) continue;
    checkInteger(value, 0, most, what, name);
    request.attributeU32(attribute, value);
  }
  for (
    const [attribute, name, value] of [
      [c.FRA_PROTOCOL, "protocol", rule.protocol],
      [c.FRA_IP_PROTO, "IP protocol", rule.ipProtocol],
      [c.FRA_L3MDEV, "VRF", rule.l3mdev ? 1 : undefined],
    ] as const
  ) {
    if (value === undefined) continue;
    checkInteger(value, 0, 255, what, name);
    request.attributeU8(attribute, value);
  }
  for (
    const [attribute, value] of [
      [c.FRA_SPORT_RANGE, rule.sourcePorts],
      [c.FRA_DPORT_RANGE, rule.destinationPorts],
    ] as const
  ) {
    if (value === undefined) continue;
    const [first, last] = checkRange(value, ports, what);
    request.attribute(attribute, () => request.u16(first).u16(last));
  }
  if (rule.users) {
    const [first, last] = checkRange(rule.users, [0, maxU32], what);
    request.attribute(c.FRA_UID_RANGE, () => request.u32(first).u32(last));
  }
  return request;
}

function checkRange(
  [first, last]: Range,
  [least, most]: Range,
  what: string,
): Range {
  checkInteger(first, least, most, what, "first of a range");
  return [first, checkInteger(last, first, most, what, "last of a range")];
}

/** A prefix of the rule's family; one of length 0 is no condition. */
function checkNetwork(
  text: string | undefined,
  family: Family,
  what: string,
): Prefix | undefined {
  if (text === undefined) return undefined;
  const prefix = checkPrefix(text, what);
  if (prefix.family !== family) {
    throw new TypeError(`${what}: '${text}' is not of IPv${family}`);
  }
  return prefix.length === 0 ? undefined : prefix;
}
