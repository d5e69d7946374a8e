import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Logger } from "@routeledger/service-kit";
import { type Clock, formatRevision } from "@routeledger/std";
import type { ResourceType, Snapshot } from "@routeledger/xds-model";
import {
  type AckedFact,
  type DeltaRequest,
  type NackedFact,
  openStream,
  type Protocol,
  type ProxyNode,
  type SotwRequest,
  type StreamInput,
  type StreamOutput,
  type StreamResponse,
  step,
  type TypedName,
  type XdsStream,
} from "@routeledger/xds-stream";
import { connectedFact } from "./connected-fact.ts";
import { ackedFact, type DeliveryRecord, nackedFact, sentFacts } from "./delivery-facts.ts";
import { gatesFact, StreamGates, type TimedGate } from "./delivery-gates.ts";
import type { DeliveryRecorder } from "./delivery-recorder.ts";
import type { EdgeLimits } from "./edge-limits.ts";
import type { StreamCounters } from "./edge-metrics.ts";
import type { EncodedResponse, ResponseEncoder } from "./encode-response.ts";
import { NackTexts } from "./nack-texts.ts";
import { nodeRefusal } from "./node-refusal.ts";
import { Pace } from "./pace.ts";
import type { IdentityRule, PeerNames } from "./peer-identity.ts";
import { ResponseWriter } from "./response-writer.ts";
import { Unanswered } from "./unanswered.ts";

/** A stream that has not said who it is by then is ended, so that those that ask find a place. */
export const firstRequestMs = 15_000;

/** So many names of a request count as one request more. */
const namesPerRequest = 1_000;

/** Characters of a proxy's reason in a log line; DELIVERY has more of it. */
const loggedMax = 1_024;

export type DiscoveryCall = ServerDuplexStream<SotwRequest | DeltaRequest, EncodedResponse>;

export interface SessionOptions {
  readonly call: DiscoveryCall;
  /** Gives up what the client was not told yet, at once. */
  readonly reset: () => void;
  readonly limits: Pick<EdgeLimits, "requestsPerSecond" | "writeTimeoutMs">;
  readonly protocol: Protocol;
  /** Of a per-type service (rule 1); absent: an aggregated stream. */
  readonly resourceType?: ResourceType;
  /** Of the client's certificate. */
  readonly peerNames: PeerNames;
  /** Whether they allow a node group; absent: any (P11). */
  readonly identity?: IdentityRule;
  /** Of this edge since its start. */
  readonly streamId: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: DeliveryRecorder;
  readonly counters: StreamCounters;
  /** Of the protocol; all its streams have the same one. */
  readonly encoder: ResponseEncoder;
  /** Resolves when this edge may serve a new stream of the node group, else to why it does not (P6, rule 71). */
  readonly admit: (nodeGroup: string) => Promise<string | undefined>;
  /** The newest snapshot of a node group. */
  readonly newest: (nodeGroup: string) => Snapshot;
  /** The node is known, and may be served. */
  readonly onConnected: (session: StreamSession) => void;
  /** The client needs these again, on other streams of its own. */
  readonly onOwedElsewhere: (session: StreamSession, names: readonly TypedName[]) => void;
  readonly onEnded: (session: StreamSession) => void;
}

/**
 * One stream: the pure machine `step` between a gRPC call and the newest snapshot. What can happen: the client
 * sends a request; a newer snapshot comes; the socket takes more; a timer is over; the call ends. Holds no queue: what
 * a slow client has not taken yet is made from the newest snapshot when it takes it (rule 68).
 */
export class StreamSession {
  readonly protocol: Protocol;
  readonly streamId: number;
  readonly connectedAtMs: number;
  /** Why the client rejected what it rejected. */
  readonly nackTexts = new NackTexts();
  readonly #options: SessionOptions;
  readonly #openedMs: number;
  readonly #inputs: StreamInput[] = [];
  readonly #cancels = new Set<() => void>();
  readonly #unanswered = new Unanswered();
  readonly #requestPace: Pace;
  readonly #writer: ResponseWriter;
  #stream: XdsStream;
  readonly #gates = new StreamGates();
  #retiring: string | undefined;
  #isKnown = false;
  #admitted = false;
  #ended = false;
  #feeding = false;

  constructor(options: SessionOptions) {
    const { call, protocol, resourceType, streamId, clock, limits } = options;
    const { writeTimeoutMs, requestsPerSecond } = limits;
    this.#options = options;
    this.protocol = protocol;
    this.streamId = streamId;
    this.connectedAtMs = clock.wallMs();
    this.#openedMs = clock.monotonicMs();
    this.#stream = openStream({
      ...{ protocol, streamId: `s${streamId}` },
      ...(resourceType && { resourceType }),
    });
    this.#requestPace = new Pace(clock, requestsPerSecond);
    this.#writer = new ResponseWriter({ call, clock, writeTimeoutMs, onStuck: () => this.#giveUp() });
    call.on("data", (request) => this.#onRequest(request));
    call.on("end", () => this.#end("the client closed the stream"));
    call.on("cancelled", () => this.#end("the client went away"));
    call.on("error", (error: Error) => this.#end(error.message));
    this.#after(firstRequestMs, () => {
      if (this.node === undefined) this.#end("no request came", status.DEADLINE_EXCEEDED);
    });
  }

  get node(): ProxyNode | undefined {
    return this.#stream.node;
  }

  /** `node.cluster`: namespace/name of the Gateway. */
  get nodeGroup(): string {
    return this.#stream.node?.cluster ?? "";
  }

  /** What the stream knows, to be looked at only. */
  get state(): Readonly<XdsStream> {
    return this.#stream;
  }

  /** What is held back now, and for what. */
  get gates(): readonly TimedGate[] {
    return this.#gates.all;
  }

  /** Monotonic time at which the oldest response was sent that is not answered; undefined when there is none. */
  get unansweredSinceMs(): number | undefined {
    return this.#unanswered.sinceMs;
  }

  /** Gives the newest snapshot of its group. */
  offer(snapshot: Snapshot): void {
    if (this.#admitted) this.#feed({ type: "snapshot", snapshot });
  }

  /**
   * Sends again what the client subscribed to of these, since another of its streams makes it need them.
   * @param delayMs how much later
   */
  owe(names: readonly TypedName[], delayMs = 0): void {
    if (delayMs > 0) this.#after(delayMs, () => this.owe(names));
    else if (this.#admitted) this.#feed({ type: "owed", names });
  }

  /** Ends the call with UNAVAILABLE: the client comes back, to another edge. Idempotent. */
  close(reason: string): void {
    this.#end(reason, status.UNAVAILABLE);
  }

  /** Ends the call as `close` does, but not before the client has had a response (rule 64). Idempotent. */
  retire(reason: string): void {
    this.#retiring ??= reason;
    if (this.#writer.hasWritten) this.close(this.#retiring);
  }

  #onRequest(request: SotwRequest | DeltaRequest): void {
    const waitMs = this.#requestPace.take(1 + namesIn(request) / namesPerRequest);
    if (waitMs > 0) {
      this.#options.call.pause();
      this.#after(waitMs, () => this.#options.call.resume());
    }
    if (this.protocol === "delta") this.#feed({ type: "deltaRequest", request: request as DeltaRequest });
    else this.#feed({ type: "sotwRequest", request: request as SotwRequest });
  }

  /**
   * Inputs that an output causes come after it, not within it. What goes wrong in here is a mistake of ours: it ends
   * this stream, and no other (P9).
   */
  #feed(input: StreamInput): void {
    this.#inputs.push(input);
    if (this.#feeding || this.#ended) return;
    this.#feeding = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined && !this.#ended; next = this.#inputs.shift()) {
        const { stream, outputs } = step(this.#stream, next);
        this.#stream = stream;
        for (const output of outputs) this.#perform(output);
      }
    } catch (error) {
      this.#options.logger.error({ ...this.#names(), err: error }, "stream ends: the edge made a mistake");
      this.#end("the edge made a mistake", status.INTERNAL);
    }
    this.#feeding = false;
  }

  #perform(output: StreamOutput): void {
    switch (output.type) {
      case "connected":
        this.#connect(output.node);
        break;
      case "send":
        this.#send(output.response);
        break;
      case "startTimer":
        this.#after(output.delayMs, () => this.#feed({ type: "timer", id: output.id }));
        break;
      case "acked":
        this.#acked(output.fact);
        break;
      case "nacked":
        this.#nacked(output.fact);
        break;
      case "owedElsewhere":
        this.#options.onOwedElsewhere(this, output.names);
        break;
      case "gates":
        this.#gates.update(output.gates, this.#options.clock.wallMs());
        this.#record(gatesFact(this.#gates.all));
        break;
      case "behind":
        this.#options.counters.behind();
        this.#options.logger.warn(
          { ...this.#names(), shown: formatRevision(output.shown), held: formatRevision(output.held) },
          "stream waits: the proxy has seen a newer revision than this edge",
        );
        break;
      case "close":
        this.#end(output.message, status[output.code]);
        break;
    }
  }

  #acked(fact: AckedFact): void {
    const { resourceType, nonce } = fact;
    const sentMs = this.#unanswered.answered(resourceType, nonce);
    const tookMs = sentMs === undefined ? undefined : this.#options.clock.monotonicMs() - sentMs;
    this.#options.counters.acked(fact, { tookMs, openedMs: this.#openedMs });
    this.#record(ackedFact(fact));
  }

  #nacked(fact: NackedFact): void {
    const { resourceType: type, nonce, message } = fact;
    this.#unanswered.answered(type, nonce);
    this.#options.counters.nacked(fact);
    this.nackTexts.add(fact, this.#options.clock.wallMs());
    const fields = { ...this.#names(), type, nonce, message: message.slice(0, loggedMax) };
    this.#options.logger.warn(fields, "proxy rejected a response");
    this.#record(nackedFact(fact));
  }

  #connect(node: ProxyNode): void {
    const refusal = nodeRefusal(node, this.#options);
    if (refusal !== undefined) {
      const { code, reason } = refusal;
      this.#options.logger.warn({ ...this.#names(), reason }, "stream refused");
      this.#end(reason, code);
      return;
    }
    this.#isKnown = true;
    this.#options.onConnected(this);
    const { call, protocol, resourceType, peerNames } = this.#options;
    const connected = connectedFact(node, { peer: call.getPeer(), protocol, resourceType, peerNames });
    this.#options.logger.info({ ...this.#names(), ...connected }, "proxy connected");
    this.#record({ connected });
    void this.#admit();
  }

  async #admit(): Promise<void> {
    const refused = await this.#options.admit(this.nodeGroup);
    if (refused !== undefined) {
      this.close(refused);
      return;
    }
    this.#admitted = true;
    this.offer(this.#options.newest(this.nodeGroup));
  }

  /**
   * Writes one response and asks for the next when the transport has taken all of it: what a slow client has not
   * taken is one response, never a queue of old ones (rules 11 and 68).
   */
  #send(response: StreamResponse): void {
    const message = this.#options.encoder.encode(response);
    this.#writer.write(message, () => this.#onTaken());
    const { resourceType, nonce } = response;
    const bytes = message.nonce.length + message.shared.length;
    this.#unanswered.sent(resourceType, nonce, this.#options.clock.monotonicMs());
    this.#options.counters.sent(response, bytes, this.#resentOf(response));
    for (const fact of sentFacts(response, bytes)) this.#record(fact);
  }

  /** A SotW list of clusters or listeners holds all, whatever changed. */
  #resentOf({ resourceType, resources }: StreamResponse): number {
    const { acked } = this.#stream.types[resourceType];
    const isFull = this.protocol === "sotw" && (resourceType === "cluster" || resourceType === "listener");
    if (acked.size === 0 || isFull) return 0;
    return resources.filter(({ name, digest }) => acked.get(name)?.digest === digest).length;
  }

  #onTaken(): void {
    if (this.#retiring === undefined) this.#feed({ type: "writable" });
    else this.close(this.#retiring);
  }

  /** What the client does not take it cannot be told either. */
  #giveUp(): void {
    const { writeTimeoutMs } = this.#options.limits;
    this.#options.logger.warn({ ...this.#names(), writeTimeoutMs }, "stream ends: the proxy takes nothing");
    this.#end(`the client took nothing for ${writeTimeoutMs} ms`, status.UNAVAILABLE);
    this.#options.reset();
  }

  /** Until the stream ends. */
  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
  }

  /** With a code the client is told that it was not served to the end. */
  #end(reason: string, code?: status): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer.stop();
    this.#options.counters.ended(code === undefined ? "client" : status[code].toLowerCase());
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    if (this.#isKnown) {
      this.#options.logger.info({ ...this.#names(), reason }, "proxy disconnected");
      this.#record({ disconnected: { reason } });
    }
    if (code === undefined) this.#options.call.end();
    else this.#options.call.emit("error", { code, details: reason });
    this.#options.onEnded(this);
  }

  #names(): { node: string; nodeGroup: string; stream: number } {
    return { node: this.node?.id ?? "", nodeGroup: this.nodeGroup, stream: this.streamId };
  }

  #record(fact: Partial<DeliveryRecord>): void {
    this.#options.recorder.record({
      ...fact,
      nodeId: this.node?.id ?? "",
      nodeGroup: this.nodeGroup,
      streamId: this.streamId,
    });
  }
}

function namesIn(request: SotwRequest | DeltaRequest): number {
  if ("resourceNames" in request) return request.resourceNames.length;
  const { resourceNamesSubscribe, resourceNamesUnsubscribe } = request;
  return resourceNamesSubscribe.length + resourceNamesUnsubscribe.length;
}
