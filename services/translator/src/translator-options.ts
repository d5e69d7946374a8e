import type { Logger } from "@routeledger/service-kit";
import type { Clock } from "@routeledger/std";
import type { CrashPoint } from "./crash-point.ts";
import type { TranslatorLogs } from "./recover.ts";

export interface TranslatorOptions {
  readonly logs: TranslatorLogs;
  /** Of the process, for people. */
  readonly name: string;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
  /** How long what retires is kept, milliseconds. */
  readonly retireGraceMs: number;
  /** Checkpoints of both logs are written when this many revisions were published since the last ones. */
  readonly checkpointEveryRevisions: number;
  /** Tests end the process here. */
  readonly crashPoint?: (point: CrashPoint) => void | Promise<void>;
}
