/** What is looked at before a message is sent: plain mistakes fail here. */
import {
  type Family,
  parseAddress,
  parsePrefix,
  type Prefix,
} from "../../packet/mod.ts";
import { AF_INET, AF_INET6 } from "../constants.ts";

/** The largest number of 32 bits. */
export const maxU32 = 0xffffffff;

/** The kernel's number for an IP version. */
export function addressFamilyOf(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** The IP version of a kernel's number, if it is one. */
export function familyOf(number: number): Family | undefined {
  return number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;
}

/** The IP versions asked for: the given one, or both. */
export function families(family: Family | undefined, what: string): Family[] {
  return family === undefined ? [4, 6] : [checkFamily(family, what)];
}

export function checkFamily(family: Family, what: string): Family {
  if (family === 4 || family === 6) return family;
  throw new RangeError(`${what}: the family is ${family}, not 4 or 6`);
}

/** An integer within its bounds. */
export function checkInteger(
  value: number,
  least: number,
  most: number,
  what: string,
  name: string,
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `${what}: the ${name} is ${value}, not an integer from ${least} to ${most}`,
  );
}

/** An address with a prefix length, without a zone. */
export function checkPrefix(text: string, what: string): Prefix {
  let prefix: Prefix | undefined;
  try {
    prefix = parsePrefix(text);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new RangeError(
        `${what}: '${text}' has a prefix length longer than its address`,
      );
    }
  }
  if (prefix !== undefined && prefix.zone === undefined) return prefix;
  throw new TypeError(
    `${what}: '${text}' is not an address with a prefix length`,
  );
}

/** An address of one family, without a zone, as bytes. */
export function checkAddress(
  text: string,
  family: Family | undefined,
  what: string,
): Uint8Array<ArrayBuffer> {
  const address = parseAddress(text);
  if (address === undefined || address.zone !== undefined) {
    throw new TypeError(`${what}: '${text}' is not an address without a zone`);
  }
  if (family !== undefined && address.family !== family) {
    throw new TypeError(`${what}: '${text}' is not an IPv${family} address`);
  }
  return address.bytes;
}

/** A name that the kernel would take (`dev_valid_name`), and no pattern. */
export function checkLinkName(name: string, what: string): string {
  const size = new TextEncoder().encode(name).length;
  const isName = size >= 1 && size <= 15 && !/^\.\.?$|[\s/:%\0]/.test(name);
  if (isName) return name;
  throw new TypeError(
    `${what}: '${name}' is not a link name, 1 to 15 bytes without space, '/', ':' or '%'`,
  );
}
