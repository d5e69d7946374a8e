import { deepEqual, ok } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { CommitReader, MemoryEventLog, MemoryStorage, xdsKinds } from "@routeledger/event-log";
import { LossyEventLog } from "@routeledger/event-log/testing";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock, toHex } from "@routeledger/std";
import {
  type CrashPoint,
  checkReplay,
  type ReplayCheck,
  readPublished,
  startTranslator,
  type Translator,
  type TranslatorOptions,
} from "@routeledger/translator";
import { decodePublication, encodePublishedCheckpoints, type Publication } from "@routeledger/xds-model";
import { ConfigAuthor } from "./config-author.ts";
import { GatedAppend } from "./gated-append.ts";
import { SignalBus } from "./signal-bus.ts";

export type WorldOptions = Partial<TranslatorOptions> & { readonly name?: string };

/** A wait that is longer than this is a failure, milliseconds. */
const waitMsMax = 30_000;

/** One translator of several on the same logs, with all that may befall it. */
export class TranslatorProcess {
  readonly name: string;
  readonly config: LossyEventLog;
  readonly xds: LossyEventLog;
  readonly xdsGate: GatedAppend;
  readonly #bus: SignalBus;
  #translator: Translator | undefined;
  #hold: { readonly point: CrashPoint; nth: number; readonly opened: Promise<void> } | undefined;
  #held = Promise.withResolvers<void>();
  #thaws: (() => void)[] = [];
  #dead = false;
  #alone = false;
  /** What ended it. */
  failure: unknown;
  /** The points that it passed. */
  readonly passed = new Set<CrashPoint>();

  constructor(name: string, logs: { config: MemoryEventLog; xds: MemoryEventLog }, bus: SignalBus) {
    this.name = name;
    this.config = new LossyEventLog(logs.config);
    this.xds = new LossyEventLog(logs.xds);
    this.xdsGate = new GatedAppend(this.xds);
    this.#bus = bus;
  }

  get translator(): Translator {
    ok(this.#translator, `${this.name} to be started`);
    return this.#translator;
  }

  /** It hears of no others, and leads at once. */
  goAlone(): void {
    this.#alone = true;
  }

  get alive(): boolean {
    return !this.#dead && this.#translator !== undefined && this.failure === undefined;
  }

  async start(options: TranslatorOptions): Promise<void> {
    this.#translator = await startTranslator({
      ...options,
      logs: { config: this.config, xds: this.xdsGate },
      ...(this.#alone ? {} : { signals: this.#bus.join(this.name) }),
      crashPoint: (point) => this.#pass(point),
    });
    this.#translator.ended.catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Freezes it, as SIGSTOP does, where it passes a point for the nth time. Resolves when it has. */
  freezeAt(point: CrashPoint, nth = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hold = { point, nth, opened: promise };
    this.#thaws.push(resolve);
    this.#held = Promise.withResolvers<void>();
    return this.#held.promise;
  }

  thaw(): void {
    this.#hold = undefined;
    this.#bus.thaw(this.name);
    for (const thaw of this.#thaws.splice(0)) thaw();
  }

  /** Dies as by SIGKILL: wherever it is, nothing of it goes on. */
  async kill(): Promise<void> {
    this.#dead = true;
    this.#bus.leave(this.name);
    await Promise.all([this.config.close(), this.xds.close()]);
    this.thaw();
  }

  async stop(): Promise<void> {
    if (!this.alive) return;
    await this.translator.stop();
    this.#dead = true;
    this.#bus.leave(this.name);
  }

  async #pass(point: CrashPoint): Promise<void> {
    this.passed.add(point);
    if (this.#dead) return;
    if (this.#hold?.point !== point || --this.#hold.nth > 0) return;
    this.#bus.freeze(this.name);
    this.#held.resolve();
    await this.#hold.opened;
  }
}

/** One CONFIG and one XDS log, and any number of translators on them that hear of each other. */
export class TranslatorWorld {
  readonly configStorage = new MemoryStorage("config-1");
  readonly xdsStorage = new MemoryStorage("xds-1");
  readonly author = new ConfigAuthor(this.open().config);
  readonly bus: SignalBus;
  readonly processes: TranslatorProcess[] = [];
  readonly #options: WorldOptions;

  constructor(options: WorldOptions = {}, bus = new SignalBus()) {
    this.#options = options;
    this.bus = bus;
  }

  open(): { config: MemoryEventLog; xds: MemoryEventLog } {
    return {
      config: new MemoryEventLog("CONFIG", this.configStorage),
      xds: new MemoryEventLog("XDS", this.xdsStorage),
    };
  }

  /** One more, which is a standby until it leads. `prepare` is called before it runs. */
  async add(prepare?: (process: TranslatorProcess) => void): Promise<TranslatorProcess> {
    const name = `t${this.processes.length + 1}`;
    const process = new TranslatorProcess(name, this.open(), this.bus);
    this.processes.push(process);
    prepare?.(process);
    await process.start({
      ...{ logs: this.open(), clock: systemClock, randomBytes, logger: silentLogger },
      ...{ retireGraceMs: 60_000, checkpointEveryRevisions: 1_000 },
      ...{ takeoverAfterMs: 100, announceEveryMs: 20, ...this.#options, name },
    });
    return process;
  }

  get leaders(): TranslatorProcess[] {
    return this.processes.filter((process) => process.alive && process.translator.role === "leading");
  }

  /** The one that leads, when just one says so and has published all. */
  async settled(): Promise<TranslatorProcess> {
    const { config } = this.open();
    const started = performance.now();
    for (;;) {
      const { lastSequence } = await config.info();
      const [leader, ...others] = this.leaders;
      if (leader && others.length === 0 && leader.translator.publishedTo.sequence >= lastSequence)
        return leader;
      await turn();
      ok(
        performance.now() - started < waitMsMax,
        `one translator to lead and to publish all: ${this.described}`,
      );
    }
  }

  /** What each translator says of itself. */
  get described(): string {
    const of = ({ name, alive, failure, passed, translator }: TranslatorProcess) => {
      const { role, term, publishedTo } = translator;
      return { name, alive, failure: String(failure), passed: [...passed].at(-1), role, term, publishedTo };
    };
    return JSON.stringify({ config: this.configStorage.lastSequence, processes: this.processes.map(of) });
  }

  async publications(): Promise<Publication[]> {
    const { xds } = this.open();
    const reader = new CommitReader(xds, { from: undefined, kinds: xdsKinds });
    const publications: Publication[] = [];
    for await (const item of reader.read({ until: (await xds.info()).lastSequence })) {
      if (item.type === "commit" && item.commit.kind === "Publication")
        publications.push(decodePublication(item.commit.payload));
    }
    return publications;
  }

  /** All that is published, as checkpoints: equal where what is served is equal. */
  async published(): Promise<Record<string, string>> {
    const { published } = await readPublished(this.open().xds);
    return Object.fromEntries(
      [...encodePublishedCheckpoints(published)].map(([subject, bytes]) => [subject, toHex(bytes)]),
    );
  }

  /** P2 and P8: each revision is published once, in order, with the bytes of one undisturbed translation. */
  async assertReplays(): Promise<ReplayCheck> {
    const check = await checkReplay(this.open());
    deepEqual(check.differences, []);
    deepEqual(check.otherVersions, []);
    ok(check.compared > 0 && check.to > 0);
    return check;
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.filter(({ alive }) => alive).map((process) => process.stop()));
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
