/**
 * Proxies that ask as Envoy does and ACK whatever comes, in a process of their own, which says when. Arguments: the
 * addresses that they connect to, one after the other when a stream ends; the protocol, how many, the node group,
 * how many endpoints each must get to be complete.
 *
 * A proxy that comes back shows nothing that it holds: that is the most work for a server, and each does the same.
 * Times are of the machine's monotonic clock, so that the process that makes the changes compares them with its own.
 */
import { codec, methodPath } from "@routeledger/protos";
import { type ResourceType, typeUrls } from "@routeledger/xds-model";
import { LeanStream } from "../edge/lean-stream.ts";
import { type Head, headOf } from "./response-head.ts";

const [addresses = "", protocol = "delta", count = "1", cluster = "", wanted = "0"] = process.argv.slice(2);
const edges = addresses.split(",");
const isDelta = protocol === "delta";
const path = methodPath(
  "envoy.service.discovery.v3.AggregatedDiscoveryService",
  isDelta ? "DeltaAggregatedResources" : "StreamAggregatedResources",
);
const asked = [typeUrls.cluster, typeUrls.endpoint, typeUrls.listener, typeUrls.route];
/** All proxies ask for the same names: the requests are encoded once. */
const names: Record<string, readonly string[]> = {};
const received = { messages: 0, bytes: 0 };

let armed: ArmedFor | undefined;

interface ArmedFor {
  readonly typeUrl: string;
  readonly atNs: Map<MeasuredProxy, string>;
}

class MeasuredProxy {
  readonly #index: number;
  #edge = 0;
  #stream: LeanStream | undefined;
  readonly #asked = new Set<string>();
  readonly #complete = new Set<string>();
  #endpoints = 0;

  constructor(index: number) {
    this.#index = index;
    this.#connect();
  }

  #connect(): void {
    this.#asked.clear();
    this.#complete.clear();
    this.#endpoints = 0;
    const address = edges[this.#edge] ?? "";
    const stream = new LeanStream(
      address,
      path,
      (bytes) => this.#take(bytes),
      () => this.#ended(stream),
    );
    this.#stream = stream;
    this.#ask(typeUrls.cluster);
    this.#ask(typeUrls.listener);
  }

  #ended(stream: LeanStream): void {
    if (stream !== this.#stream) return;
    this.#edge = Math.min(this.#edge + 1, edges.length - 1);
    this.#connect();
  }

  /** The first request of a type. */
  #ask(typeUrl: string): void {
    if (this.#asked.has(typeUrl)) return;
    this.#asked.add(typeUrl);
    const isFirst = this.#asked.size === 1;
    const node = { id: `proxy-${this.#index}`, cluster, userAgentName: "envoy" };
    const common = { ...(isFirst && { node }), typeUrl };
    this.#say(
      isDelta
        ? { ...common, resourceNamesSubscribe: names[typeUrl] ?? [] }
        : { ...common, resourceNames: names[typeUrl] ?? [] },
    );
  }

  #say(request: object): void {
    const name = isDelta
      ? "envoy.service.discovery.v3.DeltaDiscoveryRequest"
      : "envoy.service.discovery.v3.DiscoveryRequest";
    this.#stream?.write(codec(name).encode(request));
  }

  #take(bytes: Buffer): void {
    received.messages++;
    received.bytes += bytes.length;
    const isKnown = names[typeUrls.endpoint] !== undefined && names[typeUrls.route] !== undefined;
    const head = headOf(bytes, { isDelta, withNames: !isKnown });
    this.#acknowledge(head);
    this.#remember(head);
    if (armed !== undefined && head.typeUrl === armed.typeUrl) this.#arrived(armed);
  }

  #arrived(forThis: ArmedFor): void {
    forThis.atNs.set(this, String(process.hrtime.bigint()));
    if (forThis.atNs.size < proxies.length) return;
    armed = undefined;
    process.send?.({ arrived: [...forThis.atNs.values()] });
  }

  #acknowledge({ typeUrl, nonce, version }: Head): void {
    const common = { typeUrl, responseNonce: nonce };
    this.#say(isDelta ? common : { ...common, versionInfo: version, resourceNames: names[typeUrl] ?? [] });
  }

  #remember({ typeUrl, names: given }: Head): void {
    const isRouteKnown = names[typeUrls.route] !== undefined;
    if (typeUrl === typeUrls.cluster) names[typeUrls.endpoint] ??= given;
    if (typeUrl === typeUrls.listener && !isRouteKnown) names[typeUrls.route] = ["https/443/t0.example.com"];
    if (typeUrl === typeUrls.cluster) this.#ask(typeUrls.endpoint);
    if (typeUrl === typeUrls.listener) this.#ask(typeUrls.route);
    if (typeUrl === typeUrls.endpoint) this.#endpoints += given.length;
    this.#complete.add(typeUrl);
    this.#sayComplete();
  }

  #sayComplete(): void {
    if (this.#complete.has("all") || !asked.every((url) => this.#complete.has(url))) return;
    if (this.#endpoints < Number(wanted)) return;
    this.#complete.add("all");
    if (++complete === proxies.length) {
      complete = 0;
      process.send?.({ complete: String(process.hrtime.bigint()) });
    }
  }
}

let complete = 0;
const proxies: MeasuredProxy[] = [];
for (let index = 0; index < Number(count); index++) proxies.push(new MeasuredProxy(index));

process.on("message", (message: { arm?: ResourceType; count?: true }) => {
  if (message.arm !== undefined) {
    armed = { typeUrl: typeUrls[message.arm], atNs: new Map() };
    process.send?.({ armed: true });
  }
  if (message.count) process.send?.({ received });
});
