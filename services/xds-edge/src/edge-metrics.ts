import type { Metrics } from "@routeledger/service-kit";
import { resourceTypes, typeNames } from "@routeledger/xds-model";
import type { AckedFact, NackedFact, StreamResponse } from "@routeledger/xds-stream";
import type { LoadCounters } from "./load-stream.ts";
import { PublishTimes } from "./publish-times.ts";
import type { WithheldReason, WithheldSecret } from "./secret-opener.ts";
import type { StreamSession } from "./stream-session.ts";

/** What the gauges look at when somebody asks. */
export interface Observed {
  readonly sessions: ReadonlySet<StreamSession>;
  /** Open streams of load reports. */
  loadStreams(): number;
  /** Monotonic. */
  nowMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Sequence of the CONFIG revision that is served. */
  revision(): number;
  nodeGroups(): number;
  isFollowing(): boolean;
  /** Messages of XDS that are not applied; undefined when the log does not say. */
  lag(): Promise<number | undefined>;
  deliveriesWaiting(): number;
  withheldSecrets(): readonly WithheldSecret[];
}

/** What a stream counts. */
export interface StreamCounters {
  /** @param resent how many of its resources the proxy had acknowledged with the same bytes */
  sent(response: StreamResponse, bytes: number, resent: number): void;
  acked(fact: AckedFact, times: AckTimes): void;
  nacked(fact: NackedFact): void;
  behind(): void;
  /** @param code of gRPC, in lower case; `client`: the client ended it, or its connection broke */
  ended(code: string): void;
}

export interface AckTimes {
  /** From the write of the response; undefined where none was written. */
  readonly tookMs: number | undefined;
  /** When the stream began, monotonic milliseconds. */
  readonly openedMs: number;
}

export interface EdgeMetrics extends StreamCounters, LoadCounters {
  /** A publication up to this CONFIG sequence was read. */
  published(sequence: number): void;
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
  ended: nothing,
  published: nothing,
  refused: nothing,
  deliveriesLost: nothing,
  loadReported: nothing,
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
  const pushHelp = "From the edge's reading of a publication to the ACK of what it changed, of open streams";
  const push = metrics.histogram({ name: "edge_push_seconds", help: pushHelp, labels, buckets: ackSeconds });
  const resent = counter(
    "resent_resources_total",
    "Resources that were sent again unchanged: owed, or asked for",
  );
  const total = (name: string, text: string) => metrics.counter({ name: `edge_${name}`, help: text });
  const refused = total(
    "streams_refused_total",
    "Streams that were refused: not ready, stopping, or too many",
  );
  const ended = metrics.counter({
    name: "edge_streams_ended_total",
    help: "Streams that ended: by the client, or with a gRPC status",
    labels: ["reason"],
  });
  const behind = total(
    "streams_behind_total",
    "Streams of proxies that had seen newer revisions than this edge",
  );
  const lost = total("deliveries_lost_total", "Deliveries that could not be written");
  const times = new PublishTimes();
  return {
    published: (sequence) => times.published(sequence, observed.nowMs()),
    sent({ resourceType: type }, length, again) {
      sent.inc({ type });
      bytes.inc({ type }, length);
      if (again > 0) resent.inc({ type }, again);
    },
    acked({ resourceType: type, revision }, { tookMs, openedMs }) {
      acked.inc({ type });
      if (tookMs === undefined) return;
      took.observe({ type }, tookMs / 1_000);
      const publishedMs = times.of(revision.sequence);
      // What a stream is sent since it began says nothing of how fast a change goes out.
      if (publishedMs === undefined || publishedMs <= openedMs) return;
      push.observe({ type }, (observed.nowMs() - publishedMs) / 1_000);
    },
    nacked: ({ resourceType: type }) => nacked.inc({ type }),
    behind: () => behind.inc(),
    ended: (reason) => ended.inc({ reason }),
    refused: () => refused.inc(),
    deliveriesLost: (count) => lost.inc(count),
    loadReported: loadCounter(metrics),
  };
}

/** By outcome alone: clusters and node groups are as many as people configure. */
function loadCounter(metrics: Metrics): LoadCounters["loadReported"] {
  const counter = (name: string, help: string) => metrics.counter({ name: `edge_load_${name}`, help });
  const reports = counter("reports_total", "Load reports of proxies");
  const leftOut = counter("clusters_left_out_total", "Clusters of load reports that were left out: too many");
  const requests = metrics.counter({
    name: "edge_load_requests_total",
    help: "Finished requests in load reports, by outcome",
    labels: ["outcome"],
  });
  return ({ successful, errors }, count) => {
    reports.inc();
    leftOut.inc(count);
    requests.inc({ outcome: "success" }, successful);
    requests.inc({ outcome: "error" }, errors);
  };
}

function observe(metrics: Metrics, observed: Observed): void {
  const gauge = (name: string, help: string, look: () => Promise<number> | number): void =>
    metrics.observedGauge({ name: `edge_${name}`, help }, look);
  gauge("streams", "Open streams", () => observed.sessions.size);
  gauge("load_streams", "Open streams of load reports", () => observed.loadStreams());
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
  metrics.observedGauges(
    {
      name: "edge_withheld_secrets",
      help: "Secrets that may not be sent: they do not open with this edge's keys, or proxies connect in clear",
      labels: ["reason"],
    },
    () => {
      const withheld = observed.withheldSecrets();
      const count = (reason: WithheldReason) => withheld.filter((secret) => secret.reason === reason).length;
      return withheldReasons.map((reason) => ({ labels: { reason }, value: count(reason) }));
    },
  );
  observeStreams(metrics, observed);
}

const withheldReasons = ["inClear", "sealed"] as const satisfies readonly WithheldReason[];

const services = ["ads", ...resourceTypes.map((type) => typeNames[type].toLowerCase())];
const protocols = ["delta", "sotw"] as const;
const gateReasons = ["addition", "removal", "quarantine"] as const;

/** Counts over all streams: no label names one, so a page does not grow with them. */
function observeStreams(metrics: Metrics, { sessions, wallMs }: Observed): void {
  const serviceOf = ({ state: { resourceType: type } }: StreamSession) =>
    type === undefined ? "ads" : typeNames[type].toLowerCase();
  metrics.observedGauges(
    {
      name: "edge_connected_streams",
      help: "Open streams that said who they are",
      labels: ["service", "protocol"],
    },
    () => {
      const counts = new Map<string, number>();
      for (const session of sessions) {
        if (session.node === undefined) continue;
        const key = `${serviceOf(session)} ${session.protocol}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return services.flatMap((service) =>
        protocols.map((protocol) => ({
          labels: { service, protocol },
          value: counts.get(`${service} ${protocol}`) ?? 0,
        })),
      );
    },
  );
  metrics.observedGauges(
    {
      name: "edge_quarantined_resources",
      help: "Resources in quarantine, over all streams",
      labels: ["type"],
    },
    () => {
      const held = [...sessions].flatMap(({ gates }) =>
        gates.filter(({ reason }) => reason === "quarantine"),
      );
      return resourceTypes.map((type) => ({
        labels: { type },
        value: held.filter((gate) => gate.type === type).length,
      }));
    },
  );
  const byReason = (value: (reason: string) => number) =>
    gateReasons.map((reason) => ({ labels: { reason }, value: value(reason) }));
  const ofReason = (reason: string) =>
    [...sessions].flatMap(({ gates }) => gates.filter((gate) => gate.reason === reason));
  metrics.observedGauges(
    { name: "edge_gates", help: "Resources that are held back, over all streams", labels: ["reason"] },
    () => byReason((reason) => ofReason(reason).length),
  );
  metrics.observedGauges(
    { name: "edge_gates_oldest_seconds", help: "Age of the oldest of them", labels: ["reason"] },
    () => {
      const nowMs = wallMs();
      return byReason((reason) => {
        const oldest = ofReason(reason).reduce((least, { sinceMs }) => Math.min(least, sinceMs), nowMs);
        return (nowMs - oldest) / 1_000;
      });
    },
  );
  metrics.observedGauge(
    { name: "edge_owed_resources", help: "Resources that are to be sent again, over all streams" },
    () => {
      let owed = 0;
      for (const { state } of sessions) for (const type of resourceTypes) owed += state.types[type].owed.size;
      return owed;
    },
  );
}
