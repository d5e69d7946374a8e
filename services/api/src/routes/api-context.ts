import type { EventLog } from "@routeledger/event-log";
import type { Logger, Metrics } from "@routeledger/service-kit";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import type { Clock } from "@routeledger/std";
import type { ApiTokens } from "../api-tokens.ts";
import type { ChangeAnswer } from "../change-results.ts";
import type { ConfigDoor } from "../config-door.ts";
import type { ObjectReader } from "../object-reader.ts";
import type { ReadSide } from "../read-side.ts";
import type { SwitchDriver } from "../switch-driver.ts";
import type { TlsFiles } from "../tls-files.ts";

/** What the handlers of requests have. */
export interface ApiContext {
  readonly door: ConfigDoor;
  readonly read: ReadSide;
  readonly objects: ObjectReader;
  readonly store: SnapshotStore;
  readonly driver: SwitchDriver;
  readonly config: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** For the metrics of changes. */
  readonly countOutcomes: (answer: ChangeAnswer) => void;
  /** Who may ask; undefined: open mode. */
  readonly tokens: ApiTokens | undefined;
  /** Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  /** Translates the whole log again and compares; undefined where this process cannot. */
  readonly checkReplay: (() => Promise<object>) | undefined;
  /** Aborted when the api stops. */
  readonly stopping: AbortSignal;
  /** What ended the reading of a log, if something did. */
  failed(): unknown;
}
