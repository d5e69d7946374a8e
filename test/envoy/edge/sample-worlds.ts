/** Small configurations that several tests change under load. */
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { cluster, endpoints, listener } from "../../features/xds/sample-parts.ts";
import { routesTo } from "./envoy-parts.ts";

interface Ports {
  readonly port: number;
  readonly backendPort: number;
}

/** `/keep` goes to a cluster that stays, `/gone` to the cluster of that move, or nowhere. */
export function moved({ port, backendPort }: Ports, move: number | undefined): Part[] {
  const target = `c${move}`;
  const targets = { "/keep": "keep", ...(move === undefined ? {} : { "/gone": target }) };
  return [
    listener("l", { port, table: "r" }),
    routesTo("r", targets),
    cluster("keep"),
    endpoints("keep", backendPort),
    ...(move === undefined ? [] : [cluster(target), endpoints(target, backendPort)]),
  ];
}

export interface TwoBackends {
  readonly invalidCluster?: boolean;
  readonly invalidEndpoints?: boolean;
  /** Of the endpoints of both clusters; shows in Envoy's admin page which ones it has. */
  readonly weight?: number;
}

/** `/a` and `/b` go to clusters of their own; of `b` a field may be invalid. */
export function twoBackends({ port, backendPort }: Ports, choices: TwoBackends = {}): Part[] {
  const { invalidCluster = false, invalidEndpoints = false, weight = 1 } = choices;
  return [
    listener("l", { port, table: "r" }),
    routesTo("r", { "/a": "a", "/b": "b" }),
    cluster("a"),
    cluster("b", { timeoutMs: invalidCluster ? 0 : 1_000 }),
    weighed("a", backendPort, { weight }),
    // Envoy takes priorities up to 128.
    weighed("b", backendPort, { weight, priority: invalidEndpoints ? 129 : 0 }),
  ];
}

/** One endpoint of that weight. */
export function weighed(
  name: string,
  portValue: number,
  { weight, priority = 0 }: { readonly weight: number; readonly priority?: number },
): Part {
  const address = { socketAddress: { address: "127.0.0.1", portValue } };
  const lbEndpoints = [{ endpoint: { address }, loadBalancingWeight: { value: weight } }];
  return partOf("endpoint", name, { endpoints: [{ priority, lbEndpoints }] });
}

/** The weight of a cluster's endpoint in Envoy's `/clusters`; 0 where it has none. */
export function weightIn(clusters: string, name: string): number {
  return Number(new RegExp(`^${name}::127\\.0\\.0\\.1:\\d+::weight::(\\d+)$`, "m").exec(clusters)?.[1] ?? 0);
}
