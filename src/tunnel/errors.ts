/**
 * A tunnel that cannot start, or that stopped by itself; `cause` has the
 * reason.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { TunnelError } from "@echoduct/echoduct/tunnel";
 *
 * assert.equal(new TunnelError("Tunnel stopped").name, "TunnelError");
 * ```
 */
export class TunnelError extends Error {
  /** The class, for programs that see it as plain data. */
  override readonly name = "TunnelError";
}
