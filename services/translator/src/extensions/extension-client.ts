import { type Clock, pause } from "@routeledger/std";
import type {
  CallFailed,
  FailureCode,
  Outcome,
  ResourceOutcome,
  TranslationOutcome,
} from "@routeledger/translation/extensions";
import {
  type Hook,
  hookMethods,
  hookPath,
  hookRequest,
  type Reading,
  type ResourceQuestion,
  readResourceAnswer,
  readTranslationAnswer,
  resourceKinds,
  resourceName,
  type TranslationQuestion,
} from "@routeledger/translation/extensions";
import { type CallPolicy, callPolicy, type ExtensionSettings } from "./extension-settings.ts";
import type { ExtensionTransport, TransportReply } from "./extension-transport.ts";
import { retryDelayMs } from "./retry-policy.ts";

export interface Surroundings {
  readonly clock: Clock;
  /** 0 to 1, 1 excluded; for the pauses between tries. */
  readonly random: () => number;
}

/** A call that the transport did not end at its deadline is ended so much later, milliseconds. */
const deadlineGraceMs = 25;
/** Characters of a resource's name, and of what a server says, in a message. */
const nameMax = 300;
const detailsMax = 600;
/** What another question, other settings or another client would mend, and time does not. */
const notRetryable: ReadonlySet<FailureCode> = new Set(["QUESTION_TOO_LARGE", "UNUSABLE_SETTINGS", "CLOSED"]);

type Reply = { readonly kind: "reply"; readonly bytes: Uint8Array } | Fault;

interface Fault {
  readonly kind: "fault";
  readonly code: FailureCode;
  readonly details: string;
}

/**
 * Asks one extension server, and makes an outcome of whatever it does: nothing here throws or rejects because of a
 * server, its settings or its answers.
 *
 * - A call is tried again as its settings say, and over within `deadlineMs`, all tries and pauses included. Where
 *   the next pause would outlast the deadline, the last failure is the outcome, at once.
 * - Calls do not wait for each other; bounding how many there are is the caller's (`NewestQuestions`).
 * - It holds nothing but connections: no answers, no health. When to ask again after a failure is the caller's.
 */
export class ExtensionClient {
  readonly #name: string;
  readonly #policy: CallPolicy;
  readonly #transport: ExtensionTransport | { readonly unusable: string };
  readonly #surroundings: Surroundings;
  readonly #calls = new Map<AbortController, Promise<unknown>>();
  #closed = false;

  /** @param transport what the client closes; or why there is none, which each question then gets as its outcome */
  constructor(
    settings: ExtensionSettings,
    transport: ExtensionTransport | { readonly unusable: string },
    surroundings: Surroundings,
  ) {
    this.#name = settings.name;
    this.#policy = callPolicy(settings);
    this.#transport = transport;
    this.#surroundings = surroundings;
  }

  /** Calls the hook with one resource. `answer` is that resource as the server encoded it, under the same name. */
  askResource(question: ResourceQuestion): Promise<ResourceOutcome> {
    const name = resourceName(resourceKinds[question.hook], question.resource);
    const about = `for ${JSON.stringify(name.slice(0, nameMax))}`;
    return this.#ask(question, about, (bytes) => readResourceAnswer(question, bytes));
  }

  /** Calls the translation hook. `answer` has the lists that the question has. */
  askTranslation(question: TranslationQuestion): Promise<TranslationOutcome> {
    return this.#ask(question, "for the whole translation", (bytes) =>
      readTranslationAnswer(question, bytes),
    );
  }

  /** Ends all calls, whose outcome is CLOSED, and resolves when they have it. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closed && "call" in this.#transport) this.#transport.close();
    this.#closed = true;
    for (const call of this.#calls.keys()) call.abort();
    await Promise.all(this.#calls.values());
  }

  async #ask<Answer>(
    question: ResourceQuestion | TranslationQuestion,
    about: string,
    read: (bytes: Uint8Array) => Reading<Answer>,
  ): Promise<Outcome<Answer>> {
    const reply = await this.#reply(question);
    const reading = reply.kind === "reply" ? read(reply.bytes) : reply;
    if (reading.kind === "invalid") {
      return this.#failed(question.hook, about, "INVALID_ANSWER", `the answer ${reading.message}`);
    }
    if (reading.kind !== "fault") return reading;
    return this.#failed(question.hook, about, reading.code, reading.details);
  }

  async #reply(question: ResourceQuestion | TranslationQuestion): Promise<Reply> {
    if (this.#closed) return closed;
    const transport = this.#transport;
    if (!("call" in transport))
      return { kind: "fault", code: "UNUSABLE_SETTINGS", details: transport.unusable };
    const request = hookRequest(question);
    const { maxMessageBytes } = this.#policy;
    if (request.length > maxMessageBytes) {
      const details = `the question has ${request.length} bytes, more than maxMessageSize, ${maxMessageBytes}`;
      return { kind: "fault", code: "QUESTION_TOO_LARGE", details };
    }
    const call = new AbortController();
    const tries = this.#tryUntilDeadline(transport, { path: hookPath(question.hook), request }, call);
    this.#calls.set(call, tries);
    return tries.finally(() => this.#calls.delete(call));
  }

  async #tryUntilDeadline(
    transport: ExtensionTransport,
    { path, request }: { readonly path: string; readonly request: Uint8Array },
    call: AbortController,
  ): Promise<Reply> {
    const { clock, random } = this.#surroundings;
    const { deadlineMs, retry } = this.#policy;
    const { signal } = call;
    const endsAtMs = clock.monotonicMs() + deadlineMs;
    const cancelBackstop = clock.after(deadlineMs + deadlineGraceMs, () => call.abort());
    let timeoutMs = deadlineMs;
    let before = "";
    try {
      for (let tries = 1; ; tries++) {
        const reply = await transport.call({ path, request, timeoutMs, signal });
        if (this.#closed) return closed;
        if (reply.kind === "reply") return reply;
        if (signal.aborted || isLate(reply, endsAtMs - clock.monotonicMs())) {
          return lateFault(reply, deadlineMs, before);
        }
        const fault = this.#faultOf(reply);
        const delayMs = retryDelayMs(retry, tries, random());
        timeoutMs = endsAtMs - clock.monotonicMs() - delayMs;
        const again = retry.retryableStatusCodes.includes(fault.code) && tries < retry.maxAttempts;
        if (!again || timeoutMs <= 0)
          return tries === 1 ? fault : { ...fault, details: `${fault.details} (try ${tries})` };
        before = `, after ${tries} failed: ${fault.code}: ${fault.details}`;
        await pause(clock, delayMs, signal);
        if (this.#closed) return closed;
        timeoutMs = Math.max(1, endsAtMs - clock.monotonicMs());
      }
    } finally {
      cancelBackstop();
    }
  }

  #faultOf(reply: Exclude<TransportReply, { kind: "reply" }>): Fault {
    if (reply.kind === "status") return { kind: "fault", code: reply.code, details: reply.details };
    const details = `the answer is larger than maxMessageSize, ${this.#policy.maxMessageBytes} bytes (${reply.details})`;
    return { kind: "fault", code: "ANSWER_TOO_LARGE", details };
  }

  #failed(hook: Hook, about: string, code: FailureCode, details: string): CallFailed {
    const message = `ask extension ${this.#name} ${hookMethods[hook]} ${about}: ${code}: ${oneLine(details)}`;
    return { kind: "failed", code, message, retryable: !notRetryable.has(code) };
  }
}

const closed: Fault = { kind: "fault", code: "CLOSED", details: "the client was closed" };

/** Timers of the transport and of our clock do not agree to the millisecond. */
function isLate(reply: TransportReply, leftMs: number): boolean {
  return reply.kind === "status" && reply.code === "DEADLINE_EXCEEDED"
    ? leftMs < deadlineGraceMs
    : leftMs <= 0;
}

function lateFault(reply: TransportReply, deadlineMs: number, before: string): Fault {
  // The library's own text says the same, with times that differ from call to call.
  const details = reply.kind === "status" && !/^deadline exceeded/i.test(reply.details) ? reply.details : "";
  return {
    kind: "fault",
    code: "DEADLINE_EXCEEDED",
    details: `no answer within ${deadlineMs} ms${before}${details && ` (${details})`}`,
  };
}

/** What a server says may be long, and anything. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > detailsMax ? `${line.slice(0, detailsMax)}...` : line;
}
