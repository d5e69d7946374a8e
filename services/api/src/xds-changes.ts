import type { ConfigState } from "@routeledger/config-model";
import { resourceJson } from "@routeledger/snapshot-store";
import { compareStrings, revision } from "@routeledger/std";
import { TranslationCache, translateAll } from "@routeledger/translation";
import {
  composeResource,
  type Part,
  type Resource,
  type ResourceType,
  resourceTypes,
  typeNames,
} from "@routeledger/xds-model";
import type { XdsChange } from "./change-results.ts";

/**
 * What a change of state would change in xDS, by the translator of this version: resources by node group, type, name.
 * Costs two whole translations, the second of which shares what did not change.
 */
export async function xdsChanges(before: ConfigState, after: ConfigState): Promise<XdsChange[]> {
  const cache = new TranslationCache();
  const old = translateAll(before, cache).groups;
  await new Promise((resolve) => setImmediate(resolve));
  const fresh = translateAll(after, cache).groups;
  const groups = [...new Set([...old.keys(), ...fresh.keys()])].sort(compareStrings);
  return groups.flatMap((nodeGroup) =>
    groupChanges(nodeGroup, old.get(nodeGroup)?.values() ?? [], fresh.get(nodeGroup)?.values() ?? []),
  );
}

function groupChanges(nodeGroup: string, before: Iterable<Part>, after: Iterable<Part>): XdsChange[] {
  const old = resourceParts(before);
  const fresh = resourceParts(after);
  const changes = [...new Set([...old.keys(), ...fresh.keys()])].flatMap(
    (key): (XdsChange & { rank: number })[] => {
      const was = old.get(key);
      const is = fresh.get(key);
      const digests = (parts: readonly Part[] | undefined) =>
        parts?.map(({ virtualHost, digest }) => `${virtualHost} ${digest}`).join("\n");
      const part = (is ?? was)?.[0];
      if (part === undefined || digests(was) === digests(is)) return [];
      return [
        {
          rank: resourceTypes.indexOf(part.type),
          nodeGroup,
          type: typeNames[part.type],
          name: part.resource,
          change: was === undefined ? "added" : is === undefined ? "removed" : "changed",
          old: was === undefined ? null : shown(part.type, was),
          new: is === undefined ? null : shown(part.type, is),
        },
      ];
    },
  );
  return changes
    .sort((a, b) => a.rank - b.rank || compareStrings(a.name, b.name))
    .map(({ rank: _rank, ...change }) => change);
}

/** The parts of each resource, in order. */
function resourceParts(parts: Iterable<Part>): Map<string, Part[]> {
  return Map.groupBy(parts, ({ type, resource }) => `${type}\n${resource}`);
}

function shown(type: ResourceType, parts: readonly Part[]) {
  const resource: Resource = composeResource(parts, revision(0, 0));
  return resourceJson(type, resource.bytes);
}
