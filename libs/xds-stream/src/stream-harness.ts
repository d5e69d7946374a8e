/** For tests beside the code: a client of `step`, without sockets and timers. */

import { codec } from "@routeledger/protos";
import { type Part, type ResourceType, type Snapshot, typeUrls } from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import { step } from "./step.ts";
import type { DeltaRequest, SotwRequest, StreamInput, StreamOutput, StreamResponse } from "./stream-io.ts";
import { openStream, type Protocol, type XdsStream } from "./stream-state.ts";

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

  constructor(protocol: Protocol, userAgentName = "envoy") {
    this.protocol = protocol;
    this.#stream = openStream({ protocol, streamId: "s1" });
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
    const { names, wildcard, everNamed } = this.stream.types[type];
    return wildcard && everNamed ? ["*", ...names] : [...names];
  }

  #first(): SotwRequest["node"] {
    if (this.#started) return undefined;
    this.#started = true;
    return this.#node;
  }
}

export function textOf({ resourceType, resources, removed }: StreamResponse): string {
  const names = resources.map(({ name }) => name).join(",");
  const gone = removed.length === 0 ? "" : ` -${removed.join(",")}`;
  return `${resourceType} ${names}${gone}`.trim();
}

function urlOf(type: ResourceType | string): string {
  return (typeUrls as Record<string, string>)[type] ?? type;
}

/** An EDS cluster; `salt` changes its bytes and nothing else. */
export function cluster(name: string, salt = 1, serviceName = ""): Part {
  return partOf("cluster", name, {
    type: 3,
    edsClusterConfig: { serviceName, edsConfig: { ads: {} } },
    connectTimeout: { seconds: salt },
  });
}

export function endpoint(name: string, port = 1): Part {
  const address = { socketAddress: { address: "127.0.0.1", portValue: port } };
  return partOf("endpoint", name, { endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] });
}

/** A route table that sends everything to one cluster. */
export function route(name: string, clusterName: string): Part {
  const routes = [{ match: { prefix: "/" }, route: { cluster: clusterName } }];
  return partOf("route", name, { virtualHosts: [{ name: "all", domains: ["*"], routes }] });
}

/** A listener that names a route table; `timeoutS` changes the bytes of the reference. */
export function listener(name: string, routeName: string, timeoutS = 15): Part {
  const rds = {
    routeConfigName: routeName,
    configSource: { ads: {}, initialFetchTimeout: { seconds: timeoutS } },
  };
  return partOf("listener", name, { filterChains: [{ filters: [hcm(name, { rds })] }] });
}

/** A listener with its routes inside: it refers to no table. */
export function inlineListener(name: string): Part {
  return partOf("listener", name, {
    filterChains: [{ filters: [hcm(name, { routeConfig: { name: "error" } })] }],
  });
}

function hcm(name: string, routes: object): object {
  const typed = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const value = codec(typed).encode({ statPrefix: name, ...routes });
  return { name: "hcm", typedConfig: { typeUrl: `type.googleapis.com/${typed}`, value } };
}

/** A whole small configuration: listener `l` -> table `r` -> cluster `a`, with its endpoints. */
export function wholeParts(salt = 1): Part[] {
  return [cluster("a", salt), endpoint("a"), listener("l", "r"), route("r", "a")];
}

export { partOf, snapshotOf };
