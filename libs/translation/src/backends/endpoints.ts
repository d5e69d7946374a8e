import type { ConfigObject } from "@routeledger/config-model";
import { codec, type envoy } from "@routeledger/protos";
import { by } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { parseIpAddress } from "../ip-address.ts";
import { makePart } from "../parts.ts";
import { listOf, objectOf, objectsOf, portOf, textOf } from "../untrusted.ts";
import { protocolOf } from "./service-upstream.ts";
import type { EndpointAddress, ServicePort, SocketAddress } from "./upstream.ts";

const assignments = codec("envoy.config.endpoint.v3.ClusterLoadAssignment");

/**
 * The endpoints of a Service's port, encoded: the union of all slices, each address once, sorted (G72). Without any it
 * is an empty assignment, never none: a cluster waits for it (xds rule 42), and answers 503 (G67).
 */
export function servicePart(
  name: string,
  port: ServicePort,
  { service, slices }: { readonly service: ConfigObject; readonly slices: readonly ConfigObject[] },
): Part {
  const found = new Map<string, Ready<SocketAddress>>();
  for (const slice of slices) {
    for (const endpoint of sliceAddresses(slice, port)) {
      const key = `${endpoint.address} ${String(endpoint.port).padStart(5, "0")}`;
      if (found.get(key)?.ready !== true) found.set(key, endpoint);
    }
  }
  const sorted = [...found].sort(by(([key]) => key)).map(([, endpoint]) => endpoint);
  return endpointPart(name, sorted, [service, ...slices]);
}

/** The addresses of a Backend, encoded. */
export function addressesPart(
  name: string,
  addresses: readonly EndpointAddress[],
  owner: ConfigObject,
): Part {
  return endpointPart(
    name,
    addresses.map((one) => ({ ...one, ready: true })),
    [owner],
  );
}

type Ready<Address> = Address & { readonly ready: boolean };

function endpointPart(
  name: string,
  endpoints: readonly Ready<EndpointAddress>[],
  owners: readonly ConfigObject[],
): Part {
  const lbEndpoints = endpoints.map((one): envoy.config.endpoint.v3.LbEndpoint => {
    const endpoint = { address: "path" in one ? { pipe: { path: one.path } } : socketAddress(one) };
    return one.ready ? { endpoint } : { endpoint, healthStatus: "DRAINING" };
  });
  const bytes = assignments.encode({
    clusterName: name,
    endpoints: lbEndpoints.length === 0 ? [] : [{ lbEndpoints }],
  });
  return makePart({ type: "endpoint", resource: name }, bytes, owners);
}

/** Rules G70, G71, G73: the slice's own port by name and protocol, the two IP families, the conditions. */
function sliceAddresses(slice: ConfigObject, port: ServicePort): Ready<SocketAddress>[] {
  const { addressType, ports, endpoints } = slice.object;
  if (addressType !== "IPv4" && addressType !== "IPv6") return [];
  const portNumbers = objectsOf(ports)
    .filter(
      (candidate) => (textOf(candidate.name) ?? "") === port.name && protocolOf(candidate) === port.protocol,
    )
    .map((candidate) => portOf(candidate.port))
    .filter((number) => number !== undefined);
  return objectsOf(endpoints).flatMap((endpoint) => {
    const { ready: readyCondition, serving: servingCondition } = objectOf(endpoint.conditions);
    const ready = readyCondition !== false;
    const serving = typeof servingCondition === "boolean" ? servingCondition : ready;
    if (!ready && !serving) return [];
    // All addresses of one endpoint mean the same pod; Kubernetes defines the first only.
    const address = parseIpAddress(textOf(listOf(endpoint.addresses)[0]) ?? "");
    return address === undefined ? [] : portNumbers.map((number) => ({ address, port: number, ready }));
  });
}

export function socketAddress({ address, port }: SocketAddress): envoy.config.core.v3.Address {
  return { socketAddress: { address, portValue: port } };
}

type ObjectsByName = ReadonlyMap<string, ConfigObject>;
const sliceIndexes = new WeakMap<ObjectsByName, ReadonlyMap<string, readonly ConfigObject[]>>();

/** A namespace's slices by the name of their Service, each list sorted by name. The same map gives the same lists. */
export function slicesByService(slices: ObjectsByName): ReadonlyMap<string, readonly ConfigObject[]> {
  const known = sliceIndexes.get(slices);
  if (known !== undefined) return known;
  const index = new Map<string, ConfigObject[]>();
  for (const slice of [...slices.values()].sort(by(({ name }) => name))) {
    const labels = objectOf(objectOf(slice.object.metadata).labels);
    const service = textOf(labels["kubernetes.io/service-name"]);
    if (service === undefined) continue;
    const list = index.get(service);
    if (list === undefined) index.set(service, [slice]);
    else list.push(slice);
  }
  sliceIndexes.set(slices, index);
  return index;
}
