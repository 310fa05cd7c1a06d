/** The first so many addresses of 127.1.0.0/16, all of which reply. */
export function loopbackHosts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `127.1.${i >> 8}.${i & 255}`);
}
