/**
 * A network of made-up hosts behind a TUN device: it reads the echo requests
 * that are sent into it and answers as a test says, well or badly.
 *
 * This side of the device is 10.66.0.1/24 and fd66::1/64; every other address
 * of these networks is a host that answers as `answer` makes it.
 */
import "../_support/isolated.ts";
import {
  Batch,
  buildIcmp,
  buildIcmpEcho,
  buildIcmpError,
  buildIp,
  type Family,
  Packet,
} from "../../src/packet/mod.ts";
import { Netlink, TunDevice } from "../../src/sys/mod.ts";
import { addressWorks } from "./icmp_namespace.ts";

/** The addresses of hosts behind the device, by number from 2 to 254. */
export function hostAddress(family: Family, number: number): string {
  return family === 4 ? `10.66.0.${number}` : `fd66::${number.toString(16)}`;
}

/** An echo request as it came out of the device. */
export interface EchoRequest {
  /** The whole packet, this request's own. */
  readonly packet: Packet;
  readonly family: Family;
  readonly source: string;
  readonly destination: string;
  /** The number of the host that it is for. */
  readonly host: number;
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
  readonly hopLimit: number;
  /** When it was read, by `performance.now()`. */
  readonly time: number;
}

/** How a reply differs from the right one. */
export interface ReplyChanges {
  /** Milliseconds until it is sent; 0. */
  readonly delay?: number;
  readonly source?: string;
  readonly identifier?: number;
  readonly sequence?: number;
  readonly payload?: Uint8Array;
  readonly hopLimit?: number;
  /** Whether its ICMP checksum is wrong. */
  readonly badChecksum?: boolean;
  /** Bytes of the ICMP message that are sent; all. */
  readonly cut?: number;
}

/** What an ICMP error about a request says. */
export interface ErrorChanges {
  /** The router that sends it. */
  readonly from: string;
  readonly type: number;
  readonly code: number;
  readonly mtu?: number;
  /** IPv4 "redirect": the router to use instead. */
  readonly gateway?: string;
  readonly delay?: number;
  /** The packet that is quoted; the request. */
  readonly quote?: Uint8Array;
}

/** What happens with each request. */
export type Answer = (request: EchoRequest, network: IcmpResponder) => void;

export interface IcmpResponderOptions {
  /** Where the device is. */
  readonly netns: number;
  /** What happens with each request; a right reply at once. */
  readonly answer?: Answer;
  readonly mtu?: number;
}

/** A network of made-up hosts. */
export class IcmpResponder implements AsyncDisposable {
  /** Every request that came, in order. */
  readonly requests: EchoRequest[] = [];
  /** What happens with the next. */
  answer: Answer;
  readonly #tun: TunDevice;
  readonly #output: Batch;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #reading: Promise<void>;

  private constructor(tun: TunDevice, options: Required<IcmpResponderOptions>) {
    this.#tun = tun;
    this.answer = options.answer;
    this.#output = new Batch({ capacity: 1, slotSize: 65_535 });
    this.#reading = this.#read();
  }

  /** Brings the network up; resolves when both IP versions work. */
  static async open(options: IcmpResponderOptions): Promise<IcmpResponder> {
    const { netns, mtu = 1500, answer = reply } = options;
    const tun = TunDevice.open({ name: "responder", netns });
    const netlink = Netlink.open({ netns });
    try {
      netlink.setLink(tun.name, { up: true, mtu });
      netlink.addAddress({ link: tun.name, address: "10.66.0.1/24" });
      netlink.addAddress({ link: tun.name, address: "fd66::1/64" });
      await addressWorks(netlink, "10.66.0.1");
      await addressWorks(netlink, "fd66::1");
      return new IcmpResponder(tun, { netns, mtu, answer });
    } catch (error) {
      tun.close();
      throw error;
    } finally {
      netlink.close();
    }
  }

  /** Sends the reply that a request deserves, but for what is changed. */
  reply(request: EchoRequest, changes: ReplyChanges = {}): void {
    const { source = request.destination, delay, hopLimit } = changes;
    const destination = request.source;
    const message = buildIcmpEcho({
      type: "reply",
      identifier: changes.identifier ?? request.identifier,
      sequence: changes.sequence ?? request.sequence,
      payload: changes.payload ?? request.payload,
      source,
      destination,
    });
    if (changes.badChecksum) message[2] ^= 0x55;
    const payload = message.subarray(0, changes.cut);
    this.#send(
      request.family,
      { source, destination, payload, hopLimit },
      delay,
    );
  }

  /** Sends an ICMP error about a request. */
  error(request: EchoRequest, changes: ErrorChanges): void {
    const { from: source, delay, quote, type, code, mtu, gateway } = changes;
    const destination = request.source;
    const payload = buildIcmpError({
      type,
      code,
      mtu,
      gateway,
      packet: quote ?? request.packet.bytes,
      source,
      destination,
    });
    this.#send(request.family, { source, destination, payload }, delay);
  }

  /** Sends any ICMP message, such as a request of its own. */
  message(family: Family, source: string, type: number): void {
    const destination = hostAddress(family, 1);
    const payload = buildIcmp({ type, rest: 0x10001, source, destination });
    this.#send(family, { source, destination, payload });
  }

  /** Takes the network away. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#tun.close();
    await this.#reading;
  }

  #send(
    family: Family,
    packet: {
      source: string;
      destination: string;
      payload: Uint8Array;
      hopLimit?: number;
    },
    delay = 0,
  ): void {
    const bytes = buildIp({ ...packet, protocol: family === 4 ? 1 : 58 });
    if (delay === 0) return this.#write(bytes);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#write(bytes);
    }, delay);
    this.#timers.add(timer);
  }

  #write(bytes: Uint8Array): void {
    this.#output.clear();
    this.#output.push(bytes);
    this.#tun.write(this.#output);
  }

  async #read(): Promise<void> {
    const batch = new Batch({ capacity: 64, slotSize: 65_535 });
    for (;;) {
      await this.#tun.readable();
      if (this.#tun.fd < 0) return;
      batch.clear();
      this.#tun.read(batch);
      for (let i = 0; i < batch.count; i++) this.#take(batch.copy(i));
    }
  }

  #take(bytes: Uint8Array): void {
    const packet = Packet.parse(bytes);
    const icmp = packet?.icmp;
    if (!packet || !icmp?.isEchoRequest) return;
    const request: EchoRequest = {
      packet,
      family: packet.version,
      source: packet.source,
      destination: packet.destination,
      host: packet.destinationBytes.at(-1)!,
      identifier: icmp.identifier,
      sequence: icmp.sequence,
      payload: icmp.payload,
      hopLimit: packet.hopLimit,
      time: performance.now(),
    };
    this.requests.push(request);
    this.answer(request, this);
  }
}

function reply(request: EchoRequest, network: IcmpResponder): void {
  network.reply(request);
}
