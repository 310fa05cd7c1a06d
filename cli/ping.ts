import {
  type Ping,
  ping,
  type PingEvent,
  type Tally,
} from "../src/ping/mod.ts";
import type { PingInvocation } from "./parser.ts";
import type { Terminal } from "./terminal.ts";

/** `echoduct ping`: exit code 0 if every host replied, 1 if one did not. */
export async function runPing(
  invocation: PingInvocation,
  terminal: Terminal,
): Promise<number> {
  const { ipv4, ipv6, hosts, count, interval, timeout, size, ttl, netns } =
    invocation;
  if (ipv4 && ipv6) {
    throw new TypeError("Cannot ping: -4 and -6 exclude each other");
  }
  const family = ipv4 ? 4 : ipv6 ? 6 : undefined;
  const run = ping(hosts, {
    count,
    interval,
    timeout,
    size,
    ttl,
    netns,
    family,
  });
  const settle = terminal.onStop(() => run.stop());
  try {
    return await report(run, invocation, terminal);
  } finally {
    settle();
  }
}

async function report(
  run: Ping,
  invocation: PingInvocation,
  terminal: Terminal,
): Promise<number> {
  const { json, quiet, size = 56 } = invocation;
  let code = 0;
  for await (const event of run) {
    if (event.type === "sendError" && event.address === undefined) {
      code = 2;
      // The only host's failure is the run's, told when the run throws it.
      if (invocation.hosts.length > 1) {
        terminal.err(`echoduct: ${event.error.message}\n`);
      }
    }
    if (event.type === "summary" && event.received === 0) {
      // Nothing went out: that is no silence of the host's.
      code ||= event.sent === 0 && event.errors > 0 ? 2 : 1;
    }
    if (json) terminal.out(`${JSON.stringify(event)}\n`);
    else if (!quiet || isFraming(event)) terminal.out(describe(event, size));
  }
  return code;
}

function isFraming(event: PingEvent): boolean {
  return event.type === "resolved" || event.type === "summary";
}

/** An event as ping(8) would print it; nothing for what it does not print. */
export function describe(event: PingEvent, size: number): string {
  switch (event.type) {
    case "resolved": {
      const header = event.family === 4 ? 20 : 40;
      return `PING ${event.target} (${event.address}) ${size}(${
        size + 8 + header
      }) bytes of data.\n`;
    }
    case "reply":
      return replyLine(event, "");
    case "duplicate":
      return replyLine(event, " (DUP!)");
    case "late":
      return replyLine(event, " (late)");
    case "timeout":
      return `no answer from ${event.address}: icmp_seq=${event.seq}\n`;
    case "sendError":
      return event.address === undefined
        ? ""
        : `to ${event.address}: icmp_seq=${event.seq} ${event.error.message}\n`;
    case "icmpError": {
      const mtu = event.mtu === undefined ? "" : ` (mtu ${event.mtu})`;
      return `from ${event.from}: icmp_seq=${event.seq} ${event.icmp.name}${mtu}\n`;
    }
    case "summary":
      return `\n--- ${event.target} ping statistics ---\n${
        tallyText(event)
      }, time ${Math.round(event.duration)}ms\n${rttText(event)}`;
    default:
      return "";
  }
}

function replyLine(
  event: PingEvent & { type: "reply" | "duplicate" | "late" },
  mark: string,
): string {
  const name = event.target === event.address
    ? event.address
    : `${event.target} (${event.address})`;
  const ttl = event.ttl === undefined ? "" : ` ttl=${event.ttl}`;
  return `${event.size} bytes from ${name}: icmp_seq=${event.seq}${ttl} time=${
    milliseconds(event.rtt)
  } ms${mark}\n`;
}

function tallyText(tally: Tally): string {
  const extra = [
    tally.duplicates ? `, +${tally.duplicates} duplicates` : "",
    tally.late ? `, +${tally.late} late` : "",
    tally.errors ? `, +${tally.errors} errors` : "",
    tally.pending ? `, ${tally.pending} on the way` : "",
  ].join("");
  const loss = Number((tally.loss * 100).toFixed(2));
  return `${tally.sent} packets transmitted, ${tally.received} received${extra}, ${loss}% packet loss`;
}

function rttText({ rtt }: Tally): string {
  if (!rtt) return "";
  const all = [rtt.min, rtt.avg, rtt.max, rtt.stddev].map((ms) =>
    ms.toFixed(3)
  );
  return `rtt min/avg/max/mdev = ${all.join("/")} ms\n`;
}

/** As ping(8): four digits that count. */
export function milliseconds(ms: number): string {
  return ms >= 100
    ? ms.toFixed(0)
    : ms >= 10
    ? ms.toFixed(1)
    : ms >= 1
    ? ms.toFixed(2)
    : ms.toFixed(3);
}
