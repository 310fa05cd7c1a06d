import { addressFamily, type Family } from "./address.ts";
import type { IcmpAddressing } from "./build_icmp.ts";

/** Which family a message is of; see `IcmpAddressing`. */
export function familyOf(addressing: IcmpAddressing): Family {
  const { family, source, destination } = addressing;
  const address = source ?? destination;
  const found = address === undefined ? undefined : addressFamily(address);
  if (family !== undefined && found !== undefined && family !== found) {
    throw new TypeError(
      `Cannot write an ICMP message for IPv${family}: current address is ${address}`,
    );
  }
  return family ?? found ?? 4;
}
