/**
 * What a ping run tells, one object at a time. The command's `--json` prints
 * exactly these.
 *
 * @module
 */
import type { Family } from "../packet/address.ts";

/** What every event has. */
export interface PingEventBase {
  /** When it happened: wall-clock milliseconds since the epoch. */
  readonly time: number;
}

/** What an event about a target has. */
export interface TargetEventBase extends PingEventBase {
  /** The target as it was given: a name or an address. */
  readonly target: string;
  /** Its address. */
  readonly address: string;
}

/** What an event about one probe has. */
export interface ProbeEventBase extends TargetEventBase {
  /** The number of the probe, from 1 for each target. */
  readonly seq: number;
}

/** A target has an address, and probes are on their way. */
export interface ResolvedEvent extends TargetEventBase {
  /** What kind of event this is. */
  readonly type: "resolved";
  /** IP version. */
  readonly family: Family;
  /** The kind of socket: unprivileged `"dgram"`, or `"raw"`. */
  readonly transport: "dgram" | "raw";
  /** The identifier of the echo requests. */
  readonly identifier: number;
}

/** An echo request went out. */
export interface SentEvent extends ProbeEventBase {
  /** What kind of event this is. */
  readonly type: "sent";
  /** Bytes of the ICMP message: its header of 8, and the payload. */
  readonly size: number;
}

/** Something that went wrong, as a plain object. */
export interface ErrorValue {
  /** The error's class. */
  readonly name: string;
  /** The error's name, such as `"ENETUNREACH"`. */
  readonly code: string | undefined;
  /** What went wrong, for people. */
  readonly message: string;
}

/**
 * A probe could not be sent; or, without `address` and `seq`, a target has no
 * address to send to.
 */
export interface SendErrorEvent extends PingEventBase {
  /** What kind of event this is. */
  readonly type: "sendError";
  /** The target as it was given. */
  readonly target: string;
  /** Its address, unless that is what is missing. */
  readonly address?: string;
  /** The number of the probe. */
  readonly seq?: number;
  /** What went wrong. */
  readonly error: ErrorValue;
}

/** What events about a reply have. */
export interface ReplyEventBase extends ProbeEventBase {
  /** Round-trip time in milliseconds. */
  readonly rtt: number;
  /** Time to live (hop limit) of the reply, where the kernel told it. */
  readonly ttl: number | undefined;
  /** Bytes of the ICMP message: its header of 8, and the payload. */
  readonly size: number;
  /** Who stamped the arrival: the kernel, or this process when it looked. */
  readonly stamp: "kernel" | "user";
}

/** The first, timely, genuine reply to a probe. */
export interface ReplyEvent extends ReplyEventBase {
  /** What kind of event this is. */
  readonly type: "reply";
}

/** Another reply to a probe that has one. */
export interface DuplicateEvent extends ReplyEventBase {
  /** What kind of event this is. */
  readonly type: "duplicate";
}

/** A genuine reply after its probe's timeout. */
export interface LateEvent extends ReplyEventBase {
  /** What kind of event this is. */
  readonly type: "late";
}

/** No reply came in time. */
export interface TimeoutEvent extends ProbeEventBase {
  /** What kind of event this is. */
  readonly type: "timeout";
  /** How long was waited, in milliseconds. */
  readonly timeout: number;
}

/** An ICMP error came back for a probe. */
export interface IcmpErrorEvent extends ProbeEventBase {
  /** What kind of event this is. */
  readonly type: "icmpError";
  /** What the message says (RFC 792, RFC 4443). */
  readonly icmp: {
    /** The type field. */
    readonly type: number;
    /** The code field. */
    readonly code: number;
    /** What type and code mean, such as `"host unreachable"`. */
    readonly name: string;
  };
  /** The system that sent it: a router, or this one. */
  readonly from: string | undefined;
  /** The next hop's MTU in bytes, if the error is that the probe is too big. */
  readonly mtu?: number;
}

/** Why a packet is `unexpected`. */
export type UnexpectedReason =
  | "truncated"
  | "checksum"
  | "identifier"
  | "sequence"
  | "source"
  | "nonce"
  | "payload";

/** An echo reply that answers no probe of this run: foreign, forged, corrupt. */
export interface UnexpectedEvent extends PingEventBase {
  /** What kind of event this is. */
  readonly type: "unexpected";
  /** Where it came from. */
  readonly from: string;
  /** The first thing that is wrong with it. */
  readonly reason: UnexpectedReason;
  /** Bytes of the ICMP message. */
  readonly size: number;
}

/** Round-trip times in milliseconds. */
export interface RttSummary {
  /** The shortest. */
  readonly min: number;
  /** The mean. */
  readonly avg: number;
  /** The longest. */
  readonly max: number;
  /** Standard deviation. */
  readonly stddev: number;
  /** Mean difference between successive round-trip times. */
  readonly jitter: number;
}

/** Counts and times, of one target or of all. */
export interface Tally {
  /** Probes sent. */
  readonly sent: number;
  /** Probes replied to in time. */
  readonly received: number;
  /** Probes that timed out, or came to an ICMP error. */
  readonly lost: number;
  /** Probes that may yet be replied to: neither received nor lost. */
  readonly pending: number;
  /** Replies beyond a probe's first. */
  readonly duplicates: number;
  /** Replies after their probe's timeout. */
  readonly late: number;
  /** ICMP errors, and probes that could not be sent. */
  readonly errors: number;
  /** `lost` as a share of the probes decided, 0 to 1. */
  readonly loss: number;
  /** Round-trip times, `null` without a reply. */
  readonly rtt: RttSummary | null;
}

/** The end of one target's run. */
export interface SummaryEvent extends TargetEventBase, Tally {
  /** What kind of event this is. */
  readonly type: "summary";
  /** From the first probe to now, in milliseconds. */
  readonly duration: number;
}

/** Anything that a ping run tells. */
export type PingEvent =
  | ResolvedEvent
  | SentEvent
  | SendErrorEvent
  | ReplyEvent
  | DuplicateEvent
  | LateEvent
  | TimeoutEvent
  | IcmpErrorEvent
  | UnexpectedEvent
  | SummaryEvent;
