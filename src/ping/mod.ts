/**
 * Ping: hosts to targets, targets to echo probes, probes to events.
 *
 * @module
 */
export { echo, type EchoOptions, EchoRun, type EchoSource } from "./echo.ts";
export type * from "./events.ts";
export {
  Ping,
  ping,
  type PingOptions,
  type PingSummary,
  type PingTargets,
} from "./ping.ts";
export {
  resolve,
  type ResolveOptions,
  type Target,
  type Unresolved,
} from "./resolve.ts";
