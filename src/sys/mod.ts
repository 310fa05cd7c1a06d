/**
 * The system: sockets, devices, namespaces and routes of Linux, over its C
 * library, in every runtime.
 *
 * Nothing is loaded at import. On another system the first use throws
 * {@linkcode UnsupportedPlatformError}.
 *
 * @module
 */
export { breath } from "./breath.ts";
export { Clock } from "./clock.ts";
export { type CounterName, Counters, type CounterValues } from "./counters.ts";
export { Descriptor } from "./descriptor.ts";
export {
  PermissionError,
  SystemCallError,
  UnsupportedPlatformError,
} from "./errors.ts";
export type { IcmpSocketError } from "./icmp_error.ts";
export { IcmpSocket, type IcmpSocketOptions } from "./icmp_socket.ts";
export { type Platform, platform } from "./ffi.ts";
export {
  createNetns,
  type NetworkNamespace,
  type OwnedNetns,
  withNetns,
} from "./netns.ts";
export * from "./netlink/mod.ts";
export {
  lookup,
  type LookupOptions,
  type ResolvedAddress,
  ResolveError,
} from "./resolver.ts";
export type { SocketAddress } from "./sockaddr.ts";
export { TunDevice, type TunDeviceOptions } from "./tun.ts";
export { UdpSocket, type UdpSocketOptions } from "./udp_socket.ts";
