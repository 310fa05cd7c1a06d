/** What ping tests share. */
import {
  ping,
  type PingEvent,
  type PingOptions,
  type PingTargets,
  type SummaryEvent,
} from "../../src/ping/mod.ts";

export const transports = ["dgram", "raw"] as const;
export const families = [4, 6] as const;
export const loopback = { 4: "127.0.0.1", 6: "::1" } as const;

export type EventOf<T extends PingEvent["type"]> = Extract<
  PingEvent,
  { type: T }
>;

/** All events of a run. */
export async function collect(
  targets: PingTargets,
  options: PingOptions,
): Promise<PingEvent[]> {
  const events: PingEvent[] = [];
  for await (const event of ping(targets, options)) events.push(event);
  return events;
}

/** Those of one type. */
export function ofType<T extends PingEvent["type"]>(
  events: readonly PingEvent[],
  type: T,
): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

/** The events of a target, by their types. */
export function typesOf(events: readonly PingEvent[], target: string) {
  return events.filter((event) => "target" in event && event.target === target)
    .map((event) => event.type);
}

/** The counts of a summary. */
export function countsOf(summary: SummaryEvent) {
  const { sent, received, lost, pending, duplicates, late, errors } = summary;
  return { sent, received, lost, pending, duplicates, late, errors };
}

export const noCounts = {
  sent: 0,
  received: 0,
  lost: 0,
  pending: 0,
  duplicates: 0,
  late: 0,
  errors: 0,
};
