/** For tests beside the code: a client of `step`, without sockets and timers. */

import { codec } from "@routeledger/protos";
import { type ResourceType, type Snapshot, typeUrls } from "@routeledger/xds-model";
import { step } from "./step.ts";
import type { DeltaRequest, SotwRequest, StreamInput, StreamOutput, StreamResponse } from "./stream-io.ts";
import { openStream, type Protocol, type XdsStream, type XdsStreamOptions } from "./stream-state.ts";

const emptySotw = codec("envoy.service.discovery.v3.DiscoveryRequest").decode(new Uint8Array());
const emptyDelta = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").decode(new Uint8Array());
const node = codec("envoy.config.core.v3.Node").decode(
  codec("envoy.config.core.v3.Node").encode({ id: "proxy-1", cluster: "default/gateway" }),
);

/** One client of one stream. Responses pile up in `responses` as the socket takes them. */
export class TestClient {
  readonly protocol: Protocol;
  readonly facts: StreamOutput[] = [];
  readonly timers: { id: string; delayMs: number }[] = [];
  responses: StreamResponse[] = [];
  /** False: the socket takes nothing until `drain`. */
  open = true;
  #stream: XdsStream;
  #started = false;
  readonly #node: SotwRequest["node"];

  constructor(protocol: Protocol, userAgentName = "envoy", options: Partial<XdsStreamOptions> = {}) {
    this.protocol = protocol;
    this.#stream = openStream({ ...options, protocol, streamId: "s1" });
    this.#node = { ...node, userAgentName };
  }

  get stream(): XdsStream {
    return this.#stream;
  }

  give(input: StreamInput): void {
    const { stream, outputs } = step(this.#stream, input);
    this.#stream = stream;
    for (const output of outputs) {
      if (output.type === "send") {
        this.responses.push(output.response);
        if (this.open) this.give({ type: "writable" });
      } else if (output.type === "startTimer") this.timers.push(output);
      else this.facts.push(output);
    }
  }

  snapshot(snapshot: Snapshot): this {
    this.give({ type: "snapshot", snapshot });
    return this;
  }

  /** The socket takes one more response. */
  drain(): void {
    this.give({ type: "writable" });
  }

  fire(prefix: string): void {
    const index = this.timers.findIndex(({ id }) => id.startsWith(prefix));
    const [timer] = this.timers.splice(index, 1);
    if (index < 0 || timer === undefined) throw new Error(`no timer ${prefix} is running`);
    this.give({ type: "timer", id: timer.id });
  }

  sotw(type: ResourceType | string, names: readonly string[], rest: Partial<SotwRequest> = {}): this {
    const request = {
      ...emptySotw,
      node: this.#first(),
      typeUrl: urlOf(type),
      resourceNames: [...names],
      ...rest,
    };
    this.give({ type: "sotwRequest", request });
    return this;
  }

  delta(type: ResourceType | string, subscribe: readonly string[], rest: Partial<DeltaRequest> = {}): this {
    const request = {
      ...emptyDelta,
      node: this.#first(),
      typeUrl: urlOf(type),
      resourceNamesSubscribe: [...subscribe],
      ...rest,
    };
    this.give({ type: "deltaRequest", request });
    return this;
  }

  /** Subscribes in the client's protocol: in SotW to exactly these names, in delta to these as well. */
  subscribe(type: ResourceType, ...names: string[]): this {
    return this.protocol === "sotw"
      ? this.sotw(type, names, { responseNonce: this.stream.types[type].lastNonce })
      : this.delta(type, names);
  }

  /** Acknowledges everything that came since, in order, keeping the subscription, and forgets it. */
  ack(): this {
    for (const response of this.take()) this.answer(response);
    return this;
  }

  answer({ resourceType, nonce, version }: StreamResponse, error?: string): this {
    const errorDetail = error === undefined ? undefined : { code: 3, message: error, details: [] };
    const names = this.#namesOf(resourceType);
    return this.protocol === "sotw"
      ? this.sotw(resourceType, names, { responseNonce: nonce, versionInfo: version, errorDetail })
      : this.delta(resourceType, [], { responseNonce: nonce, errorDetail });
  }

  /** All responses since the last call. */
  take(): StreamResponse[] {
    const taken = this.responses;
    this.responses = [];
    return taken;
  }

  /** The same, one short text a response: `CDS a,b -c`. */
  seen(): string[] {
    return this.take().map(textOf);
  }

  #namesOf(type: ResourceType): string[] {
    const { names, interest } = this.stream.types[type];
    return interest === "wildcard" ? ["*", ...names] : [...names];
  }

  #first(): SotwRequest["node"] {
    if (this.#started) return undefined;
    this.#started = true;
    return this.#node;
  }
}

export function textOf({ resourceType, resources, removed }: StreamResponse): string {
  const names = resources.map(({ name }) => name).join(",");
  const gone = removed.length === 0 ? "" : `-${removed.join(",")}`;
  return [resourceType, names, gone].filter((word) => word !== "").join(" ");
}

function urlOf(type: ResourceType | string): string {
  return (typeUrls as Record<string, string>)[type] ?? type;
}

/** A client that subscribed as Envoy does and acknowledged all that it got. */
export function settledClient(protocol: Protocol, snapshot: Snapshot): TestClient {
  const client = new TestClient(protocol).snapshot(snapshot);
  client.subscribe("cluster").subscribe("endpoint", ...snapshot.types.endpoint.resources.keys());
  client.subscribe("listener").subscribe("route", ...snapshot.types.route.resources.keys());
  for (let rounds = 0; client.responses.length > 0 && rounds < 20; rounds++) client.ack();
  client.facts.length = 0;
  return client;
}
