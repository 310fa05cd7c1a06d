/**
 * Packets: addresses and prefixes, checksums, checked views over IP, ICMP, UDP
 * and TCP, builders of the same, batches of packet memory, and capture files.
 * Pure functions on bytes that run in any runtime.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildIcmpEcho, buildIp, Packet } from "@echoduct/echoduct/packet";
 *
 * const packet = Packet.from(
 *   buildIp({
 *     source: "10.7.0.2",
 *     destination: "10.7.0.1",
 *     protocol: 1,
 *     payload: buildIcmpEcho({ type: "request", identifier: 7, sequence: 3 }),
 *   }),
 * );
 * assert(packet.icmp?.isEchoRequest);
 * assert(packet.verifyChecksums());
 * ```
 *
 * @module
 */
export * from "./address.ts";
export * from "./batch.ts";
export * from "./build_icmp.ts";
export * from "./build_icmp_echo.ts";
export * from "./build_icmp_error.ts";
export * from "./build_ip.ts";
export * from "./build_ipv4.ts";
export * from "./build_ipv6.ts";
export * from "./build_tcp.ts";
export * from "./build_udp.ts";
export * from "./checksum.ts";
export * from "./endpoint.ts";
export * from "./header_options.ts";
export * from "./icmp.ts";
export * from "./icmp_extension.ts";
export * from "./icmp_message.ts";
export * from "./icmp_names.ts";
export * from "./icmpv6.ts";
export * from "./ipv4.ts";
export * from "./ipv6.ts";
export * from "./packet.ts";
export * from "./packet_error.ts";
export * from "./pcap.ts";
export * from "./pcap_reader.ts";
export * from "./pcap_writer.ts";
export * from "./prefix.ts";
export * from "./protocols.ts";
export * from "./tcp.ts";
export * from "./udp.ts";
export * from "./view.ts";
