import { constants } from "node:http2";
import { type Failure, pause } from "@routeledger/std";
import { emptySnapshot, type Published, type Snapshot } from "@routeledger/xds-model";
import { ClientStatusService } from "./client-status-service.ts";
import { ConnectionAges } from "./connection-ages.ts";
import { DeliveryRecorder } from "./delivery-recorder.ts";
import { discoveryServices } from "./discovery-services.ts";
import { type EdgeLimits, edgeLimitsOf } from "./edge-limits.ts";
import { type EdgeMetrics, edgeMetrics, noMetrics, type Observed } from "./edge-metrics.ts";
import { ResponseEncoder } from "./encode-response.ts";
import { HealthService } from "./health-service.ts";
import { http2StreamOfHandled } from "./http2-stream-of.ts";
import { LedgerFollower } from "./ledger-follower.ts";
import { LoadReportingService, loadReportIntervalDefaultMs } from "./load-reporting-service.ts";
import { LoadSums } from "./load-sums.ts";
import { NodeStreams } from "./node-streams.ts";
import { OfferTurns } from "./offer-turns.ts";
import { type IdentityRule, identityRule } from "./peer-identity.ts";
import { type ProxyServer, refuse, type StreamKind, startProxyServer } from "./proxy-server.ts";
import { type ProxyState, proxyStates } from "./proxy-states.ts";
import { ReflectionService } from "./reflection-service.ts";
import { SecretOpener, type WithheldSecret } from "./secret-opener.ts";
import { StreamAdmission } from "./stream-admission.ts";
import { closeInPortions } from "./stream-drain.ts";
import { type DiscoveryCall, StreamSession } from "./stream-session.ts";
import { SwitchLoads } from "./switch-loads.ts";
import { TlsCertificates } from "./tls-certificates.ts";
import type { XdsEdge, XdsEdgeOptions } from "./xds-edge-options.ts";

export type { ClusterLoad, LoadQuery, LoadSum, LoadView, ProxyLoad } from "./load-sums.ts";
export type { ProxyState, ProxyTypeState } from "./proxy-states.ts";
export type { WithheldReason, WithheldSecret } from "./secret-opener.ts";
export type { XdsEdge, XdsEdgeOptions } from "./xds-edge-options.ts";

const healthService = "grpc.health.v1.Health";
const reflectionService = "grpc.reflection.v1.ServerReflection";
const statusService = "envoy.service.status.v3.ClientStatusDiscoveryService";
const loadService = "envoy.service.load_stats.v3.LoadReportingService";
/** All that is served on the proxies' port. */
const servedServices = [
  ...discoveryServices.map(({ service }) => service),
  ...[healthService, loadService, statusService, reflectionService],
] as const;
const catchUpDeadlineDefaultMs = 1_000;
/** How often an edge that is not ready asks whether it has all that the log holds. */
const askAgainMs = 200;
/** How long whoever reads the metrics waits for the log. */
const lagDeadlineMs = 500;
/** How long, after the last stream was closed, a connection may take to be told so. */
const lingerMs = 500;
/** How long the last deliveries may take to be written. */
const lastDeliveriesMs = 1_000;

/**
 * Serves proxies what the XDS log says. Resolves when it listens: until it has read all that the log holds, which
 * need not be there yet, streams are refused.
 * @throws Failure `edge.address` when the address cannot be listened on; `edge.tls` when its certificates cannot be
 * used; `edge.identity` when the pattern is none
 */
export async function startXdsEdge(options: XdsEdgeOptions): Promise<XdsEdge> {
  const edge = new Edge(options);
  await edge.start();
  return edge;
}

class Edge implements XdsEdge {
  readonly #options: XdsEdgeOptions;
  readonly #metrics: EdgeMetrics;
  readonly #recorder: DeliveryRecorder;
  readonly #ledger: LedgerFollower;
  readonly #encoders = { delta: new ResponseEncoder("delta"), sotw: new ResponseEncoder("sotw") };
  readonly #sessions = new Set<StreamSession>();
  readonly #nodes = new NodeStreams();
  readonly #offers: OfferTurns<StreamSession>;
  readonly #stopping = new AbortController();
  readonly #secrets: SecretOpener;
  readonly #identity: IdentityRule | undefined;
  readonly #limits: EdgeLimits;
  readonly #admission: StreamAdmission;
  readonly #ages: ConnectionAges;
  #streamCount = 0;
  readonly loads: LoadSums;
  readonly #switchLoads: SwitchLoads;
  readonly #loadReporting: LoadReportingService;
  readonly #health = new HealthService(servedServices);
  #server: ProxyServer | undefined;
  #certificates: TlsCertificates | undefined;
  #phase: "starting" | "ready" | "stopping" = "starting";
  #stopped: Promise<void> | undefined;
  becameReady: Promise<void> = Promise.resolve();
  ended: Promise<void> = Promise.resolve();

  constructor(options: XdsEdgeOptions) {
    const { deliveryLog, edgeId, clock, randomBytes, logger, xdsLog, metrics } = options;
    this.#options = options;
    this.#limits = edgeLimitsOf(options);
    const { tls, secretsInClear = false, sealingKeys, onWithheld } = options;
    const maySendKeys = tls !== undefined || secretsInClear;
    this.#secrets = new SecretOpener({ keys: sealingKeys, maySendKeys, logger, onWithheld });
    sealingKeys?.onChanged(() => this.#openAnew());
    this.#identity = options.identity === undefined ? undefined : identityRule(options.identity);
    this.#metrics = metrics === undefined ? noMetrics : edgeMetrics(metrics, this.#observed());
    const onLost = (count: number): void => this.#metrics.deliveriesLost(count);
    this.#recorder = new DeliveryRecorder({ log: deliveryLog, edgeId, clock, randomBytes, logger, onLost });
    this.#offers = new OfferTurns(clock, (session) => session.offer(this.#snapshotOf(session.nodeGroup)));
    this.#ledger = new LedgerFollower(xdsLog, {
      clock,
      logger,
      onPublished: (published, before) => this.#publish(published, before),
    });
    this.#admission = new StreamAdmission({
      ...{ clock, logger, stopping: this.#stopping.signal },
      newStreamsPerSecond: this.#limits.newStreamsPerSecond,
      catchUpDeadlineMs: options.catchUpDeadlineMs ?? catchUpDeadlineDefaultMs,
      caughtUp: () => this.#ledger.caughtUp(),
      isKnown: (nodeGroup) => this.published.snapshots.has(nodeGroup),
    });
    const random = (): number => (randomBytes(1)[0] ?? 0) / 255;
    this.#ages = new ConnectionAges(clock, random, this.#limits.connectionAgeMs);
    const intervalMs = options.loadReportIntervalMs ?? loadReportIntervalDefaultMs;
    this.#switchLoads = new SwitchLoads({
      ...{ clock, intervalMs, record: (fact) => this.#recorder.record(fact) },
      reporting: (nodeGroup) => this.loads.reporting(nodeGroup),
    });
    this.loads = new LoadSums({
      nowMs: () => clock.monotonicMs(),
      onLoad: (nodeGroup, load) => this.#switchLoads.add(nodeGroup, load),
      isServed: (nodeGroup, cluster) => hasCluster(this.published.snapshots.get(nodeGroup), cluster),
    });
    this.#loadReporting = new LoadReportingService({
      ...{ clock, logger, sums: this.loads, identity: this.#identity },
      ...{ ages: this.#ages, counters: this.#metrics, streamsMax: this.#limits.streamsMax },
      intervalMs,
      whyNot: () => this.whyNotReady,
    });
  }

  get address(): string {
    return this.#server?.address ?? this.#options.address;
  }

  get ready(): boolean {
    return this.#phase === "ready";
  }

  get whyNotReady(): string | undefined {
    if (this.#phase === "ready") return undefined;
    if (this.#phase === "stopping") return "the edge is stopping";
    const { trouble } = this.#ledger;
    return trouble === undefined
      ? "the edge is not ready yet"
      : `the edge is not ready yet: ${trouble.message}`;
  }

  get trouble(): Failure | undefined {
    return this.#ledger.trouble;
  }

  get published(): Published {
    return this.#ledger.published;
  }

  async start(): Promise<void> {
    const { logger, address, tls, clock } = this.#options;
    if (tls !== undefined) this.#certificates = await TlsCertificates.open(tls, { clock, logger });
    else if (!isLoopback(address))
      logger.warn({ address }, "proxies are served in clear: --edge-tls-cert-file encrypts");
    try {
      this.#server = await startProxyServer({
        ...{ address, certificates: this.#certificates, limits: this.#limits },
        onStream: (call, kind) => this.#accept(call, kind),
        services: [
          { service: healthService, handlers: this.#health.handlers },
          { service: loadService, handlers: this.#loadReporting.handlers, bytes: true },
          { service: statusService, handlers: this.#clientStatus().handlers },
          { service: reflectionService, handlers: new ReflectionService(servedServices).handlers },
        ],
      });
    } catch (error) {
      this.#certificates?.stop();
      throw error;
    }
    this.ended = this.#ledger.run(this.#stopping.signal);
    this.ended.catch((error: unknown) =>
      logger.error({ err: error }, "edge serves what it has: the XDS log cannot be followed any more"),
    );
    this.becameReady = this.#becomeReady();
  }

  #clientStatus(): ClientStatusService {
    const { clock } = this.#options;
    return new ClientStatusService({ clock, streams: () => this.#sessions, identity: this.#identity });
  }

  withheldSecrets(): WithheldSecret[] {
    return this.#secrets.withheld(this.published.snapshots.values());
  }

  proxies(): ProxyState[] {
    return proxyStates(this.#sessions);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    const { clock, logger, drainMs = 0 } = this.#options;
    this.#phase = "stopping";
    this.#health.set(false);
    logger.info({ streams: this.#sessions.size, drainMs }, "edge stops: its proxies are sent to others");
    const closed = this.#server?.drain(drainMs + lingerMs);
    this.#certificates?.stop();
    const streams = [...this.#sessions, ...this.#loadReporting.streams];
    await closeInPortions(streams, { drainMs, clock, reason: "the edge stops" });
    this.#health.end();
    this.#stopping.abort();
    this.#switchLoads.stop();
    await this.#recorder.drain(lastDeliveriesMs);
    await closed;
    await this.ended.catch(() => {});
  }

  async #becomeReady(): Promise<void> {
    const { logger, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const { signal } = this.#stopping;
    while (!(await this.#ledger.caughtUp())) {
      await pause(clock, askAgainMs, signal);
      if (signal.aborted) return;
    }
    if (this.#phase !== "starting") return;
    this.#phase = "ready";
    this.#health.set(true);
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    const { snapshots } = this.published;
    logger.info({ address: this.address, nodeGroups: snapshots.size, tookMs }, "edge is ready");
  }

  #accept(call: DiscoveryCall, kind: StreamKind): void {
    const { clock, logger } = this.#options;
    const { streamsMax } = this.#limits;
    const isFull = this.#sessions.size >= streamsMax;
    const reason = this.whyNotReady ?? (isFull ? `the edge serves ${streamsMax} streams already` : undefined);
    if (reason !== undefined) {
      this.#metrics.refused();
      logger.warn({ peer: call.getPeer(), reason }, "stream refused");
      refuse(call, reason);
      return;
    }
    const http2Stream = http2StreamOfHandled(call);
    const session = new StreamSession({
      ...{ call, limits: this.#limits },
      reset: () => http2Stream.close(constants.NGHTTP2_CANCEL),
      ...kind,
      ...(this.#identity && { identity: this.#identity }),
      streamId: ++this.#streamCount,
      clock,
      logger,
      recorder: this.#recorder,
      counters: this.#metrics,
      encoder: this.#encoders[kind.protocol],
      admit: (nodeGroup) => this.#admit(nodeGroup),
      newest: (nodeGroup) => this.#snapshotOf(nodeGroup),
      onConnected: (connected) => this.#nodes.add(connected),
      onOwedElsewhere: (from, names) => this.#nodes.owe(from, names),
      onEnded: (ended) => {
        this.#sessions.delete(ended);
        this.#nodes.delete(ended);
        aged();
      },
    });
    this.#sessions.add(session);
    const aged = this.#ages.opened(http2Stream.session, session);
  }

  async #admit(nodeGroup: string): Promise<string | undefined> {
    const refused = await this.#admission.admit(nodeGroup);
    if (refused !== undefined) this.#metrics.refused();
    return refused;
  }

  #observed(): Observed {
    return {
      sessions: this.#sessions,
      loadStreams: () => this.#loadReporting.streams.size,
      nowMs: () => this.#options.clock.monotonicMs(),
      wallMs: () => this.#options.clock.wallMs(),
      revision: () => this.published.revision.sequence,
      nodeGroups: () => this.published.snapshots.size,
      isFollowing: () => this.trouble === undefined,
      lag: () => this.#lag(),
      deliveriesWaiting: () => this.#recorder.waiting,
      withheldSecrets: () => this.withheldSecrets(),
    };
  }

  /** Undefined when the log does not say within the deadline. */
  async #lag(): Promise<number | undefined> {
    const { clock } = this.#options;
    const deadline = Promise.withResolvers<undefined>();
    const cancel = clock.after(lagDeadlineMs, () => deadline.resolve(undefined));
    const lag = await Promise.race([this.#ledger.lag().catch(() => undefined), deadline.promise]);
    cancel();
    return lag;
  }

  #snapshotOf(nodeGroup: string): Snapshot {
    const { snapshots, revision } = this.published;
    return this.#secrets.served(snapshots.get(nodeGroup) ?? emptySnapshot(nodeGroup, revision));
  }

  /** With other keys other secrets open: streams that wait for one get it now. */
  #openAnew(): void {
    this.#secrets.forget();
    for (const session of this.#sessions) this.#offers.add(session);
    this.#offers.run();
  }

  #publish(published: Published, before: Published): void {
    this.#metrics.published(published.revision.sequence);
    this.#switchLoads.follow(published, before);
    // Looked at when they come, whether or not a proxy asks: what cannot be opened is said at once.
    for (const [group, snapshot] of published.snapshots)
      if (snapshot !== before.snapshots.get(group)) this.#secrets.served(snapshot);
    for (const session of this.#sessions) {
      const group = session.nodeGroup;
      const snapshot = published.snapshots.get(group);
      if (snapshot === before.snapshots.get(group)) continue;
      this.#offers.add(session);
      if (snapshot !== undefined) this.#nodes.offered(session, before.snapshots.get(group), snapshot);
    }
    this.#offers.run();
  }
}

/** Also one that left: proxies may use it until its grace is over. */
function hasCluster(snapshot: Snapshot | undefined, name: string): boolean {
  return snapshot?.types.cluster.resources.has(name) || snapshot?.retiring.cluster.has(name) || false;
}

function isLoopback(address: string): boolean {
  return /^(localhost|\[::1\]|127(\.\d{1,3}){3}):\d+$/.test(address);
}
