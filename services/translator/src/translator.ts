import type { Revision } from "@routeledger/std";
import type { TranslatorOptions } from "./translator-options.ts";
import { TranslatorReport, type TranslatorRole } from "./translator-report.ts";
import { TranslatorRun } from "./translator-run.ts";

export { checkReplay, type ReplayCheck, type ReplayDifference } from "./check-replay.ts";
export { type CrashHook, crashHook, logCrashPoints, translatorCrashPoints, watchedLog } from "./crash-at.ts";
export { type CrashPoint, crashPoints, rareCrashPoints } from "./crash-point.ts";
export {
  examineLogs,
  type LedgerLogs,
  type LogFinding,
  type LogFindings,
  type PublishedFinding,
} from "./examine-logs.ts";
export type { LeaderSignal, LeaderSignals } from "./leader-signals.ts";
export { type PublishedAt, readPublished, readState, type TranslatorLogs } from "./recover.ts";
export type { TranslatorOptions } from "./translator-options.ts";
export type { TranslatorRole } from "./translator-report.ts";

export interface Translator {
  readonly role: TranslatorRole;
  /** Of its last leadership; 0 when it never led. */
  readonly term: number;
  /** The CONFIG revision up to which XDS says all, as far as this translator published or read it. */
  readonly publishedTo: Revision;
  /** Messages of CONFIG that a leader has still to publish; 0 for a standby. */
  readonly behind: number;
  /**
   * Settles when the translator ends: resolves after `stop`, rejects with what an operator must mend. Storage that
   * fails or is out of reach does not end it.
   */
  readonly ended: Promise<void>;
  /** Ends after the append that is under way, and says so to the others. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a translator: it recovers from both logs, starts a term and publishes whatever CONFIG says from there on, or
 * stands by for the one that does. With signals it resolves at once, as a standby; without, when it leads.
 * Without signals it throws Failure where a log is unreadable, shorter than what was published, or too new.
 */
export async function startTranslator(options: TranslatorOptions): Promise<Translator> {
  const stopping = new AbortController();
  const report = new TranslatorReport(options.metrics);
  const run = new TranslatorRun({ translator: options, report, signal: stopping.signal });
  const ended = run.run();
  if (options.signals === undefined) await Promise.race([report.caughtUp, ended]);
  return {
    get role() {
      return report.role;
    },
    get term() {
      return report.term;
    },
    get publishedTo() {
      return report.publishedTo;
    },
    get behind() {
      return report.behind;
    },
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
