/**
 * Scriptable tunnels and pings: streams of packets and probes that short
 * scripts wire together.
 *
 * ```ts
 * import { ping } from "@echoduct/echoduct";
 *
 * for await (const event of ping("127.0.0.1", { count: 3, interval: 50 })) {
 *   if (event.type === "reply") console.log(event.seq, event.rtt);
 * }
 * ```
 *
 * @module
 */
export * from "./src/packet/mod.ts";
export * from "./src/ping/mod.ts";
export * from "./src/stream/mod.ts";
export * from "./src/tunnel/mod.ts";
export {
  createNetns,
  Netlink,
  type NetworkNamespace,
  type OwnedNetns,
  PermissionError,
  ResolveError,
  SystemCallError,
  UnsupportedPlatformError,
} from "./src/sys/mod.ts";
