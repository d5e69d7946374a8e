/**
 * An xDS client that does only what a test says: no automatic ACK, no automatic re-request. It tells silence by a
 * fence, never by time.
 */
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type StatusObject,
} from "@grpc/grpc-js";
import { codec, type MessageTypes, methodPath, type ServiceName } from "@routeledger/protos";
import { type ResourceType, typeUrls } from "@routeledger/xds-model";
import { assertedType, type Received, receivedDelta, receivedSotw } from "./received.ts";

export type Protocol = "sotw" | "delta";
export const protocols: readonly Protocol[] = ["sotw", "delta"];

type SotwRequest = MessageTypes["envoy.service.discovery.v3.DiscoveryRequest"];
type DeltaRequest = MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryRequest"];
type Node = MessageTypes["envoy.config.core.v3.Node"];

const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/** Service and what its methods are called after, of each type. */
const perTypeServices: Readonly<Record<ResourceType, readonly [ServiceName, string]>> = {
  cluster: ["envoy.service.cluster.v3.ClusterDiscoveryService", "Clusters"],
  endpoint: ["envoy.service.endpoint.v3.EndpointDiscoveryService", "Endpoints"],
  listener: ["envoy.service.listener.v3.ListenerDiscoveryService", "Listeners"],
  route: ["envoy.service.route.v3.RouteDiscoveryService", "Routes"],
  secret: ["envoy.service.secret.v3.SecretDiscoveryService", "Secrets"],
  extensionConfig: ["envoy.service.extension.v3.ExtensionConfigDiscoveryService", "ExtensionConfigs"],
};

/** One HTTP/2 connection to an edge. Close it when done. */
export class RawClient {
  readonly #client: Client;

  /** @param channel in clear when absent */
  constructor(address: string, channel: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(address, channel, {
      "grpc.enable_channelz": 0,
      "grpc.max_receive_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** Of the aggregated service, or of the service of a type. */
  open(protocol: Protocol, node: Node, service?: ResourceType): RawStream {
    return new RawStream(protocol, node, this.call(protocol, service));
  }

  /** The bare call: takes encoded requests, gives encoded responses. */
  call(protocol: Protocol, type?: ResourceType): ClientDuplexStream<Uint8Array, Buffer> {
    const [service, noun] =
      type === undefined ? ([ads, "AggregatedResources"] as const) : perTypeServices[type];
    return this.#client.makeBidiStreamRequest<Uint8Array, Buffer>(
      methodPath(service, `${protocol === "sotw" ? "Stream" : "Delta"}${noun}`),
      (bytes) => Buffer.from(bytes),
      (bytes) => bytes,
    );
  }

  close(): void {
    this.#client.close();
  }
}

/** What the client side of one type remembers: SotW requests carry all of it, delta ones what changed. */
interface TypeState {
  readonly names: Set<string>;
  version: string;
  nonce: string;
}

/** One ADS stream. Requests leave in the order of the calls; nothing is sent unasked. */
export class RawStream {
  readonly protocol: Protocol;
  /** The status with which the server ended the stream. */
  readonly ended: Promise<StatusObject>;
  readonly #node: Node;
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;
  readonly #states = new Map<string, TypeState>();
  readonly #received: Received[] = [];
  readonly #waiting: ((received: Received) => void)[] = [];
  #saidNode = false;
  #fences = 0;

  constructor(protocol: Protocol, node: Node, call: ClientDuplexStream<Uint8Array, Buffer>) {
    this.protocol = protocol;
    this.#node = node;
    this.#call = call;
    this.ended = new Promise((resolve) => call.on("status", resolve));
    call.on("error", () => undefined);
    call.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  /** Adds names to the subscription; without names it is the legacy wildcard when it is the type's first request. */
  subscribe(type: ResourceType | string, ...names: string[]): void {
    const state = this.#state(type);
    for (const name of names) state.names.add(name);
    if (this.protocol === "sotw") this.#sendSotw(type, {});
    else this.#sendDelta(type, { resourceNamesSubscribe: names });
  }

  unsubscribe(type: ResourceType, ...names: string[]): void {
    const state = this.#state(type);
    for (const name of names) state.names.delete(name);
    if (this.protocol === "sotw") this.#sendSotw(type, {});
    else this.#sendDelta(type, { resourceNamesUnsubscribe: names });
  }

  /** The first request of a type on a new stream of a client that held things before. */
  reconnect(type: ResourceType, names: readonly string[], held: Received | undefined): void {
    const state = this.#state(type);
    for (const name of names) state.names.add(name);
    if (this.protocol === "sotw") {
      state.version = held?.version ?? "";
      this.#sendSotw(type, {});
      return;
    }
    const initialResourceVersions = Object.fromEntries(
      (held?.resources ?? []).map(({ name, version }) => [name, version]),
    );
    this.#sendDelta(type, { resourceNamesSubscribe: [...names], initialResourceVersions });
  }

  /**
   * What Envoy sends when a cluster that it knows begins to warm: in SotW the last request once more; in delta
   * nothing, since the name is watched already.
   */
  rewarm(type: ResourceType): void {
    if (this.protocol === "sotw") this.#sendSotw(type, {});
  }

  ack(received: Received): void {
    const state = this.#state(received.type);
    state.version = received.version;
    state.nonce = received.nonce;
    if (this.protocol === "sotw") this.#sendSotw(received.type, {});
    else this.#sendDelta(received.type, { responseNonce: received.nonce });
  }

  nack(received: Received, message = "rejected by a test"): void {
    this.#state(received.type).nonce = received.nonce;
    const errorDetail = { code: 3, message };
    if (this.protocol === "sotw") this.#sendSotw(received.type, { errorDetail });
    else this.#sendDelta(received.type, { responseNonce: received.nonce, errorDetail });
  }

  /** Any SotW request, on top of what the client would send now. */
  sendSotw(type: ResourceType | string, changes: SotwRequest): void {
    this.#sendSotw(type, changes);
  }

  sendDelta(type: ResourceType | string, changes: DeltaRequest): void {
    this.#sendDelta(type, changes);
  }

  /** Bytes that need not be a message. */
  sendBytes(bytes: Uint8Array): void {
    this.#call.write(bytes);
  }

  /** The next response that was not taken yet, of whatever type. Waits for it. */
  next(): Promise<Received> {
    const received = this.#received.shift();
    if (received !== undefined) return Promise.resolve(received);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes and ACKs the next response, which must be of that type. */
  async take(type: ResourceType): Promise<Received> {
    const received = assertedType(await this.next(), type);
    this.ack(received);
    return received;
  }

  /**
   * What came before the answers to two questions that are asked now: with nothing else to say, nothing. The edge
   * takes requests in order and writes extension configs last, but for removals: these come before the second answer.
   */
  async untilFence(): Promise<Received[]> {
    return [...(await this.#untilAnswered()), ...(await this.#untilAnswered())];
  }

  async #untilAnswered(): Promise<Received[]> {
    const fence = `fence-${++this.#fences}`;
    this.subscribe("extensionConfig", fence);
    const before: Received[] = [];
    for (;;) {
      const received = await this.next();
      if (received.type === "extensionConfig" && received.names.includes(fence)) {
        this.ack(received);
        return before;
      }
      before.push(received);
    }
  }

  /** The summaries of `untilFence`. */
  async answersUntilFence(): Promise<string[]> {
    return (await this.untilFence()).map(({ summary }) => summary);
  }

  /** Takes nothing off the socket until `resume`. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** Says that no request follows. */
  end(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  #take(bytes: Buffer): void {
    const received = this.protocol === "sotw" ? receivedSotw(bytes) : receivedDelta(bytes);
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#received.push(received);
    else waiter(received);
  }

  #state(type: ResourceType | string): TypeState {
    const known = this.#states.get(urlOf(type));
    if (known !== undefined) return known;
    const state = { names: new Set<string>(), version: "", nonce: "" };
    this.#states.set(urlOf(type), state);
    return state;
  }

  #sendSotw(type: ResourceType | string, changes: SotwRequest): void {
    const { names, version, nonce } = this.#state(type);
    this.#write("envoy.service.discovery.v3.DiscoveryRequest", {
      ...this.#nodeOnce(),
      typeUrl: urlOf(type),
      resourceNames: [...names],
      versionInfo: version,
      responseNonce: nonce,
      ...changes,
    });
  }

  #sendDelta(type: ResourceType | string, changes: DeltaRequest): void {
    const request = { ...this.#nodeOnce(), typeUrl: urlOf(type), ...changes };
    this.#write("envoy.service.discovery.v3.DeltaDiscoveryRequest", request);
  }

  #nodeOnce(): { node?: Node } {
    if (this.#saidNode) return {};
    this.#saidNode = true;
    return { node: this.#node };
  }

  #write<Name extends RequestName>(name: Name, request: MessageTypes[Name]): void {
    this.#call.write(codec(name).encode(request));
  }
}

type RequestName =
  | "envoy.service.discovery.v3.DiscoveryRequest"
  | "envoy.service.discovery.v3.DeltaDiscoveryRequest";

/** A type of ours by its name, any other by its URL, also none. */
function urlOf(type: ResourceType | string): string {
  return type in typeUrls ? typeUrls[type as ResourceType] : type;
}
