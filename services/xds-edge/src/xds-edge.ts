import type { EventLog } from "@routeledger/event-log";
import type { Logger } from "@routeledger/service-kit";
import { type Clock, Failure } from "@routeledger/std";
import { emptySnapshot, type Published, type Snapshot } from "@routeledger/xds-model";
import type { Protocol } from "@routeledger/xds-stream";
import { refuse, startAdsServer } from "./ads-server.ts";
import { DeliveryRecorder } from "./delivery-recorder.ts";
import { LedgerFollower } from "./ledger-follower.ts";
import { type ProxyState, proxyStates } from "./proxy-states.ts";
import { type AdsCall, StreamSession } from "./stream-session.ts";

export type { ProxyState, ProxyTypeState } from "./proxy-states.ts";

export interface XdsEdgeOptions {
  readonly xdsLog: EventLog;
  readonly deliveryLog: EventLog;
  /** host:port for proxies; port 0 takes a free one. */
  readonly address: string;
  /** Names this edge in the recorded deliveries. */
  readonly edgeId: string;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly logger: Logger;
  /** How long a new stream waits for this edge to have applied what the log holds. Default 1,000. */
  readonly catchUpDeadlineMs?: number;
  /** Streams that may be open at once; more are refused. Default 10,000. */
  readonly streamsMax?: number;
}

export interface XdsEdge {
  /** host:port, with the port that it got. */
  readonly address: string;
  /** True when all that the XDS log held at the start is applied: before that streams are refused, never answered empty. */
  readonly ready: boolean;
  /** What it serves. */
  readonly published: Published;
  /** The open streams, sorted by node id. */
  proxies(): ProxyState[];
  /** Settles when the edge stops following: resolves after `stop`, rejects with what ended it. Streams are served on. */
  readonly ended: Promise<void>;
  /** Closes all streams, writes the last deliveries, ends. Idempotent. */
  stop(): Promise<void>;
}

const catchUpDeadlineDefaultMs = 1_000;
const streamsMaxDefault = 10_000;
/** Node groups of which it is said, once each, that no Gateway made them. */
const unknownGroupsMax = 1_000;

/** Replays the XDS log and serves proxies. Resolves when it listens and is ready. */
export async function startXdsEdge(options: XdsEdgeOptions): Promise<XdsEdge> {
  const edge = new Edge(options);
  await edge.start();
  return edge;
}

class Edge implements XdsEdge {
  readonly #options: XdsEdgeOptions;
  readonly #recorder: DeliveryRecorder;
  readonly #sessions = new Set<StreamSession>();
  readonly #stopping = new AbortController();
  readonly #unknownGroups = new Set<string>();
  #ledger!: LedgerFollower;
  #streamCount = 0;
  #server: { readonly address: string; stop(): void } | undefined;
  ended: Promise<void> = Promise.resolve();
  ready = false;

  constructor(options: XdsEdgeOptions) {
    const { deliveryLog, edgeId, clock, randomBytes, logger } = options;
    this.#options = options;
    this.#recorder = new DeliveryRecorder({ log: deliveryLog, edgeId, clock, randomBytes, logger });
  }

  get address(): string {
    return this.#server?.address ?? this.#options.address;
  }

  get published(): Published {
    return this.#ledger.published;
  }

  async start(): Promise<void> {
    const { xdsLog, logger, address } = this.#options;
    this.#ledger = await LedgerFollower.open(xdsLog, logger, (published, before) =>
      this.#publish(published, before),
    );
    this.ended = this.#ledger.run(this.#stopping.signal);
    this.ended.catch((error: unknown) =>
      logger.error({ err: error }, "edge serves what it has: the XDS log cannot be followed"),
    );
    this.#server = await startAdsServer(address, (call, protocol) => this.#accept(call, protocol));
    if (!(await this.#ledger.caughtUp())) {
      await this.stop();
      await this.ended;
      throw new Failure("start the edge: the XDS log is out of reach", {
        code: "edge.noLog",
        retryable: true,
      });
    }
    this.ready = true;
    logger.info({ address: this.address, nodeGroups: this.published.snapshots.size }, "edge is ready");
  }

  proxies(): ProxyState[] {
    return proxyStates(this.#sessions);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const session of [...this.#sessions]) session.close("the edge stops");
    await this.#recorder.drain();
    this.#server?.stop();
    await this.ended.catch(() => {});
  }

  #accept(call: AdsCall, protocol: Protocol): void {
    const { streamsMax = streamsMaxDefault, clock, logger } = this.#options;
    if (!this.ready || this.#sessions.size >= streamsMax) {
      refuse(
        call,
        this.ready ? `the edge serves ${streamsMax} streams already` : "the edge is not ready yet",
      );
      return;
    }
    const session = new StreamSession({
      call,
      protocol,
      streamId: ++this.#streamCount,
      clock,
      logger,
      recorder: this.#recorder,
      admit: (nodeGroup) => this.#admit(nodeGroup),
      newest: (nodeGroup) => this.#snapshotOf(nodeGroup),
      onEnded: (ended) => this.#sessions.delete(ended),
    });
    this.#sessions.add(session);
  }

  /** P6: a new stream is served when all that the log holds now is applied, or, with the log out of reach, what there is. */
  async #admit(nodeGroup: string): Promise<void> {
    const { clock, catchUpDeadlineMs = catchUpDeadlineDefaultMs, logger } = this.#options;
    const deadline = Promise.withResolvers<boolean>();
    const cancel = clock.after(catchUpDeadlineMs, () => deadline.resolve(false));
    const caughtUp = await Promise.race([this.#ledger.caughtUp().catch(() => false), deadline.promise]);
    cancel();
    if (!caughtUp)
      logger.warn({ nodeGroup, catchUpDeadlineMs }, "edge serves what it has: it may be behind the log");
    if (this.#unknownGroups.size >= unknownGroupsMax) return;
    if (!this.published.snapshots.has(nodeGroup) && !this.#unknownGroups.has(nodeGroup)) {
      this.#unknownGroups.add(nodeGroup);
      logger.warn({ nodeGroup }, "a proxy names a node group that no Gateway made: it is served nothing");
    }
  }

  #snapshotOf(nodeGroup: string): Snapshot {
    const { snapshots, revision } = this.published;
    return snapshots.get(nodeGroup) ?? emptySnapshot(nodeGroup, revision);
  }

  #publish(published: Published, before: Published): void {
    for (const session of this.#sessions) {
      const group = session.nodeGroup;
      if (published.snapshots.get(group) !== before.snapshots.get(group))
        session.offer(this.#snapshotOf(group));
    }
  }
}
