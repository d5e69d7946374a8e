/** What a node group has beside what its objects make, while a prepared switch is open (docs/spec/switches.md). */
import {
  type ConfigState,
  generationName,
  type OpenSwitch,
  type SwitchedCluster,
} from "@routeledger/config-model";
import { codec, type decoded, packAny } from "@routeledger/protos";
import { type SortedMap, sha256Hex } from "@routeledger/std";
import {
  type Part,
  type PartSet,
  partKeyText,
  type ResourceType,
  referencesOf,
} from "@routeledger/xds-model";
import { trialName } from "./backends/cluster-generation.ts";

type Cluster = decoded.envoy.config.cluster.v3.Cluster;

const clusters = codec("envoy.config.cluster.v3.Cluster");
const aggregateConfig = "envoy.extensions.clusters.aggregate.v3.ClusterConfig";

/**
 * Adds to each node group the clusters of the other side of the open switch, with the endpoints and secrets that they
 * name and that are not there (SW7, SW8), and while they are tried the aggregates by which routes reach them (SW9).
 * @param aside what the other side translates to
 */
export function withClustersAside(
  groups: SortedMap<PartSet>,
  { openSwitch }: ConfigState,
  aside: SortedMap<PartSet>,
): SortedMap<PartSet> {
  if (openSwitch === undefined) return groups;
  return groups.with(
    [...groups].map(([nodeGroup, parts]) => {
      const other = aside.get(nodeGroup);
      const brought = openSwitch.plan.clusters.flatMap((cluster) => asideParts(openSwitch, cluster, other));
      const known = parts.with(brought.filter(([key]) => !parts.has(key)));
      const tried = openSwitch.phase === "tried" ? openSwitch.plan.clusters.filter((one) => one.tried) : [];
      return [nodeGroup, known.with(tried.flatMap((cluster) => trialParts(cluster, known)))];
    }),
  );
}

function asideParts(
  { phase }: OpenSwitch,
  { name, generation, generationBefore }: SwitchedCluster,
  other: PartSet | undefined,
): [string, Part][] {
  const wanted = phase === "turned" ? generationBefore : generation;
  const cluster = wanted === 0 ? undefined : other?.get(keyOf("cluster", generationName(name, wanted)));
  if (cluster === undefined || other === undefined) return [];
  const named = referencesOf(cluster).flatMap(({ type, name: reference }) => {
    const part = other.get(keyOf(type, reference));
    return part === undefined ? [] : [part];
  });
  return [cluster, ...named].map((part) => [partKeyText(part), part]);
}

/** Of what is not there the aggregate has only the rest: whatever is switched, a route that names it finds it. */
function trialParts(
  { name, generation, generationBefore }: SwitchedCluster,
  parts: PartSet,
): [string, Part][] {
  const old = parts.get(keyOf("cluster", generationName(name, generationBefore)));
  if (old === undefined) return [];
  const names = [generation, generationBefore]
    .map((one) => generationName(name, one))
    .filter((one) => parts.has(keyOf("cluster", one)));
  const resource = trialName(name, generation);
  const bytes = clusters.encode(aggregate(resource, names, clusters.decode(old.bytes)));
  const part: Part = { ...old, resource, bytes, digest: sha256Hex(bytes) };
  return [[partKeyText(part), part]];
}

/** What Envoy asks the cluster that the route names, it asks the aggregate: protocol options, and retries under way. */
function aggregate(
  name: string,
  members: readonly string[],
  { typedExtensionProtocolOptions, circuitBreakers, perConnectionBufferLimitBytes }: Cluster,
): Parameters<typeof clusters.encode>[0] {
  return {
    name,
    clusterType: {
      name: "envoy.clusters.aggregate",
      typedConfig: packAny(aggregateConfig, { clusters: members }),
    },
    lbPolicy: "CLUSTER_PROVIDED",
    circuitBreakers,
    perConnectionBufferLimitBytes,
    typedExtensionProtocolOptions,
    ...(name.includes(".") ? { altStatName: name.replaceAll(".", "_") } : {}),
  };
}

function keyOf(type: ResourceType, resource: string): string {
  return partKeyText({ type, resource, virtualHost: "" });
}
