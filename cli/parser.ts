import { object, or } from "@optique/core/constructs";
import {
  commandLine,
  lineBreak,
  message,
  optionName,
} from "@optique/core/message";
import { map, multiple, optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, option } from "@optique/core/primitives";
import { integer, string } from "@optique/core/valueparser";
import { duration } from "./duration.ts";

const netns = optional(option("--netns", string({ metavar: "NAME" }), {
  description:
    message`Network namespace: a name as ${"ip netns"} lists it, or a path.`,
}));

const json = map(
  option("--json", {
    description: message`Print the events as JSON objects, one a line.`,
  }),
  Boolean,
);

const ping = command(
  "ping",
  object({
    command: constant("ping"),
    count: optional(
      option("-c", "--count", integer({ min: 1, metavar: "N" }), {
        description: message`Probes for each host; without it, until stopped.`,
      }),
    ),
    interval: optional(option("-i", "--interval", duration(), {
      description: message`Time between the probes of a host; 1s.`,
    })),
    timeout: optional(option("-W", "--timeout", duration(), {
      description: message`Time to wait for each reply; 2s.`,
    })),
    size: optional(
      option(
        "-s",
        "--size",
        integer({ min: 0, max: 65_507, metavar: "BYTES" }),
        {
          description: message`Payload of each probe; 56.`,
        },
      ),
    ),
    ttl: optional(
      option("-t", "--ttl", integer({ min: 1, max: 255, metavar: "TTL" }), {
        description: message`Time to live, or hop limit, of the probes.`,
      }),
    ),
    ipv4: option("-4", { description: message`Use IPv4 only.` }),
    ipv6: option("-6", { description: message`Use IPv6 only.` }),
    quiet: option("-q", "--quiet", {
      description: message`Print nothing but the summary.`,
    }),
    netns,
    json,
    hosts: multiple(
      argument(string({ metavar: "HOST" }), {
        description: message`A name or an address; several are pinged at once.`,
      }),
      { min: 1, errors: { tooFew: message`Expected a host to ping.` } },
    ),
  }),
  {
    description: message`Send echo requests to hosts and time the replies.`,
    footer: message`Examples:${lineBreak()}${
      commandLine("echoduct ping -c 3 example.com")
    }${lineBreak()}${
      commandLine("echoduct ping -c 100 -i 10ms -q 192.0.2.1 2001:db8::1")
    }${lineBreak()}${
      commandLine("echoduct ping --json 127.0.0.1 | jq .rtt")
    }${lineBreak()}Exit code: 0 if every host replied, 1 if one did not, 2 on error.`,
  },
);

const plainExample = commandLine(
  "echoduct tunnel plain --address 10.7.0.1/24 --listen 192.0.2.1:7001 --remote 192.0.2.2:7001",
);

const plain = command(
  "plain",
  object({
    command: constant("tunnel plain"),
    addresses: multiple(
      option("--address", string({ metavar: "CIDR" }), {
        description:
          message`Address of the device with its prefix length; may be given several times, IPv4 and IPv6.`,
      }),
      {
        min: 1,
        errors: {
          tooFew: message`Expected at least one ${optionName("--address")}.`,
        },
      },
    ),
    listen: option("--listen", string({ metavar: "ADDR:PORT" }), {
      description: message`The own UDP address and port.`,
    }),
    remote: optional(option("--remote", string({ metavar: "ADDR:PORT" }), {
      description:
        message`The peer's; without it, whoever sent the last datagram.`,
    })),
    name: optional(option("--name", string({ metavar: "NAME" }), {
      description: message`Name of the device; the first free of tun0, tun1, …`,
    })),
    mtu: optional(option("--mtu", integer({ metavar: "BYTES" }), {
      description: message`Longest packet inside; 1420.`,
    })),
    netns,
    json,
  }),
  {
    description:
      message`Carry the packets of a TUN device in UDP datagrams, one in each, neither encrypted nor authenticated.`,
    footer:
      message`Example, and mirrored on the other side:${lineBreak()}${plainExample}${lineBreak()}Prints a line that begins with ready when packets can flow, and runs until it is interrupted.`,
  },
);

const demo = command("demo", object({ command: constant("demo") }), {
  description:
    message`Show a ping and a tunnel at work, in network namespaces made for it, with no privilege needed.`,
  footer: message`Example:${lineBreak()}${commandLine("echoduct demo")}`,
});

/** Everything that can be said on the command line. */
export const parser = or(
  ping,
  command("tunnel", plain, {
    description: message`Tunnels between a TUN device and UDP.`,
    footer: message`Example:${lineBreak()}${plainExample}`,
  }),
  demo,
);

/** What help on the command as a whole ends with. */
export const footer = message`Examples:${lineBreak()}${
  commandLine("echoduct ping -c 3 example.com")
}${lineBreak()}${plainExample}${lineBreak()}${
  commandLine("echoduct demo")
}${lineBreak()}Help on one command: ${commandLine("echoduct ping --help")}`;

/** What was said. */
export type Invocation = InferValue<typeof parser>;
/** What was said to `ping`. */
export type PingInvocation = Extract<Invocation, { command: "ping" }>;
/** What was said to `tunnel plain`. */
export type PlainInvocation = Extract<
  Invocation,
  { command: "tunnel plain" }
>;

/** Letters of `ping` written together, the last with its value: `-qc3`. */
const together = /^-([46q]*)(?:([ciWst])(.*))?$/;

/** Takes `-c3` and `-qc 3` apart, as every ping(8) does: the parser wants `-c 3`. */
export function detach(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.flatMap((arg, i) => {
    const match = end >= 0 && i > end ? null : together.exec(arg);
    if (!match || arg.length <= 2) return [arg];
    const [, flags, option, value] = match;
    return [
      ...Array.from(flags, (flag) => `-${flag}`),
      ...option ? [`-${option}`] : [],
      ...value ? [value] : [],
    ];
  });
}
