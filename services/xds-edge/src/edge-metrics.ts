import type { Metrics } from "@routeledger/service-kit";
import type { NackedFact, StreamResponse } from "@routeledger/xds-stream";
import type { StreamSession } from "./stream-session.ts";

/** What the gauges look at when somebody asks. */
export interface Observed {
  readonly sessions: ReadonlySet<StreamSession>;
  nowMs(): number;
  /** Sequence of the CONFIG revision that is served. */
  revision(): number;
  nodeGroups(): number;
  isFollowing(): boolean;
  /** Messages of XDS that are not applied; undefined when the log does not say. */
  lag(): Promise<number | undefined>;
  deliveriesWaiting(): number;
}

/** What a stream counts. */
export interface StreamCounters {
  sent(response: StreamResponse, bytes: number): void;
  acked(type: string, tookMs: number | undefined): void;
  nacked(fact: NackedFact): void;
  behind(): void;
}

export interface EdgeMetrics extends StreamCounters {
  refused(): void;
  deliveriesLost(count: number): void;
}

const nothing = (): void => undefined;

/** For an edge whose numbers nobody reads. */
export const noMetrics: EdgeMetrics = {
  sent: nothing,
  acked: nothing,
  nacked: nothing,
  behind: nothing,
  refused: nothing,
  deliveriesLost: nothing,
};

const ackSeconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60];

/** Registers the edge's metrics; all names begin with `edge_`. */
export function edgeMetrics(metrics: Metrics, observed: Observed): EdgeMetrics {
  observe(metrics, observed);
  const labels = ["type"] as const;
  const counter = (name: string, help: string) => metrics.counter({ name: `edge_${name}`, help, labels });
  const sent = counter("responses_sent_total", "Responses that were written to streams");
  const bytes = counter("response_bytes_total", "Bytes of the responses that were written to streams");
  const acked = counter("acks_total", "Responses that proxies acknowledged");
  const nacked = counter("nacks_total", "Responses that proxies rejected");
  const help = "From the write of a response to its ACK";
  const took = metrics.histogram({ name: "edge_ack_seconds", help, labels, buckets: ackSeconds });
  const total = (name: string, text: string) => metrics.counter({ name: `edge_${name}`, help: text });
  const refused = total(
    "streams_refused_total",
    "Streams that were refused: not ready, stopping, or too many",
  );
  const behind = total(
    "streams_behind_total",
    "Streams of proxies that had seen newer revisions than this edge",
  );
  const lost = total("deliveries_lost_total", "Deliveries that could not be written");
  return {
    sent({ resourceType: type }, length) {
      sent.inc({ type });
      bytes.inc({ type }, length);
    },
    acked(type, tookMs) {
      acked.inc({ type });
      if (tookMs !== undefined) took.observe({ type }, tookMs / 1_000);
    },
    nacked: ({ resourceType: type }) => nacked.inc({ type }),
    behind: () => behind.inc(),
    refused: () => refused.inc(),
    deliveriesLost: (count) => lost.inc(count),
  };
}

function observe(metrics: Metrics, observed: Observed): void {
  const gauge = (name: string, help: string, look: () => Promise<number> | number): void =>
    metrics.observedGauge({ name: `edge_${name}`, help }, look);
  gauge("streams", "Open streams", () => observed.sessions.size);
  gauge("unacked_seconds", "Age of the oldest response that a proxy has not answered", () => {
    const times = [...observed.sessions].map(({ unansweredSinceMs }) => unansweredSinceMs ?? Infinity);
    const oldest = times.reduce((least, time) => Math.min(least, time), Infinity);
    return oldest === Infinity ? 0 : (observed.nowMs() - oldest) / 1_000;
  });
  gauge("revision", "Sequence of the CONFIG revision that is served", () => observed.revision());
  gauge("node_groups", "Node groups whose snapshot it holds", () => observed.nodeGroups());
  gauge("log_followed", "1 while the XDS log is followed", () => (observed.isFollowing() ? 1 : 0));
  gauge(
    "log_lag_messages",
    "Messages of XDS that are not applied; NaN when the log does not say",
    async () => {
      return (await observed.lag()) ?? Number.NaN;
    },
  );
  gauge("deliveries_waiting", "Deliveries that are not written yet", () => observed.deliveriesWaiting());
}
