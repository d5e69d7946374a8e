import { status } from "@grpc/grpc-js";
import type { Logger } from "@routeledger/service-kit";
import type { Clock } from "@routeledger/std";
import type { ConnectionAges } from "./connection-ages.ts";
import { http2StreamOfHandled } from "./http2-stream-of.ts";
import { type LoadCall, type LoadCounters, LoadStream } from "./load-stream.ts";
import type { LoadSums } from "./load-sums.ts";
import { type IdentityRule, peerNamesOf } from "./peer-identity.ts";

/** How often a proxy reports, milliseconds. */
export const loadReportIntervalDefaultMs = 1_000;

export interface LoadReportingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sums: LoadSums;
  /** How often proxies report, milliseconds. */
  readonly intervalMs: number;
  /** Streams of reports that may be open at once, besides those of discovery. */
  readonly streamsMax: number;
  readonly identity: IdentityRule | undefined;
  /** Why no stream is taken now; undefined when one is. */
  readonly whyNot: () => string | undefined;
  readonly ages: ConnectionAges;
  readonly counters: LoadCounters & { refused(): void };
}

/**
 * `envoy.service.load_stats.v3.LoadReportingService`: a proxy that asks is told to report all its clusters, by cluster and
 * not by endpoint, for as long as its stream is open.
 */
export class LoadReportingService {
  readonly #options: LoadReportingOptions;
  readonly #streams = new Set<LoadStream>();

  constructor(options: LoadReportingOptions) {
    this.#options = options;
  }

  /** The open ones. */
  get streams(): ReadonlySet<LoadStream> {
    return this.#streams;
  }

  get handlers() {
    return { StreamLoadStats: (call: LoadCall) => this.#accept(call) };
  }

  #accept(call: LoadCall): void {
    const { whyNot, streamsMax, counters, ages, ...options } = this.#options;
    const isFull = this.#streams.size >= streamsMax;
    const reason =
      whyNot() ?? (isFull ? `the edge takes ${streamsMax} streams of reports already` : undefined);
    if (reason !== undefined) {
      call.on("error", () => undefined);
      counters.refused();
      call.emit("error", { code: status.UNAVAILABLE, details: reason });
      return;
    }
    const { session } = http2StreamOfHandled(call);
    let aged = (): void => undefined;
    const stream = new LoadStream({
      ...{ ...options, call, counters },
      peerNames: peerNamesOf(call.getAuthContext().sslPeerCertificate),
      onEnded: (ended) => {
        this.#streams.delete(ended);
        aged();
      },
    });
    this.#streams.add(stream);
    aged = ages.opened(session, stream);
    // On a connection that is old already it has ended by now.
    if (!this.#streams.has(stream)) aged();
  }
}
