/** Reads dotted decimal, exactly four parts without leading zeros. */
export function parseIpv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    // A leading zero means octal to some readers: refused, as inet_pton does.
    if (!/^(?:0|[1-9]\d{0,2})$/.test(parts[i])) return undefined;
    const value = Number(parts[i]);
    if (value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

/** Reads the text forms of RFC 4291 section 2.2, without a zone. */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseWords(halves[0], halves.length === 1);
  const tail = halves.length === 1 ? [] : parseWords(halves[1], true);
  if (head === undefined || tail === undefined) return undefined;
  const count = head.length + tail.length;
  // "::" stands for at least one group.
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const bytes = new Uint8Array(16);
  head.forEach((word, i) => putWord(bytes, i, word));
  tail.forEach((word, i) => putWord(bytes, 8 - tail.length + i, word));
  return bytes;
}

/** Reads groups between colons; the last may be an IPv4 address. */
function parseWords(text: string, isLast: boolean): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const words: number[] = [];
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i];
    if (isLast && i === groups.length - 1 && group.includes(".")) {
      const v4 = parseIpv4(group);
      if (v4 === undefined) return undefined;
      words.push((v4[0] << 8) | v4[1], (v4[2] << 8) | v4[3]);
    } else if (/^[\da-f]{1,4}$/i.test(group)) {
      words.push(parseInt(group, 16));
    } else {
      return undefined;
    }
  }
  return words;
}

function putWord(bytes: Uint8Array, index: number, word: number): void {
  bytes[index * 2] = word >> 8;
  bytes[index * 2 + 1] = word;
}
