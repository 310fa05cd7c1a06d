/** A tunnel over the cable of {@linkcode twoNamespaces}, and ways to use it. */
import assert from "node:assert/strict";
import { ping, type PingSummary } from "../../src/ping/mod.ts";
import {
  openPlainTunnel,
  type PlainTunnel,
  type PlainTunnelOptions,
} from "../../src/tunnel/mod.ts";
import type { Side, TwoNamespaces } from "./two_namespaces.ts";

/** Addresses inside the tunnel, of the left and the right end. */
export const inside = {
  left: { v4: "10.7.0.1", v6: "fd07::1" },
  right: { v4: "10.7.0.2", v6: "fd07::2" },
} as const;

/** Options of one end, each towards the other's cable. */
export function endOptions(
  lab: TwoNamespaces,
  end: "left" | "right",
  outside: 4 | 6 = 4,
): PlainTunnelOptions {
  const own = lab[end], other = lab[end === "left" ? "right" : "left"];
  const { v4, v6 } = inside[end];
  const at = (side: Side) => outside === 4 ? side.v4 : `[${side.v6}]`;
  return {
    addresses: [`${v4}/24`, `${v6}/64`],
    local: `${at(own)}:7001`,
    remote: `${at(other)}:7001`,
    netns: own.fd,
    name: "duct0",
  };
}

/** Both ends of a tunnel. */
export interface TunnelPair extends AsyncDisposable {
  readonly left: PlainTunnel;
  readonly right: PlainTunnel;
}

/** Opens both ends. */
export async function openPair(
  lab: TwoNamespaces,
  options: Partial<PlainTunnelOptions> = {},
  outside: 4 | 6 = 4,
): Promise<TunnelPair> {
  const left = await openPlainTunnel({
    ...endOptions(lab, "left", outside),
    ...options,
  });
  try {
    const right = await openPlainTunnel({
      ...endOptions(lab, "right", outside),
      ...options,
    });
    return {
      left,
      right,
      async [Symbol.asyncDispose]() {
        await left.stop();
        await right.stop();
      },
    };
  } catch (error) {
    await left.stop();
    throw error;
  }
}

/** Pings hosts from one side. */
export async function pingFrom(
  side: Side,
  hosts: readonly string[],
  count = 5,
): Promise<PingSummary> {
  return await ping(hosts, {
    count,
    interval: 10,
    timeout: 1000,
    netns: side.fd,
  }).summary();
}

/** Pings both addresses of the far end and expects every reply. */
export async function assertCarries(
  from: Side,
  to: { readonly v4: string; readonly v6: string } = inside.right,
): Promise<void> {
  const { targets } = await pingFrom(from, [to.v4, to.v6]);
  assert.deepEqual(
    targets.map(({ target, sent, received }) => ({ target, sent, received })),
    [to.v4, to.v6].map((target) => ({ target, sent: 5, received: 5 })),
  );
}
