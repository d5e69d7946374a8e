import { decodeConfigEvent, evolve } from "@routeledger/config-model";
import { CommitReader, configKinds, isLoss, xdsKinds } from "@routeledger/event-log";
import { bytesEqual, type Clock, Failure, pause } from "@routeledger/std";
import { TranslationCache, translateAll, translatorVersion } from "@routeledger/translation";
import { applyPublication, decodePublication } from "@routeledger/xds-model";
import { type Recovered, recover, type TranslatorLogs } from "./recover.ts";
import type { TranslatorReport } from "./translator-report.ts";

export interface WarmStandbyOptions {
  readonly logs: TranslatorLogs;
  readonly clock: Clock;
  readonly report: TranslatorReport;
  /** How often the logs are asked for news, milliseconds. */
  readonly followEveryMs: number;
}

/** Where a leadership begins. */
export interface WarmStart {
  readonly recovered: Recovered;
  readonly cache: TranslationCache;
}

/** After each failure in a row it asks half as often, down to this part: recovering may be costly and in vain. */
const slowdownMax = 16;

/**
 * Keeps what a leader needs while another one leads, so that taking over costs what came in the last moment and not
 * what the logs hold. It only saves time: whatever goes wrong here, the logs are recovered from their checkpoints
 * when it is time to lead, and that says what is wrong.
 */
export class WarmStandby {
  readonly #options: WarmStandbyOptions;
  #warm: WarmStart | undefined;
  /** The objects that were last translated. */
  #translated: unknown;
  #slowdown = 1;

  constructor(options: WarmStandbyOptions) {
    this.#options = options;
  }

  /** The highest term in what was followed; 0: none. */
  get term(): number {
    const { configTail, xdsTail } = this.#warm?.recovered ?? {};
    return Math.max(configTail?.term ?? 0, xdsTail?.term ?? 0);
  }

  /** Follows until aborted. @throws Failure when a log lost something that was read (`isLoss`) */
  async follow(signal: AbortSignal): Promise<void> {
    const { clock, followEveryMs } = this.#options;
    while (!signal.aborted) {
      await this.#advance();
      if (signal.aborted) return;
      this.#warmUp();
      this.#slowdown = this.#warm ? 1 : Math.min(2 * this.#slowdown, slowdownMax);
      await pause(clock, followEveryMs * this.#slowdown, signal);
    }
  }

  /**
   * All that is published, with the state to go on from. What is given belongs to the caller.
   * @throws Failure as `recover` does
   */
  async take(): Promise<WarmStart> {
    if (this.#warm !== undefined) await this.#advance();
    const warm = this.#warm ?? {
      recovered: await recover(this.#options.logs),
      cache: new TranslationCache(),
    };
    this.#warm = undefined;
    return warm;
  }

  async #advance(): Promise<void> {
    const { logs, report } = this.#options;
    try {
      const before = this.#warm;
      const recovered = before ? await advanced(before.recovered, logs) : await recover(logs);
      this.#warm = recovered && { recovered, cache: before?.cache ?? new TranslationCache() };
      if (recovered !== undefined) report.followed(recovered.published.revision);
    } catch (error) {
      // Whoever recovers from what is left does not know what there was.
      if (!(error instanceof Failure) || isLoss(error)) throw error;
      this.#warm = undefined;
    }
  }

  /** The leader's first translation then costs what changed since. */
  #warmUp(): void {
    const { recovered, cache } = this.#warm ?? {};
    if (recovered === undefined || recovered.state.objects === this.#translated) return;
    this.#translated = recovered.state.objects;
    if (recovered.state.translator?.version === translatorVersion) translateAll(recovered.state, cache);
  }
}

/** The same some time later; undefined where the logs do not simply go on. */
async function advanced(from: Recovered, logs: TranslatorLogs): Promise<Recovered | undefined> {
  let { published, state } = from;
  let configHash = from.configTail.hash;
  const xds = new CommitReader(logs.xds, { from: from.xdsTail, kinds: xdsKinds });
  for await (const item of xds.read({ until: (await logs.xds.info()).lastSequence })) {
    if (item.type !== "commit" || item.commit.kind !== "Publication") continue;
    const publication = decodePublication(item.commit.payload);
    if (publication.from !== published.revision.sequence + 1) return undefined;
    published = applyPublication(published, publication);
    configHash = publication.configHash;
  }
  // Where CONFIG lost what was published, it goes on before that: nothing is to be read for it.
  if (xds.tail.sequence === from.xdsTail.sequence) return from;
  const config = new CommitReader(logs.config, { from: from.configTail, kinds: configKinds });
  const { sequence } = published.revision;
  if ((await logs.config.info()).lastSequence < sequence) return undefined;
  if (config.tail.sequence > sequence) return undefined;
  if (config.tail.sequence < sequence) {
    for await (const item of config.read({ until: sequence })) {
      if (item.type === "commit") state = evolve(state, decodeConfigEvent(item.commit));
    }
  }
  if (config.tail.sequence !== sequence || !bytesEqual(config.tail.hash, configHash)) return undefined;
  return { published, state, configTail: config.tail, xdsTail: xds.tail };
}
