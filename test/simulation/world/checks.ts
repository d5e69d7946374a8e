/** What must hold of a proxy at every moment (P5), and when all is at rest (P4). */
import type { Resource, Snapshot } from "@routeledger/xds-model";
import type { ModelEnvoy } from "../model/model-envoy.ts";
import type { ModelListener } from "../model/model-listeners.ts";
import { factsOf } from "../model/resource-facts.ts";

/**
 * What serves requests now that cannot answer them, for people; empty when all is well. An edge that is further behind
 * than a new stream waits for may tell a delta client that a warming cluster has no endpoints: nothing shows that it is
 * behind.
 */
export function brokenNow(envoy: ModelEnvoy, { mayLackEndpoints = false } = {}): string[] {
  const { active, draining } = envoy.listeners;
  const broken: string[] = [];
  for (const listener of [...active.values(), ...draining]) {
    const where = `listener ${listener.resource.name}${draining.has(listener) ? ", draining," : ""}`;
    for (const { name, resource } of listener.tables)
      if (resource === undefined) broken.push(`${where} is live without table ${name}`);
    for (const handle of listener.others)
      if (handle.resource === undefined) broken.push(`${where} is live without secret ${handle.name}`);
    for (const name of clustersOf(listener)) {
      const why = whyUnusable(envoy, name);
      if (mayLackEndpoints && why === withoutEndpoints) continue;
      if (why !== undefined) broken.push(`${where} routes to cluster ${name}, which ${why}`);
    }
  }
  return broken;
}

/** Names of clusters that warm for the first time. */
export function firstWarming({ clusters: { active, warming } }: ModelEnvoy): string[] {
  return [...warming.keys()].filter((name) => !active.has(name));
}

const withoutEndpoints = "is live without endpoints";

function whyUnusable({ clusters }: ModelEnvoy, name: string): string | undefined {
  const active = clusters.active.get(name);
  if (active !== undefined) {
    if (active.facts.endpoints !== undefined && active.assignment === undefined) return withoutEndpoints;
    return active.lacksSecret ? "is live without its secret" : undefined;
  }
  const warming = clusters.warming.get(name);
  return warming === undefined ? "is not there" : `warms for the first time, waiting for ${warming.waitsFor}`;
}

function clustersOf(listener: ModelListener): Set<string> {
  const tables = listener.tables.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  return new Set([...listener.facts.clusters, ...tables.flatMap((table) => factsOf(table).clusters)]);
}

/**
 * How what a proxy has differs from a snapshot, for people. What it rejects may be missing or old, and then what the
 * old content refers to is still there.
 */
export function differencesAtRest(
  envoy: ModelEnvoy,
  { types }: Snapshot,
  { areClustersFrozen = false } = {},
): string[] {
  const { clusters, listeners } = envoy;
  const found: string[] = [];
  for (const [name, cluster] of clusters.warming)
    found.push(`cluster ${name} warms, waiting for ${cluster.waitsFor}`);
  for (const [name] of listeners.warming) found.push(`listener ${name} warms`);
  if (listeners.draining.size > 0) found.push("a listener drains for ever");
  const held = (editions: ReadonlyMap<string, { readonly resource: Resource }>) =>
    new Map([...editions].map(([name, { resource }]) => [name, resource]));
  const hasBad = Object.values(types).some(({ resources }) => [...resources.values()].some(isBad));
  if (!areClustersFrozen)
    found.push(...compare("cluster", held(clusters.active), types.cluster.resources, hasBad));
  found.push(...compare("listener", held(listeners.active), types.listener.resources, false));
  const compareOne = (
    what: string,
    name: string,
    has: Resource | undefined,
    wanted: Resource | undefined,
  ) => {
    if (wanted !== undefined && isBad(wanted)) return;
    if (has?.digest !== wanted?.digest)
      found.push(`${what} ${textOf(name, has)}, wanted ${textOf(name, wanted)}`);
  };
  for (const [name, cluster] of areClustersFrozen ? [] : clusters.active) {
    const assigned = cluster.facts.endpoints?.name;
    if (assigned === undefined || isBadNow(types.cluster.resources, name)) continue;
    // An old listener or table that stayed, since the new one is rejected, may still refer to it.
    if (hasBad && !types.cluster.resources.has(name)) continue;
    const wanted = types.endpoint.resources.get(assigned);
    compareOne(`cluster ${name} has endpoints`, assigned, cluster.assignment, wanted);
    for (const handle of cluster.secretHandles)
      compareOne(
        `cluster ${name} has secret`,
        handle.name,
        handle.resource,
        types.secret.resources.get(handle.name),
      );
  }
  for (const [name, listener] of listeners.active) {
    if (isBadNow(types.listener.resources, name)) continue;
    for (const handle of listener.tables)
      compareOne(
        `listener ${name} has table`,
        handle.name,
        handle.resource,
        types.route.resources.get(handle.name),
      );
    for (const handle of listener.others)
      compareOne(
        `listener ${name} has secret`,
        handle.name,
        handle.resource,
        types.secret.resources.get(handle.name),
      );
  }
  return found;
}

function compare(
  what: string,
  held: ReadonlyMap<string, Resource>,
  wanted: ReadonlyMap<string, Resource>,
  mayHaveMore: boolean,
): string[] {
  return [...new Set([...held.keys(), ...wanted.keys()])].flatMap((name) => {
    const has = held.get(name);
    const wants = wanted.get(name);
    if (wants === undefined && mayHaveMore) return [];
    if (has?.digest === wants?.digest || (wants !== undefined && isBad(wants))) return [];
    return [`the proxy has ${what} ${textOf(name, has)}, wanted ${textOf(name, wants)}`];
  });
}

/**
 * Whether a cluster that breaks the rules of its fields is in use. A SotW client that comes with it from another stream
 * keeps all clusters as they are until it is mended, since its own edition of that one is not known (rule 73).
 */
export function freezesClusters({ types: { cluster, listener, route } }: Snapshot): boolean {
  const listeners = [...listener.resources.values()].map(factsOf);
  const named = listeners.flatMap(({ tables }) =>
    tables.flatMap(({ name }) => route.resources.get(name) ?? []),
  );
  const used = new Set([...listeners, ...named.map(factsOf)].flatMap(({ clusters }) => clusters));
  // Beside a rejected listener or table, what the client's own edition of that refers to is not known either.
  if ([...listener.resources.values(), ...route.resources.values()].some(isBad)) return true;
  return [...used].some((name) => {
    const found = cluster.resources.get(name);
    return found !== undefined && factsOf(found).fieldError !== undefined;
  });
}

/** The proxy rejects it. */
export function isBad(resource: Resource): boolean {
  const { fieldError, buildError } = factsOf(resource);
  return fieldError !== undefined || buildError !== undefined;
}

function isBadNow(resources: ReadonlyMap<string, Resource>, name: string): boolean {
  const resource = resources.get(name);
  return resource !== undefined && isBad(resource);
}

function textOf(name: string, resource: Resource | undefined): string {
  return resource === undefined ? `no ${name}` : `${name}#${resource.digest.slice(0, 3)}`;
}
