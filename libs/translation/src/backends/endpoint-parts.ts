import type { ConfigObject, ObjectIndex } from "@routeledger/config-model";
import { by } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import type { MemoTable } from "../memo-table.ts";
import { addressesPart, servicePart, slicesByService } from "./endpoints.ts";
import type { Upstream } from "./upstream.ts";

const noSlices: readonly ConfigObject[] = [];

/**
 * The assignment of each EDS cluster, sorted by name; clusters that differ in the protocol alone share one.
 * @param slices all EndpointSlices, by namespace and name
 */
export function endpointParts(
  upstreams: readonly Upstream[],
  slices: ReturnType<ObjectIndex["get"]>,
  memo: MemoTable,
): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const { endpoints, owner } of upstreams) {
    if (endpoints.type === "dns" || parts.has(endpoints.name)) continue;
    const { name } = endpoints;
    if (endpoints.type === "addresses") {
      parts.set(
        name,
        memo.get(name, [endpoints.addresses], () => addressesPart(name, endpoints.addresses, owner)),
      );
      continue;
    }
    const inNamespace = slices?.get(owner.namespace);
    const own = (inNamespace && slicesByService(inNamespace).get(owner.name)) ?? noSlices;
    parts.set(
      name,
      memo.get(name, [owner, ...own], () =>
        servicePart(name, endpoints.port, { service: owner, slices: own }),
      ),
    );
  }
  return [...parts.values()].sort(by(({ resource }) => resource));
}
