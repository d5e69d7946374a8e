/** A proxy in a simulated world: the model of Envoy, its network, and what is known of its history. */
import { compareRevisions, formatRevision, type Revision } from "@routeledger/std";
import { type Resource, type ResourceType, typeNames, typeOfUrl } from "@routeledger/xds-model";
import type { Protocol, StreamOutput, StreamResponse } from "@routeledger/xds-stream";
import type { ModelCluster } from "../model/model-cluster.ts";
import { ModelEnvoy } from "../model/model-envoy.ts";
import type { XdsRequest } from "../model/mux.ts";
import type { VirtualClock } from "../model/virtual-clock.ts";
import { seenRequest, textOfRequest } from "../scenario.ts";
import { isBad } from "./checks.ts";
import type { EdgeStream, SimulatedEdge } from "./simulated-edge.ts";
import { Violation } from "./violation.ts";

export interface ProxyOptions {
  readonly name: string;
  readonly protocol: Protocol;
  readonly clock: VirtualClock;
  readonly upMs: number;
  readonly downMs: number;
  readonly drainMs: number;
  readonly healthCheckMs: number;
  readonly isRdsTimeoutKey: boolean;
  readonly backoffMs: number;
  /** Whether its edges may be further behind than a new stream waits for: then only content never goes back (P6). */
  readonly mayLag: boolean;
  readonly log: (line: string) => void;
}

interface Connection {
  readonly stream: EdgeStream;
  isOpen: boolean;
}

export class SimulatedProxy {
  readonly options: ProxyOptions;
  readonly envoy: ModelEnvoy;
  /** How long the socket is full after each response, milliseconds. */
  socketMs = 0;
  /** The longest that it was. */
  socketMostMs = 0;
  /** When it was last served again after it had not been; undefined while it is not. */
  servedSinceMs: number | undefined;
  responses = 0;
  requests = 0;
  streams = 0;
  nacks = 0;
  lastNackMs = Number.NEGATIVE_INFINITY;
  /**
   * A connection broke after it rejected a response, of which it may have applied the good clusters or listeners. Of
   * these the next delta stream says the versions that it had before, if any.
   */
  hasLostRejection = false;
  /** The newest revision of which it acknowledged anything, on any edge. */
  acknowledged: Revision = { epoch: 0, sequence: 0 };
  /** What it was sent last of each name. */
  readonly #held = new Map<string, Resource>();
  /** Types of which the last response held what it rejects, and is not answered. */
  readonly #rejecting = new Set<ResourceType>();
  #connection: Connection | undefined;

  constructor(options: ProxyOptions) {
    this.options = options;
    const { protocol, clock, name, drainMs, healthCheckMs, isRdsTimeoutKey } = options;
    this.envoy = new ModelEnvoy({
      ...{ protocol, clock, nodeId: name, drainMs, healthCheckMs, isRdsTimeoutKey },
      wentLive: (cluster) => this.#checkWarming(cluster),
    });
  }

  setSocket(ms: number): void {
    this.socketMs = ms;
    this.socketMostMs = Math.max(this.socketMostMs, ms);
  }

  connect(edge: SimulatedEdge): void {
    const { clock, upMs, protocol, name, log } = this.options;
    const streamId = `${name}-${++this.streams}`;
    log(`${name} connects to ${edge.name}`);
    const connection: Connection = {
      isOpen: true,
      stream: edge.accept({
        protocol,
        streamId,
        write: (response, taken) => this.#write(connection, response, taken),
        told: (output) => this.#told(output),
        admitted: () => {
          this.servedSinceMs = clock.nowMs;
        },
      }),
    };
    this.#connection = connection;
    this.envoy.connect((request) => {
      clock.after(upMs, () => {
        if (connection.isOpen) this.#request(connection, request);
      });
    });
  }

  /** The connection breaks, with all that is on its way; a new one goes to that edge. */
  cut(edge: SimulatedEdge): void {
    const { clock, backoffMs, name, log } = this.options;
    const connection = this.#connection;
    if (connection === undefined || !connection.isOpen) return;
    log(`${name} loses its connection`);
    connection.isOpen = false;
    this.hasLostRejection ||= this.nacks + this.#rejecting.size > 0;
    this.#rejecting.clear();
    connection.stream.end();
    this.servedSinceMs = undefined;
    this.envoy.disconnect();
    clock.after(backoffMs, () => this.connect(edge));
  }

  /**
   * P4: on a stream that is served, a cluster is warm after at most two round trips, of which the second is for a
   * secret, and the first check of its hosts. A slow socket takes its time for each response before.
   */
  #checkWarming({ resource, createdMs }: ModelCluster): void {
    const { clock, upMs, downMs, healthCheckMs, name } = this.options;
    const isServed = this.servedSinceMs !== undefined && this.servedSinceMs <= createdMs;
    if (!isServed || this.nacks > 0 || this.socketMostMs > 0) return;
    const tookMs = clock.nowMs - createdMs;
    const most = 2 * (upMs + downMs) + healthCheckMs;
    if (tookMs > most)
      throw new Violation(
        `P4: at ${name}, cluster ${resource.name} warms for ${tookMs} ms, at most ${most} expected`,
      );
  }

  #request(connection: Connection, request: XdsRequest): void {
    const { name, protocol, log } = this.options;
    const type = typeOfUrl(request.typeUrl);
    if (type !== undefined) log(`${name} > ${textOfRequest(seenRequest(type, request))}`);
    this.requests++;
    if (type !== undefined && request.responseNonce !== "") this.#rejecting.delete(type);
    if (type !== undefined && this.options.mayLag) this.#forget(type, request);
    if (request.errorDetail !== undefined) {
      this.nacks++;
      this.lastNackMs = this.options.clock.nowMs;
    }
    connection.stream.give(
      protocol === "sotw"
        ? { type: "sotwRequest", request: request as never }
        : { type: "deltaRequest", request: request as never },
    );
  }

  /** Of what a delta client let go nothing tells an edge that is behind. */
  #forget(type: ResourceType, request: XdsRequest): void {
    if (!("resourceNamesUnsubscribe" in request)) return;
    for (const name of request.resourceNamesUnsubscribe) this.#held.delete(`${type} ${name}`);
  }

  #write(connection: Connection, response: StreamResponse, taken: () => void): void {
    const { clock, downMs } = this.options;
    this.responses++;
    this.#checkRevision(response);
    clock.after(this.socketMs, taken);
    clock.after(downMs, () => {
      if (!connection.isOpen) return;
      this.options.log(`${this.options.name} < ${textOfResponse(response)}`);
      this.#checkContent(response);
      if (response.resources.some(isBad)) this.#rejecting.add(response.resourceType);
      this.envoy.take(response);
    });
  }

  /** P6: no resource that is older than what the proxy has of it; only a rejection brings back what was there. */
  #checkContent({ resourceType, resources, removed }: StreamResponse): void {
    for (const name of removed) this.#held.delete(`${resourceType} ${name}`);
    for (const resource of resources) {
      const { name, changedAt, digest } = resource;
      const known = this.#held.get(`${resourceType} ${name}`);
      this.#held.set(`${resourceType} ${name}`, resource);
      if (known === undefined || known.digest === digest || this.nacks > 0) continue;
      if (compareRevisions(changedAt, known.changedAt) >= 0) continue;
      const [sent, had] = [formatRevision(changedAt), formatRevision(known.changedAt)];
      throw new Violation(
        `P6: ${this.options.name} had ${typeNames[resourceType]} ${name} of ${had} and is sent that of ${sent}`,
      );
    }
  }

  /** P6: nothing older than what it acknowledged, on any edge. */
  #checkRevision({ revision, resourceType }: StreamResponse): void {
    if (this.options.mayLag || compareRevisions(revision, this.acknowledged) >= 0) return;
    const [sent, known] = [formatRevision(revision), formatRevision(this.acknowledged)];
    throw new Violation(
      `P6: ${this.options.name} acknowledged ${known} and is sent ${typeNames[resourceType]} of ${sent}`,
    );
  }

  #told(output: StreamOutput): void {
    if (output.type === "close")
      throw new Violation(`the stream of ${this.options.name} is closed: ${output.code} ${output.message}`);
    if (output.type !== "acked") return;
    const { revision } = output.fact;
    if (compareRevisions(revision, this.acknowledged) > 0) this.acknowledged = revision;
  }
}

/** `CDS a,b -c (1.4), nonce p-1-3` */
function textOfResponse({ resourceType, resources, removed, version, nonce }: StreamResponse): string {
  const names = resources.map(({ name, digest }) => `${name}#${digest.slice(0, 3)}`).join(",");
  const gone = removed.map((name) => ` -${name}`).join("");
  return `${typeNames[resourceType]} ${names}${gone} (${version}), nonce ${nonce}`;
}
