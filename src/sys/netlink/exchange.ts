/**
 * A request and all of its answer. The kernel answers rtnetlink within the
 * call that sends, and goes on with a dump within each receive: nothing here
 * waits, and an answer that is not there was lost.
 *
 * @module
 */
import { errnoNumber } from "../errno.ts";
import { errno, PermissionError, SystemCallError } from "../errors.ts";
import {
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_MIN_TYPE,
  NLMSG_OVERRUN,
  NLMSGERR_ATTR_MSG,
  requestNames,
} from "./constants.ts";
import {
  Attributes,
  type Message,
  type MessageWriter,
  readMessages,
  readU32,
} from "./message.ts";
import type { Transport } from "./socket.ts";

const maxAttempts = 16;
const needsAdmin = "run as root, with CAP_NET_ADMIN, or inside a user " +
  "namespace of your own: unshare -Urnm COMMAND";

/** The answer to one sending of a request. */
interface Answer {
  readonly messages: Message[];
  /** Whether its end has come: an acknowledgement or the end of the dump. */
  ended: boolean;
  /** Whether something was lost on the way. */
  overrun: boolean;
  /** Whether what was listed changed meanwhile. */
  interrupted: boolean;
}

/** Requests and answers over a transport. */
export class Exchange {
  readonly #transport: Transport;
  #sequence = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Asks for a change.
   *
   * @param request The message.
   * @param what What could not be done, if it fails.
   * @param flags `NLM_F_CREATE` and its like.
   */
  change(request: MessageWriter, what: string, flags = 0): void {
    const answer = this.#ask(request, what, NLM_F_ACK | flags);
    // Done or not, nobody can tell: asking again could do it twice.
    if (!answer.ended) throw this.#lost(request, what);
  }

  /** Asks for one thing; the message that tells it. */
  get(request: MessageWriter, what: string): Message {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const { messages } = this.#ask(request, what, NLM_F_ACK);
      if (messages.length > 0) return messages[0];
    }
    throw this.#lost(request, what);
  }

  /** Asks for a list; begins again when it changed while it was read. */
  dump(request: MessageWriter, what: string): Message[] {
    let interrupted = false;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const answer = this.#ask(request, what, NLM_F_DUMP);
      if (answer.ended && !answer.overrun && !answer.interrupted) {
        return answer.messages;
      }
      interrupted = answer.interrupted;
    }
    if (!interrupted) throw this.#lost(request, what);
    throw new SystemCallError(
      nameOf(request),
      errno.EAGAIN,
      what,
      `it changed while it was read, ${maxAttempts} times over`,
    );
  }

  #ask(request: MessageWriter, what: string, flags: number): Answer {
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    this.#transport.send(request.finish(NLM_F_REQUEST | flags, sequence), what);
    const answer: Answer = {
      messages: [],
      ended: false,
      overrun: false,
      interrupted: false,
    };
    try {
      this.#receive(answer, sequence, request, what);
    } finally {
      // A dump that is left half read would make the next one EBUSY.
      if (!answer.ended) { while (this.#transport.receive(what) !== "empty"); }
    }
    return answer;
  }

  #receive(
    answer: Answer,
    sequence: number,
    request: MessageWriter,
    what: string,
  ): void {
    while (!answer.ended) {
      const received = this.#transport.receive(what);
      if (received === "empty") return;
      if (received === "overrun") {
        answer.overrun = true;
        continue;
      }
      for (const message of readMessages(received)) {
        if (message.sequence !== sequence) continue; // of a request given up
        if (message.flags & NLM_F_DUMP_INTR) answer.interrupted = true;
        if (message.type === NLMSG_OVERRUN) answer.overrun = true;
        if (message.type >= NLMSG_MIN_TYPE) answer.messages.push(message);
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          answer.ended = true;
          checkEnd(message, request, what);
        }
      }
    }
  }

  #lost(request: MessageWriter, what: string): SystemCallError {
    return new SystemCallError(
      nameOf(request),
      errno.ENOBUFS,
      what,
      "the kernel's answer was lost",
    );
  }
}

/** Throws what an acknowledgement or the end of a dump has to say. */
function checkEnd(
  message: Message,
  request: MessageWriter,
  what: string,
): void {
  // Before Linux 2.6.22 the end of a dump carries no result.
  if (message.type === NLMSG_DONE && message.body.length < 4) return;
  const result = readU32(message.body, 0) | 0;
  if (result >= 0) return;
  const text = kernelText(message);
  if (-result === errno.EPERM && text === undefined) {
    throw new PermissionError(nameOf(request), errno.EPERM, what, needsAdmin);
  }
  throw new SystemCallError(nameOf(request), -result, what, text);
}

/** The extended acknowledgement: behind the result and, of an error, the request. */
function kernelText(message: Message): string | undefined {
  if (!(message.flags & NLM_F_ACK_TLVS)) return undefined;
  let start = 4;
  if (message.type === NLMSG_ERROR) {
    const isCapped = (message.flags & NLM_F_CAPPED) !== 0;
    start += isCapped ? 16 : Math.ceil(readU32(message.body, 4) / 4) * 4;
  }
  return new Attributes(message.body, start).text(NLMSGERR_ATTR_MSG);
}

function nameOf(request: MessageWriter): string {
  return requestNames.get(request.type) ?? `netlink ${request.type}`;
}

/** Whether an error is the kernel's answer of this name. */
export function isRefusal(error: unknown, code: string): boolean {
  return error instanceof SystemCallError && error.errno === errnoNumber(code);
}
