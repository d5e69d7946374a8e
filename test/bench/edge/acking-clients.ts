/**
 * Proxies that ask as Envoy does and ACK whatever comes, in a process of their own: `fork` it with the edges'
 * addresses, the protocol, how many, and the node group. It says "served" when each has had a route table.
 */
import { codec, methodPath } from "@routeledger/protos";
import { sha256Hex } from "@routeledger/std";
import { type ResourceType, referencesOf, typeOfUrl, typeUrls } from "@routeledger/xds-model";
import type { Protocol } from "../../features/xds/raw-client.ts";
import { receivedDelta, receivedSotw } from "../../features/xds/received.ts";
import { LeanStream } from "./lean-stream.ts";

const [addresses = "", given = "delta", count = "1", cluster = ""] = process.argv.slice(2);
const protocol = given as Protocol;
const edges = addresses.split(",");
const path = methodPath(
  "envoy.service.discovery.v3.AggregatedDiscoveryService",
  protocol === "delta" ? "DeltaAggregatedResources" : "StreamAggregatedResources",
);
/** What each type's resources name that must be asked for. */
const asksFor: Partial<Record<ResourceType, ResourceType>> = { cluster: "endpoint", listener: "route" };
let served = 0;

function start(index: number): void {
  const names = new Map<string, Set<string>>();
  let node: object | undefined = { id: `proxy-${index}`, cluster, userAgentName: "envoy" };
  let isServed = false;

  const say = (
    typeUrl: string,
    subscribe: readonly string[],
    answer: { nonce?: string; version?: string },
  ): void => {
    const { nonce: responseNonce = "", version: versionInfo = "" } = answer;
    const common = { ...(node && { node }), typeUrl, responseNonce };
    node = undefined;
    const all = [...(names.get(typeUrl) ?? [])];
    const bytes =
      protocol === "delta"
        ? codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").encode({
            ...common,
            resourceNamesSubscribe: [...subscribe],
          })
        : codec("envoy.service.discovery.v3.DiscoveryRequest").encode({
            ...common,
            versionInfo,
            resourceNames: all,
          });
    call.write(bytes);
  };
  const take = (bytes: Buffer): void => {
    const head = headOf(bytes);
    say(head.typeUrl, [], head);
    const type = typeOfUrl(head.typeUrl);
    const wanted = type === undefined ? undefined : asksFor[type];
    if (wanted !== undefined) {
      const known = names.get(typeUrls[wanted]) ?? new Set<string>();
      names.set(typeUrls[wanted], known);
      const added = namesIn(bytes, wanted).filter((name) => !known.has(name));
      for (const name of added) known.add(name);
      if (added.length > 0) say(typeUrls[wanted], added, {});
    }
    if (type !== "route" || isServed) return;
    isServed = true;
    if (++served === Number(count)) process.send?.("served");
  };
  const ended = (why: string): void => void process.send?.({ error: why });
  const call = new LeanStream(edges[index % edges.length] ?? "", path, take, ended);
  say(typeUrls.cluster, [], {});
  say(typeUrls.listener, [], {});
}

/** The names of a type that the resources of a response refer to. */
function namesIn(bytes: Buffer, wanted: ResourceType): string[] {
  const { type, resources } = protocol === "delta" ? receivedDelta(bytes) : receivedSotw(bytes);
  return resources.flatMap(({ name, value }) => {
    const part = {
      type,
      resource: name,
      virtualHost: "",
      bytes: value,
      digest: sha256Hex(value),
      owners: [],
    };
    return referencesOf(part)
      .filter((reference) => reference.type === wanted)
      .map((reference) => reference.name);
  });
}

/** Reads what an ACK needs and steps over the resources: these processes are not what is measured. */
function headOf(bytes: Buffer): { typeUrl: string; version: string; nonce: string } {
  const found = { typeUrl: "", version: "", nonce: "" };
  for (let position = 0; position < bytes.length; ) {
    const field = (bytes[position++] ?? 0) >>> 3;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const end = position + length;
    if (field === 1) found.version = bytes.toString("utf8", position, end);
    if (field === 4) found.typeUrl = bytes.toString("utf8", position, end);
    if (field === 5) found.nonce = bytes.toString("utf8", position, end);
    position = end;
  }
  return found;
}

for (let index = 0; index < Number(count); index++) start(index);
