/**
 * Routing rules: which table a packet's route is looked up in
 * (`linux/fib_rules.h`).
 *
 * @module
 */
import type { Family } from "../../packet/mod.ts";
import { families } from "./_check.ts";
import { parseRule } from "./_rule_info.ts";
import { describeRule, startRule } from "./_rule_message.ts";
import * as c from "./constants.ts";
import type { Exchange } from "./exchange.ts";

/** What a rule does with the packets it matches (`FR_ACT_*`). */
export type RuleAction =
  | "lookup"
  | "goto"
  | "nop"
  | "blackhole"
  | "unreachable"
  | "prohibit";

/** A routing rule. A packet must meet all the conditions that are given. */
export interface Rule {
  /** The IP version whose packets it looks at. */
  readonly family: Family;
  /**
   * Its rank; the least is asked first.
   *
   * @default {one less than the least there is, but 0}
   */
  readonly priority?: number;
  /** The table for a `"lookup"`, 1 to 4294967295. */
  readonly table?: number;
  /**
   * What it does.
   *
   * @default {"lookup"}
   */
  readonly action?: RuleAction;
  /** The packet's mark, as a socket's `SO_MARK` sets it. */
  readonly fwmark?: number;
  /**
   * Which bits of the mark count.
   *
   * @default {0xffffffff}
   */
  readonly mask?: number;
  /**
   * Turns the conditions round: it is for all packets that do not meet them.
   *
   * @default {false}
   */
  readonly not?: boolean;
  /**
   * Ignores routes that it finds with a prefix of at most this length: 0
   * ignores default routes.
   */
  readonly suppressPrefixLength?: number;
  /** The network of the source address. */
  readonly from?: string;
  /** The network of the destination. */
  readonly to?: string;
  /** The name of the link it came in through; `"lo"` for this machine's own. */
  readonly iif?: string;
  /** The name of the link that its socket is bound to. */
  readonly oif?: string;
  /** The type of service. */
  readonly tos?: number;
  /** The number of its IP protocol. */
  readonly ipProtocol?: number;
  /** First and last source port, 1 to 65534. */
  readonly sourcePorts?: readonly [first: number, last: number];
  /** First and last destination port, 1 to 65534. */
  readonly destinationPorts?: readonly [first: number, last: number];
  /** First and last number of the user it belongs to. */
  readonly users?: readonly [first: number, last: number];
  /** The priority of the rule that a `"goto"` goes on with. */
  readonly goto?: number;
  /** Takes the table of the VRF that the packet belongs to. */
  readonly l3mdev?: boolean;
  /**
   * Who made it (`RTPROT_*`), 0 to 255.
   *
   * @default {3, RTPROT_BOOT, as with `ip`; any when removing}
   */
  readonly protocol?: number;
}

/** A rule as the kernel lists it. */
export interface RuleInfo extends Rule {
  /** Its rank; the least is asked first. */
  readonly priority: number;
  /** What it does. */
  readonly action: RuleAction;
  /** Who made it (`RTPROT_*`). */
  readonly protocol: number;
}

/** Which rules to list. */
export interface RuleFilter {
  /** Only those of this IP version. */
  readonly family?: Family;
}

export function listRules(
  exchange: Exchange,
  { family }: RuleFilter = {},
): RuleInfo[] {
  const what = "Cannot list rules";
  return families(family, what).flatMap((version) => {
    const request = startRule(c.RTM_GETRULE, version);
    return exchange.dump(request, what)
      .map((message) => parseRule(message))
      .filter((found) => found !== undefined)
      .filter((found) => found.family === version);
  });
}

export function addRule(exchange: Exchange, rule: Rule): void {
  const what = `Cannot add ${nameOf(rule)}`;
  const { action = "lookup" } = rule;
  if (action === "lookup" && rule.table === undefined && !rule.l3mdev) {
    throw new TypeError(`${what}: it has no table to look in`);
  }
  const request = describeRule(
    c.RTM_NEWRULE,
    { protocol: c.RTPROT_BOOT, ...rule, action },
    what,
  );
  exchange.change(request, what, c.NLM_F_CREATE | c.NLM_F_EXCL);
}

export function removeRule(exchange: Exchange, rule: Rule): void {
  const what = `Cannot remove ${nameOf(rule)}`;
  exchange.change(describeRule(c.RTM_DELRULE, rule, what), what);
}

function nameOf({ family, priority, table }: Rule): string {
  return `IPv${family} rule` +
    (priority === undefined ? "" : ` ${priority}`) +
    (table === undefined ? "" : ` for table ${table}`);
}
