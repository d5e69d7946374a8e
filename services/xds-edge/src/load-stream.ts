import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { codec, type DecodedTypes, durationOfMs, Malformed, type MessageTypes } from "@routeledger/protos";
import type { Logger } from "@routeledger/service-kit";
import type { Clock } from "@routeledger/std";
import { readLoadReport } from "./load-report-reader.ts";
import type { ClusterLoad, LoadReporter, LoadSums } from "./load-sums.ts";
import { nodeRefusal } from "./node-refusal.ts";
import { Pace } from "./pace.ts";
import type { IdentityRule, PeerNames } from "./peer-identity.ts";
import { firstRequestMs } from "./stream-session.ts";

type Request = DecodedTypes["envoy.service.load_stats.v3.LoadStatsRequest"];
type Response = MessageTypes["envoy.service.load_stats.v3.LoadStatsResponse"];
export type LoadCall = ServerDuplexStream<Buffer, Response>;

const request = codec("envoy.service.load_stats.v3.LoadStatsRequest");

/** Bytes of one report: some 80,000 clusters. A longer one ends the stream with RESOURCE_EXHAUSTED. */
export const loadReportBytesMax = 4 * 1024 * 1024;
/** Reports of one stream that are read in an interval, after a burst of a second's; a faster one is read slower. */
const reportsPerInterval = 4;
/** So many bytes of a report count as one report more. */
const bytesPerReport = 256 * 1024;

export interface LoadStreamOptions {
  readonly call: LoadCall;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sums: LoadSums;
  readonly intervalMs: number;
  readonly peerNames: PeerNames;
  /** Whether they allow a node group; absent: any (P11). */
  readonly identity: IdentityRule | undefined;
  readonly counters: LoadCounters;
  readonly onEnded: (stream: LoadStream) => void;
}

/** What streams of reports count: no label names a proxy or a cluster, whose number nothing bounds. */
export interface LoadCounters {
  /** @param leftOut clusters that the report has too many, or with counts that are none */
  loadReported(load: Pick<ClusterLoad, "successful" | "errors">, leftOut: number): void;
  /** @param code of gRPC, in lower case; `client`: the client ended it, or its connection broke */
  ended(code: string): void;
}

/**
 * One proxy's stream of load reports (LRS). What can happen: the client says who it is, and is told what to report and how
 * often; it reports; it says nothing for too long; the call ends. Its node is that of its first request for ever.
 */
export class LoadStream {
  readonly #options: LoadStreamOptions;
  readonly #pace: Pace;
  readonly #cancels = new Set<() => void>();
  #reporter: LoadReporter | undefined;
  #hasLeftOut = false;
  #ended = false;

  constructor(options: LoadStreamOptions) {
    const { call, clock, intervalMs } = options;
    this.#options = options;
    this.#pace = new Pace(clock, Math.max(1, (reportsPerInterval * 1_000) / intervalMs));
    call.on("data", (bytes) => this.#onBytes(bytes));
    call.on("end", () => this.#end("the client closed the stream"));
    call.on("cancelled", () => this.#end("the client went away"));
    call.on("error", (error: Error) => this.#end(error.message));
    this.#after(firstRequestMs, () => {
      if (this.#reporter === undefined) this.#end("no request came", status.DEADLINE_EXCEEDED);
    });
  }

  /** Ends the call with UNAVAILABLE: the client comes back, to another edge. Idempotent. */
  close(reason: string): void {
    this.#end(reason, status.UNAVAILABLE);
  }

  /** The same: a proxy that has reported nothing yet has lost nothing. */
  retire(reason: string): void {
    this.close(reason);
  }

  #onBytes(bytes: Buffer): void {
    if (this.#ended) return;
    const { call } = this.#options;
    const waitMs = this.#pace.take(1 + bytes.length / bytesPerReport);
    if (waitMs > 0) {
      call.pause();
      this.#after(waitMs, () => call.resume());
    }
    if (bytes.length > loadReportBytesMax) {
      this.#end(`a report of more than ${loadReportBytesMax} bytes`, status.RESOURCE_EXHAUSTED);
      return;
    }
    const isFirst = this.#reporter === undefined;
    const loads = readLoadReport(bytes);
    if (loads === undefined) {
      this.#end("a message that is no load report", status.INVALID_ARGUMENT);
      return;
    }
    this.#reporter ??= this.#begin(bytes);
    // An Envoy that comes from another edge begins with what it counted since its last report there.
    if (this.#reporter !== undefined && !(isFirst && loads.length === 0)) this.#report(this.#reporter, loads);
  }

  #decode(bytes: Buffer): Request | undefined {
    try {
      return request.decode(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#end(error.message, status.INVALID_ARGUMENT);
      return undefined;
    }
  }

  #begin(bytes: Buffer): LoadReporter | undefined {
    const { call, intervalMs, logger, sums } = this.#options;
    const decoded = this.#decode(bytes);
    if (decoded === undefined) return undefined;
    const { node } = decoded;
    if (node === undefined) {
      this.#end("the first request has no node", status.INVALID_ARGUMENT);
      return undefined;
    }
    const refusal = nodeRefusal(node, this.#options);
    if (refusal !== undefined) {
      const { code, reason } = refusal;
      logger.warn({ node: node.id, nodeGroup: node.cluster, reason }, "stream of load reports refused");
      this.#end(reason, code);
      return undefined;
    }
    const reporter = { nodeId: node.id, nodeGroup: node.cluster };
    sums.opened(reporter);
    logger.debug({ node: node.id, nodeGroup: node.cluster }, "proxy reports its load");
    const loadReportingInterval = durationOfMs(intervalMs);
    call.write({ sendAllClusters: true, loadReportingInterval, reportEndpointGranularity: false });
    return reporter;
  }

  #report(reporter: LoadReporter, loads: readonly ClusterLoad[]): void {
    const { counters, logger, sums } = this.#options;
    const { taken, leftOut } = sums.reported(reporter, loads);
    counters.loadReported(taken, leftOut);
    if (leftOut === 0 || this.#hasLeftOut) return;
    this.#hasLeftOut = true;
    logger.warn({ ...this.#names(), leftOut }, "a load report has more than is kept: clusters are left out");
  }

  /** Until the stream ends. */
  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
  }

  #end(reason: string, code?: status): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    const { call, counters, logger, onEnded, sums } = this.#options;
    counters.ended(code === undefined ? "client" : status[code].toLowerCase());
    if (this.#reporter !== undefined) {
      sums.ended(this.#reporter);
      logger.debug({ ...this.#names(), reason }, "proxy reports no more");
    }
    if (code === undefined) call.end();
    else call.emit("error", { code, details: reason });
    onEnded(this);
  }

  #names(): { readonly node: string; readonly nodeGroup: string } {
    return { node: this.#reporter?.nodeId ?? "", nodeGroup: this.#reporter?.nodeGroup ?? "" };
  }
}
