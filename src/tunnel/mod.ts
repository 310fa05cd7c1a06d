/**
 * Tunnels: TUN devices and UDP links as streams of packets, the pump that
 * moves packets between them, and tunnels made of both.
 *
 * @module
 */
export { openTun, Tun, type TunOptions } from "./device.ts";
export { TunnelError } from "./errors.ts";
export type { Gear } from "./gear.ts";
export { openUdp, UdpLink, type UdpOptions } from "./link.ts";
export { memoryPipe, type MemoryPipeOptions } from "./memory.ts";
export {
  openPlainTunnel,
  PlainTunnel,
  type PlainTunnelOptions,
  type PlainTunnelStats,
} from "./plain.ts";
export {
  type PacketHandle,
  type PacketSink,
  type PacketSource,
  Port,
  type ReadOptions,
  type Writable,
  type WriteOptions,
} from "./port.ts";
export {
  type BatchStage,
  drive,
  type DriveOptions,
  Pump,
  type PumpOptions,
  type StageModule,
} from "./pump.ts";
