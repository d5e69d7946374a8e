import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { codec, type MessageTypes, methodPath } from "@routeledger/protos";
import { type Part, type ResourceType, resourceTypes, typeUrls } from "@routeledger/xds-model";
import type { Protocol } from "../../features/xds/raw-client.ts";
import { type SeenRequest, seenDelta, seenSotw } from "./seen-request.ts";

const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";
const waitMs = 10_000;

type Call = ServerDuplexStream<Buffer, Buffer>;
type DeltaResource = NonNullable<
  MessageTypes["envoy.service.discovery.v3.DeltaDiscoveryResponse"]["resources"]
>[number];

/** One response, said in full. */
export interface Scripted {
  readonly type: ResourceType;
  readonly parts?: readonly Part[];
  /** Delta only. */
  readonly removed?: readonly string[];
  /** Delta only: sent by name and version without a body, as a heartbeat is. */
  readonly bodiless?: readonly Part[];
  /** SotW: of the response; delta: of each resource, too. Without it a new one, of its content. */
  readonly version?: string;
  /** Without it a new one. */
  readonly nonce?: string;
}

/**
 * A management server that sends what a test says, and remembers each request. What it `answers` by itself it answers
 * simply: names that it was not asked for on this stream before, once. All else is silence.
 */
export class ScriptedServer {
  readonly protocol: Protocol;
  /** Since the start, of all streams, in the order in which they came. */
  readonly requests: SeenRequest[] = [];
  readonly #port: number;
  #server: Server | undefined;
  #call: Call | undefined;
  #streams = 0;
  #nonces = 0;
  #answers = new Map<ResourceType, readonly Part[]>();
  #asked = new Map<ResourceType, Set<string>>();

  constructor(protocol: Protocol, port: number) {
    this.protocol = protocol;
    this.#port = port;
  }

  /** Resolves when it listens; it answers types by itself that `parts` has or `also` names. */
  async start(): Promise<void> {
    const server = new Server();
    const method = (name: string) => ({
      path: methodPath(ads, name),
      requestStream: true,
      responseStream: true,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    });
    const definition = {
      StreamAggregatedResources: method("StreamAggregatedResources"),
      DeltaAggregatedResources: method("DeltaAggregatedResources"),
    };
    server.addService(definition, {
      StreamAggregatedResources: (call: Call) => this.#accept(call),
      DeltaAggregatedResources: (call: Call) => this.#accept(call),
    });
    await new Promise<void>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.bindAsync(`127.0.0.1:${this.#port}`, credentials, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    this.#server = server;
  }

  /** Ends all streams; Envoy comes back when it listens again. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#call = undefined;
  }

  /** Ends the stream, not the server. Resolves when Envoy has opened the next one. */
  async reconnect(): Promise<void> {
    const before = this.#streams;
    const lost = { code: status.UNAVAILABLE, details: "the test says so" };
    this.#call?.emit("error", lost);
    await this.untilStream(before + 1);
  }

  /** Resolves when Envoy has opened that many streams. */
  async untilStream(count: number): Promise<void> {
    const start = performance.now();
    while (this.#streams < count) {
      if (performance.now() - start > waitMs) throw new Error(`no stream ${count} from Envoy`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** From now on it answers these types by itself, from these parts; no other type. */
  answer(types: readonly ResourceType[], parts: readonly Part[]): void {
    this.#answers = new Map(types.map((type) => [type, parts.filter((part) => part.type === type)]));
  }

  answerAll(parts: readonly Part[]): void {
    this.answer(resourceTypes, parts);
  }

  /** Writes a response. Returns its nonce. */
  send(scripted: Scripted): string {
    const call = this.#call;
    if (call === undefined) throw new Error("a stream to send on");
    const nonce = scripted.nonce ?? `n${++this.#nonces}`;
    call.write(Buffer.from(this.protocol === "sotw" ? sotw(scripted, nonce) : delta(scripted, nonce)));
    return nonce;
  }

  /** Sends, and resolves to the request that carries the response's nonce. */
  async sendAndWait(scripted: Scripted): Promise<SeenRequest> {
    const nonce = this.send(scripted);
    return this.until(`answer to ${nonce}`, (request) => request.nonce === nonce);
  }

  /** The first request, of those since `from`, of which that holds. Fails after 10 s. */
  async until(what: string, holds: (request: SeenRequest) => boolean, from = 0): Promise<SeenRequest> {
    const start = performance.now();
    for (;;) {
      const found = this.requests.slice(from).find(holds);
      if (found !== undefined) return found;
      if (performance.now() - start > waitMs) {
        const seen = this.requests.map(({ summary }) => summary).join("\n");
        throw new Error(`no ${what} from Envoy, which sent\n${seen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Whether a request acknowledged or rejected the response with that nonce. */
  isAnswered(nonce: string): boolean {
    return this.requests.some((request) => request.nonce === nonce);
  }

  #accept(call: Call): void {
    this.#call = call;
    const stream = ++this.#streams;
    this.#asked = new Map();
    call.on("error", () => undefined);
    call.on("data", (bytes: Buffer) => {
      const request = this.protocol === "sotw" ? seenSotw(stream, bytes) : seenDelta(stream, bytes);
      this.requests.push(request);
      if (call === this.#call) this.#answer(request);
    });
  }

  #answer({ type, names }: SeenRequest): void {
    const parts = type === undefined ? undefined : this.#answers.get(type);
    if (type === undefined || parts === undefined) return;
    const isFirst = !this.#asked.has(type);
    const asked = this.#asked.get(type) ?? new Set<string>();
    this.#asked.set(type, asked);
    const isWildcard = isFirst && names.length === 0 && (type === "cluster" || type === "listener");
    const wanted = isWildcard
      ? parts
      : parts.filter(({ resource }) => names.includes(resource) && !asked.has(resource));
    for (const name of names) asked.add(name);
    if (isWildcard || wanted.length > 0) this.send({ type, parts: wanted });
  }
}

function sotw({ type, parts = [], version }: Scripted, nonce: string): Uint8Array {
  const typeUrl = typeUrls[type];
  return codec("envoy.service.discovery.v3.DiscoveryResponse").encode({
    versionInfo: version ?? `version of ${nonce}`,
    typeUrl,
    nonce,
    resources: parts.map(({ bytes }) => ({ typeUrl, value: bytes })),
  });
}

function delta(scripted: Scripted, nonce: string): Uint8Array {
  const { type, parts = [], removed = [], bodiless = [], version } = scripted;
  const typeUrl = typeUrls[type];
  const named = ({ resource, digest }: Part): DeltaResource => ({
    name: resource,
    version: version ?? versionOf(digest),
  });
  return codec("envoy.service.discovery.v3.DeltaDiscoveryResponse").encode({
    systemVersionInfo: version ?? nonce,
    typeUrl,
    nonce,
    resources: [
      ...parts.map((part) => ({ ...named(part), resource: { typeUrl, value: part.bytes } })),
      ...bodiless.map((part) => ({ ...named(part), ttl: { seconds: 60 } })),
    ],
    removedResources: [...removed],
  });
}

/** The version that a part has in delta. */
export function versionOf(digest: string): string {
  return digest.slice(0, 8);
}
