/** ICMP errors as the kernel queues them (`linux/errqueue.h`). */
import type { Family } from "../packet/address.ts";
import {
  IP_RECVERR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVERR,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
} from "./constants.ts";
import type { MessageTable } from "./messages.ts";
import { readSockaddr, SOCKADDR_SIZE } from "./sockaddr.ts";

/** An ICMP error that the kernel has matched to something this socket sent. */
export interface IcmpSocketError {
  /** Whom the offending message was for. */
  readonly destination: string;
  /** Which system reported the error, if one did. */
  readonly from: string | undefined;
  /** ICMP type, `undefined` if the error is this system's own. */
  readonly type: number | undefined;
  /** ICMP code. */
  readonly code: number | undefined;
  /** The kernel's name for it, as an error number. */
  readonly errno: number;
  /** `ee_info`: the next hop's MTU for "fragmentation needed". */
  readonly info: number;
  /** The offending message as far as it was quoted; copied. */
  readonly message: Uint8Array;
}

const EXTENDED_ERROR = 16;

/**
 * Reads message `i` of an error queue: `struct sock_extended_err` among its
 * control messages, the offender's address behind it.
 */
export function readIcmpError(
  table: MessageTable,
  i: number,
  family: Family,
  message: Uint8Array,
): IcmpSocketError | undefined {
  const at = family === 4
    ? table.findControl(i, IPPROTO_IP, IP_RECVERR)
    : table.findControl(i, IPPROTO_IPV6, IPV6_RECVERR);
  if (at < 0) return undefined;
  const view = table.control;
  const origin = view.getUint8(at + 4);
  const icmp = origin === SO_EE_ORIGIN_ICMP || origin === SO_EE_ORIGIN_ICMP6;
  const offender = new Uint8Array(view.buffer, at + EXTENDED_ERROR);
  return {
    destination: readSockaddr(table.names, i * SOCKADDR_SIZE)?.address ?? "",
    from: readSockaddr(offender, 0)?.address,
    type: icmp ? view.getUint8(at + 5) : undefined,
    code: icmp ? view.getUint8(at + 6) : undefined,
    errno: view.getUint32(at, true),
    info: view.getUint32(at + 8, true),
    message: message.slice(),
  };
}
