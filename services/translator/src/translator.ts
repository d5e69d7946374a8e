import { Failure, type Revision, revision } from "@routeledger/std";
import { recover } from "./recover.ts";
import { TranslatorLoop } from "./translator-loop.ts";
import type { TranslatorOptions } from "./translator-options.ts";

export { checkReplay, type ReplayCheck, type ReplayDifference } from "./check-replay.ts";
export { type CrashPoint, crashPoints } from "./crash-point.ts";
export { type PublishedAt, readPublished, readState, type TranslatorLogs } from "./recover.ts";
export type { TranslatorOptions } from "./translator-options.ts";

/** Times that a translator recovers again since the one before it still published. */
const overtakenMax = 10;

export interface Translator {
  /** The CONFIG revision up to which XDS says all. */
  readonly publishedTo: Revision;
  /** Settles when the translator ends: resolves after `stop`, rejects with the Failure that ended it. */
  readonly ended: Promise<void>;
  /** Ends after what is being written. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Recovers from both logs, starts a term and publishes whatever CONFIG says from there on. Resolves when it leads.
 * Throws Failure where a log is unreadable, shorter than what was published, or too new.
 */
export async function startTranslator(options: TranslatorOptions): Promise<Translator> {
  const stopping = new AbortController();
  let publishedTo: Revision = revision(0, 0);
  const leads = Promise.withResolvers<void>();
  const ended = lead(options, stopping.signal, (reached) => {
    publishedTo = reached;
    leads.resolve();
  }).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  await Promise.race([leads.promise, ended]);
  return {
    get publishedTo() {
      return publishedTo;
    },
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

/** Recovers and publishes; again from the start when the translator before was not quite done. */
async function lead(
  options: TranslatorOptions,
  signal: AbortSignal,
  reached: (revision: Revision) => void,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const tried = new AbortController();
    const either = AbortSignal.any([signal, tried.signal]);
    try {
      await new TranslatorLoop(options, await recover(options.logs), either, reached).run();
      return;
    } catch (error) {
      const overtaken = error instanceof Failure && error.code === "translator.overtaken";
      if (!overtaken || attempt >= overtakenMax) throw error;
    } finally {
      tried.abort();
    }
  }
}
