import type { Logger, Metrics } from "@routeledger/service-kit";
import type { Clock, Keyring } from "@routeledger/std";
import type { CrashPoint } from "./crash-point.ts";
import type { LeaderSignals } from "./leader-signals.ts";
import type { TranslatorLogs } from "./recover.ts";

/** Default of `takeoverAfterMs`. */
export const takeoverAfterMsDefault = 2_000;
/** Default of `announceEveryMs`. */
export const announceEveryMsDefault = 500;

export interface TranslatorOptions {
  readonly logs: TranslatorLogs;
  /** Of the process, for people. */
  readonly name: string;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
  /** How long what retires is kept, milliseconds. */
  readonly retireGraceMs: number;
  /** Checkpoints of both logs are written when this many events that are no checkpoints came since the last ones. */
  readonly checkpointEveryRevisions: number;
  /** How other translators are heard. Absent: there are none; this one leads at once, and ends when another leads. */
  readonly signals?: LeaderSignals;
  /** A standby tries to lead when no leader was heard for so long, milliseconds. */
  readonly takeoverAfterMs?: number;
  /** A leader that makes progress says so this often, milliseconds; well below `takeoverAfterMs`. */
  readonly announceEveryMs?: number;
  /**
   * How many distinct stores must have confirmed what is purged; 0: none. Counts with `retainCheckpoints` only.
   * Default 0.
   */
  readonly storesToConfirm?: number;
  /** How many rounds of checkpoints both logs keep, with all that follows the oldest; at least 1. Absent: never purges. */
  readonly retainCheckpoints?: number;
  readonly metrics?: Metrics;
  /** Opens the keys of client certificates that are shown to extension servers. Absent: none is shown. */
  readonly keyring?: () => Keyring | undefined;
  /** 0 to 1, 1 excluded; by default Math.random. */
  readonly random?: () => number;
  /** Tests end or hold the process here. */
  readonly crashPoint?: (point: CrashPoint) => void | Promise<void>;
}
