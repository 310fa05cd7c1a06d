/** What is there: to see that after something ended, nothing more is. */
import "../_support/isolated.ts";
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Netlink, type NetworkNamespace } from "../../src/sys/mod.ts";

/** Descriptors of this process by kind, and networks line by line. */
export interface Inventory {
  readonly descriptors: Readonly<Record<string, number>>;
  readonly network: readonly string[];
}

/** Takes stock. */
export function inventory(
  namespaces: readonly (NetworkNamespace | undefined)[],
): Inventory {
  return {
    descriptors: descriptors(),
    network: namespaces.flatMap((netns, i) =>
      networkOf(netns).map((line) => `${i}: ${line}`)
    ),
  };
}

function descriptors(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const kind = readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, "");
      counts[kind] = (counts[kind] ?? 0) + 1;
    } catch { /* The one that listed the folder. */ }
  }
  return counts;
}

/** Links, addresses and routes, but for what a cable gives itself. */
function networkOf(netns: NetworkNamespace | undefined): string[] {
  const netlink = Netlink.open({ netns });
  try {
    return [
      ...netlink.links().map((link) => `link ${link.name} mtu ${link.mtu}`),
      ...netlink.addresses().map((at) => `address ${at.address} ${at.link}`),
      ...netlink.routes().map((route) =>
        `route ${route.destination} table ${route.table} ${route.link}`
      ),
    ].filter((line) => !/ (fe80|ff00).* cable$/.test(line)).sort();
  } finally {
    netlink.close();
  }
}

/** The lines that came and, marked, those that went. */
function changes(before: Inventory, after: Inventory): string[] {
  const lines = [...after.network];
  for (const line of before.network) {
    const at = lines.indexOf(line);
    if (at >= 0) lines.splice(at, 1);
    else lines.push(`gone: ${line}`);
  }
  return lines;
}

/** The kinds of descriptor that there are more of. */
function growth(before: Inventory, after: Inventory): string[] {
  return Object.entries(after.descriptors)
    .filter(([kind, count]) => count > (before.descriptors[kind] ?? 0))
    .map(([kind, count]) => `${count} × ${kind}`);
}

/**
 * Runs `work` and holds it to leaving no link, address, route or descriptor
 * behind. What threads and the kernel finish on their own has a second.
 *
 * A runtime opens some descriptors once, with its first thread or look-up. So
 * where there are more than before, `work` runs again: a leak grows each time.
 */
export async function leavesNothing(
  namespaces: readonly (NetworkNamespace | undefined)[],
  work: () => unknown,
): Promise<void> {
  let more: string[] = [];
  for (let round = 0; round < 3; round++) {
    const before = inventory(namespaces);
    await work();
    let changed: string[] = [];
    for (let waited = 0; waited < 1000; waited += 20) {
      const after = inventory(namespaces);
      changed = changes(before, after);
      more = growth(before, after);
      if (changed.length + more.length === 0) return;
      await sleep(20);
    }
    assert.deepEqual(changed, []);
  }
  assert.deepEqual(more, []);
}
