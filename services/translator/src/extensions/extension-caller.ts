import {
  answerKey,
  type ConfigState,
  type ExtensionAnswer,
  type ExtensionPoint,
  emptyConfigState,
} from "@routeledger/config-model";
import { canonicalJson, type JsonObject, type Keyring } from "@routeledger/std";
import { extensionObjects, type WantedCall } from "@routeledger/translation";
import type { Outcome, TranslationResources } from "@routeledger/translation/extensions";
import { answersOf } from "@routeledger/translation/extensions";
import type { ExtensionClient } from "./extension-client.ts";
import { readSettings } from "./extension-object.ts";
import type { ExtensionReport } from "./extension-report.ts";
import { NewestQuestions } from "./newest-questions.ts";
import { openExtensionClient } from "./open-extension-client.ts";
import { RetryTurns } from "./retry-turns.ts";
import { UnaskedAnswers, type UnaskedAnswersOptions } from "./unasked-answers.ts";

/** Questions of one extension on their way at a time; HTTP/2 servers' usual bound is 100 streams. */
const inFlightMax = 16;
/** Bytes of answers in one event; one answer may be larger. */
const eventBytesMax = 16 * 1024 * 1024;

export interface ExtensionCallerOptions extends UnaskedAnswersOptions {
  /** 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly report: ExtensionReport;
  /** Opens the keys of client certificates. */
  readonly keyring: () => Keyring | undefined;
}

/** One extension's server, and what it is asked. */
interface Server {
  readonly client: ExtensionClient;
  readonly questions: NewestQuestions<WantedCall, Outcome<Uint8Array | TranslationResources>>;
  readonly turns: RetryTurns;
  /** Of its settings: others need another client. */
  readonly settings: string;
}

/**
 * Asks extension servers on behalf of the leading translator. What can happen:
 * - a state wants other questions: new ones are asked, those that nobody wants are dropped;
 * - a question is settled: its outcome goes to the log, with all others that were settled meanwhile;
 * - a question failed: it is asked again in its turn, until it is answered or nobody wants it; that it failed once
 *   more is no event;
 * - nobody has asked a question for a while: what is known of it is forgotten, which is an event, too;
 * - an Extension changes, or a Secret that it names: its server is called anew.
 * One extension never waits for another, nor one node group for another of the same extension.
 */
export class ExtensionCaller {
  readonly #options: ExtensionCallerOptions;
  readonly #report: ExtensionReport;
  readonly #unasked: UnaskedAnswers;
  readonly #servers = new Map<string, Server>();
  #state: ConfigState = emptyConfigState;
  #wanted = new Map<string, WantedCall>();
  /** Digest of the question that was asked last, by key. */
  readonly #asked = new Map<string, string>();
  #settled: { readonly call: WantedCall; readonly answers: readonly ExtensionAnswer[] }[] = [];
  #appending = false;
  #closed = false;

  constructor(options: ExtensionCallerOptions) {
    this.#options = options;
    this.#report = options.report;
    this.#report.counts = () => this.#counts();
    this.#unasked = new UnaskedAnswers(options);
  }

  /** Follows to a state, and to all that it wants to know of extensions. */
  follow(state: ConfigState, calls: Iterable<WantedCall>): void {
    if (this.#closed) return;
    const before = this.#wanted;
    this.#state = state;
    this.#wanted = new Map([...calls].map((call) => [keyOf(call), call]));
    if (state.answers.size > 0) this.#unasked.watch();
    this.#followServers();
    for (const [key, call] of before) if (!this.#wanted.has(key)) this.#forget(key, call);
    for (const [key, call] of this.#wanted) this.#consider(key, call);
  }

  /** Ends all calls. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#unasked.close();
    for (const name of [...this.#servers.keys()]) this.#closeServer(name);
  }

  #followServers(): void {
    const extensions = extensionObjects(this.#state);
    const names = new Set(extensions.map(({ name }) => name));
    for (const name of [...this.#servers.keys()]) if (!names.has(name)) this.#closeServer(name);
    for (const object of extensions) {
      const settings = readSettings(this.#state, object, this.#options.keyring());
      const text = canonicalJson(settings as unknown as JsonObject);
      const known = this.#servers.get(object.name);
      if (known?.settings === text) continue;
      if (known !== undefined) this.#closeServer(object.name);
      this.#servers.set(object.name, this.#openServer(object.name, settings, text));
    }
  }

  #openServer(name: string, settings: ReturnType<typeof readSettings>, text: string): Server {
    const { clock, random } = this.#options;
    const client = openExtensionClient(
      "unusable" in settings ? { name, service: {}, unusable: settings.unusable } : settings,
      { clock, random },
    );
    const turns = new RetryTurns({ clock, random, ask: (key) => this.#askAgain(key) });
    const questions = new NewestQuestions<WantedCall, Outcome<Uint8Array | TranslationResources>>({
      inFlightMax,
      ask: ({ question }) => {
        const finished = this.#report.asking(name, question.hook);
        const asked: Promise<Outcome<Uint8Array | TranslationResources>> =
          question.hook === "Translation" ? client.askTranslation(question) : client.askResource(question);
        return asked.finally(finished);
      },
      settled: (outcome, call, key) => this.#settle(key, call, outcome),
    });
    return { client, questions, turns, settings: text };
  }

  #closeServer(name: string): void {
    const server = this.#servers.get(name);
    if (server === undefined) return;
    this.#servers.delete(name);
    server.questions.close();
    server.turns.close();
    void server.client.close();
    for (const [key, call] of this.#wanted) if (call.extension === name) this.#asked.delete(key);
  }

  #consider(key: string, call: WantedCall): void {
    const server = this.#servers.get(call.extension);
    if (server === undefined || this.#asked.get(key) === call.inputDigest) return;
    const before = this.#asked.get(key);
    if (before !== undefined) server.turns.forget(key);
    this.#asked.set(key, call.inputDigest);
    // What failed before this leadership waits for its turn, so that a leader does not begin with a flood.
    if (call.isRetry && before === undefined && server.turns.failed > 0) server.turns.failedOnce(key);
    else server.questions.submit(key, call);
  }

  #askAgain(key: string): void {
    const call = this.#wanted.get(key);
    if (call !== undefined) this.#servers.get(call.extension)?.questions.submit(key, call);
  }

  #forget(key: string, { extension }: WantedCall): void {
    this.#asked.delete(key);
    const server = this.#servers.get(extension);
    server?.turns.forget(key);
    server?.questions.forget(key);
  }

  #settle(key: string, call: WantedCall, outcome: Outcome<Uint8Array | TranslationResources>): void {
    if (this.#closed) return;
    const known = this.#state.answers.get(call.nodeGroup);
    const answers = answersOf(call, outcome, known);
    const failure = answers.map((answer) => answer.outcome).find((one) => one?.type === "failed");
    this.#report.settled(call, failure?.type === "failed" ? failure.code : "OK");
    const turns = this.#servers.get(call.extension)?.turns;
    if (failure === undefined) turns?.answered(key);
    else {
      turns?.failedOnce(key);
      const { extension, hook, name } = call;
      const { logger } = this.#options;
      logger.warn({ extension, hook, name, nodeGroup: call.nodeGroup, failure }, "extension does not answer");
    }
    this.#settled.push({ call, answers });
    void this.#appendAll();
  }

  /** One event at a time, of all that was settled meanwhile. */
  async #appendAll(): Promise<void> {
    if (this.#appending) return;
    this.#appending = true;
    try {
      while (this.#settled.length > 0 && !this.#closed) {
        const settled = takeUpTo(this.#settled, eventBytesMax);
        await this.#options.append(() => this.#worthSaying(settled));
      }
    } catch (error) {
      // The loop ends by what its append threw, and closes this.
      this.#options.logger.debug({ err: error }, "answers of extensions were not appended");
    } finally {
      this.#appending = false;
    }
  }

  /** Of answers, those that somebody wants still and that say something new. */
  #worthSaying(
    settled: readonly { readonly call: WantedCall; readonly answers: readonly ExtensionAnswer[] }[],
  ) {
    return settled
      .filter(({ call }) => this.#wanted.has(keyOf(call)))
      .flatMap(({ answers }) => answers)
      .filter((answer) => !this.#isKnownFailure(answer));
  }

  #isKnownFailure({ outcome, inputDigest, ...point }: ExtensionAnswer): boolean {
    const newest = this.#state.answers.get(point.nodeGroup)?.get(answerKey(point))?.newest;
    return (
      outcome?.type === "failed" &&
      newest?.inputDigest === inputDigest &&
      newest.outcome.type === "failed" &&
      newest.outcome.code === outcome.code
    );
  }

  #counts(): Map<string, { waiting: number; failing: number }> {
    return new Map(
      [...this.#servers].map(([name, { questions, turns }]) => [
        name,
        { waiting: questions.inFlight + questions.waiting, failing: turns.failed },
      ]),
    );
  }
}

function keyOf({ nodeGroup, ...rest }: ExtensionPoint): string {
  return `${nodeGroup}\n${answerKey(rest)}`;
}

function takeUpTo<T extends { readonly answers: readonly ExtensionAnswer[] }>(
  waiting: T[],
  bytesMax: number,
): T[] {
  let bytes = 0;
  const taken: T[] = [];
  while (waiting.length > 0 && (taken.length === 0 || bytes < bytesMax)) {
    const next = waiting.shift() as T;
    taken.push(next);
    for (const { outcome } of next.answers)
      bytes += outcome !== undefined && "bytes" in outcome ? outcome.bytes.length : 0;
  }
  return taken;
}
