import { u16, u32 } from "./_bytes.ts";

/** Where the upper layer of an IPv6 packet is. */
export interface UpperLayer {
  /** Its protocol; missing if the headers before it are malformed. */
  protocol: number | undefined;
  /** Where it begins, in bytes from the start of the packet. */
  start: number;
  /** Where the fragment header is, or -1. */
  fragmentAt: number;
}

/** An extension header found on the way. */
export interface FoundHeader {
  /** Its protocol number. */
  type: number;
  /** Where it begins. */
  start: number;
  /** Where it ends. */
  end: number;
}

export const FRAGMENT = 44;
export const AUTHENTICATION = 51;

/**
 * How many extension headers are walked: far more than RFC 8200 section 4.1
 * lists, few enough that a forged chain costs nothing.
 */
const MOST_HEADERS = 32;

/** Whether a next header value is one that another header follows. */
export function isExtensionHeader(type: number): boolean {
  switch (type) {
    case 0: // hop-by-hop options
    case 43: // routing
    case FRAGMENT:
    case AUTHENTICATION:
    case 60: // destination options
    case 135: // mobility, RFC 6275
    case 139: // host identity, RFC 7401
    case 140: // shim6, RFC 5533
      return true;
    default: // ESP (50) hides what follows; "no next header" (59) has none
      return false;
  }
}

/** Bytes of an extension header of which at least the first 2 are there. */
function headerLength(bytes: Uint8Array, type: number, at: number): number {
  if (type === FRAGMENT) return 8;
  // The authentication header counts 4-byte words, less 2 (RFC 4302).
  if (type === AUTHENTICATION) return (bytes[at + 1] + 2) * 4;
  return (bytes[at + 1] + 1) * 8;
}

/** Walks from the fixed header to the upper layer, noting what it passes. */
export function findUpperLayer(
  bytes: Uint8Array,
  passed?: FoundHeader[],
): UpperLayer {
  let type = bytes[6];
  let start = 40;
  let fragmentAt = -1;
  for (let i = 0; isExtensionHeader(type); i++) {
    const end = start + 2 > bytes.length
      ? Infinity
      : start + headerLength(bytes, type, start);
    if (i === MOST_HEADERS || end > bytes.length) {
      return { protocol: undefined, start, fragmentAt };
    }
    passed?.push({ type, start, end });
    const isFragment = type === FRAGMENT;
    if (isFragment && fragmentAt < 0) fragmentAt = start;
    const isLater = isFragment && (u16(bytes, start + 2) & 0xfff8) !== 0;
    type = bytes[start];
    start = end;
    // What follows is the middle of something: no header begins there.
    if (isLater) break;
  }
  return { protocol: type, start, fragmentAt };
}

/** What a fragment header says (RFC 8200 section 4.5). */
export interface Fragment {
  /** What the fragments of one packet have in common, 32 bits. */
  identification: number;
  /** Where this one belongs in the whole, in bytes. */
  offset: number;
  /** Whether fragments follow this one. */
  more: boolean;
}

export function readFragment(bytes: Uint8Array, at: number): Fragment {
  const word = u16(bytes, at + 2);
  return {
    identification: u32(bytes, at + 4),
    offset: word & 0xfff8,
    more: (word & 1) !== 0,
  };
}
