/** `net.ipv4.ping_group_range`: which groups may open ping sockets. */
import { allocate, cString } from "./call.ts";
import { O_CLOEXEC, O_RDONLY } from "./constants.ts";
import { libc } from "./ffi.ts";

const path = "/proc/sys/net/ipv4/ping_group_range";

/** The range as the sysctl tells it, for this thread's network namespace. */
export function pingGroupRange(): string {
  const c = libc();
  const fd = c.open(cString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return "unknown";
  const text = allocate(64);
  const length = c.read(fd, text, text.length);
  c.close(fd);
  return new TextDecoder().decode(text.subarray(0, Math.max(0, length)))
    .trim().replace(/\s+/, " ");
}
