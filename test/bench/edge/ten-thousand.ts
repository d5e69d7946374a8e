import { randomBytes } from "node:crypto";
import { CommitWriter, type EventLog, emptyTail, writeCheckpoints } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { revision, SortedMap, sha256Hex, systemClock } from "@routeledger/std";
import { encodePublishedCheckpoints, type Part, type Published, type Snapshot } from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import { listener } from "../../features/xds/sample-parts.ts";

const ads = { ads: {}, resourceApiVersion: "V3" } as const;
const edsCluster = 3;

export interface Shape {
  readonly groups: number;
  /** Services of each group: a cluster, its endpoints and a virtual host each. */
  readonly services: number;
  readonly tables: number;
  /** What the first route of each virtual host matches. Default `/api`. */
  readonly prefix?: string;
  /** Of all endpoints. Default 8080. */
  readonly port?: number;
}

/** What a Gateway with that many services is translated to, about as large as ours, with owners. */
export function gatewayParts({ services, tables, prefix = "/api", port = 8080 }: Shape): Part[] {
  const owner = (kind: string, name: string) => {
    const group = "gateway.networking.k8s.io";
    return [{ group, kind, namespace: "default", name, revision: revision(1, 1) }];
  };
  const parts: Part[] = [listener("tcp/0.0.0.0/443", { port: 443, table: "https/443/t0.example.com" })];
  for (let table = 0; table < tables; table++) {
    parts.push({ ...partOf("route", `https/443/t${table}.example.com`), owners: owner("Gateway", "web") });
  }
  for (let service = 0; service < services; service++) {
    const name = `service/default/service-${service}/8080`;
    const clusterPart = partOf("cluster", name, {
      type: edsCluster,
      connectTimeout: { seconds: 5 },
      edsClusterConfig: { edsConfig: ads },
      lbPolicy: 0,
      circuitBreakers: { thresholds: [{ maxConnections: { value: 1024 }, maxRequests: { value: 4096 } }] },
    });
    const lbEndpoints = [1, 2, 3].map((host) => ({
      endpoint: { address: { socketAddress: { address: `10.1.${service % 250}.${host}`, portValue: port } } },
    }));
    const assignment = partOf("endpoint", name, { endpoints: [{ locality: {}, lbEndpoints }] });
    parts.push({ ...clusterPart, owners: owner("Service", `service-${service}`) });
    parts.push({ ...assignment, owners: owner("EndpointSlice", `service-${service}-abc`) });
    parts.push(virtualHost(`https/443/t${service % tables}.example.com`, service, name));
  }
  return parts;

  function virtualHost(table: string, service: number, target: string): Part {
    const host = `host-${service}.example.com`;
    const bytes = codec("envoy.config.route.v3.VirtualHost").encode({
      name: host,
      domains: [host, `${host}:*`],
      routes: [
        {
          name: `default/route-${service}/0/0`,
          match: { pathSeparatedPrefix: prefix },
          route: { cluster: target },
        },
        { name: `default/route-${service}/0/1`, match: { prefix: "/" }, route: { cluster: target } },
      ],
    });
    const owners = owner("HTTPRoute", `route-${service}`);
    return { type: "route", resource: table, virtualHost: host, bytes, digest: sha256Hex(bytes), owners };
  }
}

export function resourceCount({ groups, services, tables }: Shape): number {
  return groups * (2 * services + tables + 1);
}

/** Writes one round of checkpoints of so many Gateways to an empty log. */
export async function writeState(log: EventLog, shape: Shape): Promise<void> {
  const snapshots = new Map<string, Snapshot>();
  const parts = gatewayParts(shape);
  const one = snapshotOf(parts, 1);
  for (let group = 0; group < shape.groups; group++) {
    const nodeGroup = `default/gateway-${group}`;
    snapshots.set(nodeGroup, { ...one, nodeGroup });
  }
  const statuses = Array.from({ length: shape.groups * shape.services }, (_, index) => ({
    ...{
      group: "gateway.networking.k8s.io",
      kind: "HTTPRoute",
      namespace: "default",
      name: `route-${index}`,
    },
    json: JSON.stringify({
      parents: [{ controllerName: "x", conditions: [{ type: "Accepted", status: "True" }] }],
    }),
  }));
  const published: Published = {
    revision: revision(1, 1),
    timeMs: 1_000,
    retireGraceMs: 60_000,
    snapshots,
    statuses: SortedMap.of(
      statuses.map((status) => [`gateway.networking.k8s.io/HTTPRoute/default/${status.name}`, status]),
    ),
  };
  const writer = new CommitWriter(log, { clock: systemClock, randomBytes });
  const common = { term: 0, actor: "translator", source: "bench" };
  let tail = emptyTail;
  const append = async (commit: Parameters<typeof writer.append>[0]): Promise<void> => {
    const outcome = await writer.append(commit, tail);
    if (outcome.outcome !== "appended") throw new Error(outcome.outcome);
    tail = outcome.tail;
  };
  await append({
    ...common,
    kind: "EventSkipped",
    schemaVersion: 1,
    summary: "first",
    payload: new Uint8Array(0),
  });
  await writeCheckpoints({
    log,
    followFrom: tail,
    revision: published.revision,
    configHash: new Uint8Array(32),
    states: encodePublishedCheckpoints(published),
    append: (commit) => append({ ...commit, ...common }),
    randomBytes,
  });
}
