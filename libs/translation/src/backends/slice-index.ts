import type { ConfigObject, ObjectDifference } from "@routeledger/config-model";
import { SortedMap } from "@routeledger/std";
import { discoveryGroup } from "../kinds.ts";
import { objectOf, textOf } from "../untrusted.ts";

/** EndpointSlices by the Service that they are of. */
export class SliceIndex {
  readonly #services = new Map<string, SortedMap<ConfigObject>>();

  /** The slices of a Service, sorted by name. @param service `namespace/name` */
  of(service: string): readonly ConfigObject[] {
    return [...(this.#services.get(service)?.values() ?? [])];
  }

  /** Follows changes; returns the Services, `namespace/name`, whose slices are others. */
  follow(changes: readonly ObjectDifference[]): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const { before, after } of changes) {
      const [left, joined] = [serviceOf(before), serviceOf(after)];
      if (before !== undefined && left !== undefined && left !== joined) {
        this.#edit(left, before.name, undefined);
        touched.add(left);
      }
      if (after !== undefined && joined !== undefined) {
        this.#edit(joined, after.name, after);
        touched.add(joined);
      }
    }
    return touched;
  }

  #edit(service: string, name: string, slice: ConfigObject | undefined): void {
    const slices = (this.#services.get(service) ?? SortedMap.empty<ConfigObject>()).with([[name, slice]]);
    if (slices.size === 0) this.#services.delete(service);
    else this.#services.set(service, slices);
  }
}

function serviceOf(slice: ConfigObject | undefined): string | undefined {
  if (slice === undefined || slice.group !== discoveryGroup || slice.kind !== "EndpointSlice")
    return undefined;
  const service = textOf(objectOf(objectOf(slice.object.metadata).labels)["kubernetes.io/service-name"]);
  return service === undefined ? undefined : `${slice.namespace}/${service}`;
}
