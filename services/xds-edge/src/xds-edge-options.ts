import type { EventLog } from "@routeledger/event-log";
import type { Logger, Metrics, SealingKeys } from "@routeledger/service-kit";
import type { Clock, Failure } from "@routeledger/std";
import type { Published } from "@routeledger/xds-model";
import type { EdgeLimits } from "./edge-limits.ts";
import type { LoadView } from "./load-sums.ts";
import type { ProxyState } from "./proxy-states.ts";
import type { WithheldSecret } from "./secret-opener.ts";
import type { TlsPaths } from "./tls-certificates.ts";

export interface XdsEdgeOptions extends Partial<EdgeLimits> {
  readonly xdsLog: EventLog;
  readonly deliveryLog: EventLog;
  /** host:port for proxies; port 0 takes a free one. */
  readonly address: string;
  /** Certificates of the proxies' port; absent: in clear. */
  readonly tls?: TlsPaths;
  /** Which node group a client's certificate allows (`identityRule`); absent: any. Needs `tls.clientCa`. */
  readonly identity?: string;
  /** Opens the keys of Secrets (P11). Default: none, so that none is sent. */
  readonly sealingKeys?: Pick<SealingKeys, "keyring" | "onChanged">;
  /** Sends keys of Secrets also without TLS. Default false: whoever asks for one waits. */
  readonly secretsInClear?: boolean;
  /** Told each secret that is withheld, when it comes, and again when the keys changed; must not throw. */
  readonly onWithheld?: (secret: WithheldSecret) => void;
  /** Names this edge in the recorded deliveries. */
  readonly edgeId: string;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  /** Where its numbers are shown; absent: nowhere. */
  readonly metrics?: Metrics;
  /** How long a new stream waits for this edge to have applied what the log holds. Default 1,000. */
  readonly catchUpDeadlineMs?: number;
  /** How often proxies report their load, milliseconds. Default 1,000. */
  readonly loadReportIntervalMs?: number;
  /** Over how long `stop` closes the open streams. Default 0: all at once. */
  readonly drainMs?: number;
}

export interface XdsEdge {
  /** host:port, with the port that it got. */
  readonly address: string;
  /**
   * True when all that the XDS log held at the start is applied, until it is stopped: otherwise streams are refused,
   * never answered empty. It stays ready when the log is lost later (P10).
   */
  readonly ready: boolean;
  /** One sentence for people; undefined when it is ready. */
  readonly whyNotReady: string | undefined;
  /** Resolves when it is ready, or was stopped before. */
  readonly becameReady: Promise<void>;
  /** Why it does not follow the XDS log now, so that it may serve what is old; undefined while all is well. */
  readonly trouble: Failure | undefined;
  /** What it serves. */
  readonly published: Published;
  /** Secrets that it has and may not send, sorted by node group and name (P11). */
  withheldSecrets(): readonly WithheldSecret[];
  /** The open streams, sorted by node id. */
  proxies(): ProxyState[];
  /** What proxies reported to this edge of their requests; a proxy may report to another edge than serves it. */
  readonly loads: LoadView;
  /**
   * Settles when the edge stops following: resolves after `stop`; rejects when the XDS log was closed under it. Streams
   * are served on, so this is no reason to end a process that serves some.
   */
  readonly ended: Promise<void>;
  /**
   * Takes nothing new, tells its connections so (GOAWAY), closes the streams over `drainMs`, writes the last
   * deliveries for at most a second, ends. Idempotent.
   */
  stop(): Promise<void>;
}
