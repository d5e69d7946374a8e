import {
  type ConfigState,
  displayRef,
  evolve,
  firstGeneration,
  generationName,
  type ObjectChange,
  type SwitchedCluster,
  type SwitchPlan,
} from "@routeledger/config-model";
import { codec } from "@routeledger/protos";
import { by, bytesEqual, compareStrings, type JsonObject, type SortedMap } from "@routeledger/std";
import { type Part, type PartSet, partKeyText, referencesOf } from "@routeledger/xds-model";
import { translateAll } from "./translate-all.ts";
import { type TranslatedState, TranslationCache } from "./translation-cache.ts";

/** Clusters of one switch; more are refused (SW21). */
export const switchedClustersMax = 500;

/** What preparing a change set takes. */
export type SwitchOutlook =
  | ({ readonly outcome: "planned" } & Pick<SwitchPlan, "clusters" | "nodeGroups">)
  /** It changes no cluster: there is nothing to prepare (SW20). */
  | { readonly outcome: "nothing" }
  | { readonly outcome: "refused"; readonly message: string; readonly hint: string };

/**
 * Finds out what a switch of these changes brings up: the clusters whose bytes differ, under new generations, and those that are
 * new. Pure; costs two translations, of which the second shares what stays.
 */
export function planSwitch(
  state: ConfigState,
  changes: readonly ObjectChange[],
  cache = new TranslationCache(),
): SwitchOutlook {
  const before = translateAll(state, cache);
  const revision = { epoch: Math.max(1, state.revision.epoch), sequence: state.revision.sequence + 1 };
  const event = { revision, timeMs: state.timeMs, term: 0 };
  const after = translateAll(evolve(state, { ...event, fact: { type: "changeSet", changes } }), cache);
  const groups = after.groups.changesSince(before.groups);
  const broken = brokenBy(before, after);
  if (broken !== undefined) return broken;
  const clusters = new Map<string, SwitchedCluster>();
  for (const { before: old, after: fresh } of groups) {
    if (old === undefined || fresh === undefined) continue;
    const replaced = replacedSecret(old, fresh);
    if (replaced !== undefined) return replaced;
    for (const cluster of switchedClusters(state, old, fresh)) {
      const known = clusters.get(cluster.name);
      if (known === undefined || known.generationBefore === 0) clusters.set(cluster.name, cluster);
      else if (cluster.generationBefore > 0)
        clusters.set(cluster.name, {
          ...known,
          tried: known.tried && cluster.tried,
          cleared: known.cleared || cluster.cleared,
        });
    }
  }
  if (clusters.size === 0) return { outcome: "nothing" };
  if (clusters.size > switchedClustersMax) {
    const message = `the switch changes ${clusters.size} clusters, expected at most ${switchedClustersMax}`;
    return { outcome: "refused", message, hint: "apply it in several steps" };
  }
  return {
    outcome: "planned",
    clusters: [...clusters.values()].sort(by(({ name }) => name)),
    nodeGroups: groups.map(({ key }) => key).sort(compareStrings),
  };
}

function* switchedClusters(state: ConfigState, old: PartSet, fresh: PartSet): Generator<SwitchedCluster> {
  for (const { before, after } of fresh.changesSince(old)) {
    if (after === undefined || after.type !== "cluster" || before?.digest === after.digest) continue;
    const name = after.resource.replace(/~\d+$/, "");
    const { inUse, highest } = state.clusterGenerations.get(name) ?? firstGeneration;
    if (generationName(name, inUse) !== after.resource) continue;
    yield before === undefined
      ? { name, generationBefore: 0, generation: inUse, tried: false, cleared: false }
      : { name, generationBefore: inUse, generation: highest + 1, ...comparison(before, after) };
  }
}

const clusterCodec = codec("envoy.config.cluster.v3.Cluster");

/** One aggregate has the protocol options of both (SW10). */
function comparison(before: Part, after: Part): Pick<SwitchedCluster, "tried" | "cleared"> {
  const [old, fresh] = [before, after].map(({ bytes }) => clusterCodec.decode(bytes));
  const [oldOptions, freshOptions] = [old, fresh].map((cluster) =>
    clusterCodec.encode({ typedExtensionProtocolOptions: cluster?.typedExtensionProtocolOptions ?? {} }),
  );
  return {
    tried: oldOptions !== undefined && freshOptions !== undefined && bytesEqual(oldOptions, freshOptions),
    cleared: old?.transportSocket !== undefined && fresh?.transportSocket === undefined,
  };
}

/** A certificate of a cluster that has other content under the same name changes the old cluster, too (SW5). */
function replacedSecret(old: PartSet, fresh: PartSet): SwitchOutlook | undefined {
  const changed = new Set(
    fresh.changesSince(old).flatMap(({ before, after }) => {
      const isReplaced = before?.type === "secret" && after !== undefined && after.digest !== before.digest;
      return isReplaced ? [after.resource] : [];
    }),
  );
  if (changed.size === 0) return undefined;
  for (const part of old.values()) {
    if (part.type !== "cluster") continue;
    const secret = referencesOf(part).find(({ type, name }) => type === "secret" && changed.has(name));
    if (
      secret === undefined ||
      !old.has(partKeyText({ type: "secret", resource: secret.name, virtualHost: "" }))
    )
      continue;
    return {
      outcome: "refused",
      message: `it changes ${secret.name} in place, which cluster ${part.resource} has now`,
      hint: "put the new certificates into an object of another name, and prepare what refers to it",
    };
  }
  return undefined;
}

/** What is wrong after the changes and was not before (SW20). */
function brokenBy(before: TranslatedState, after: TranslatedState): SwitchOutlook | undefined {
  for (const { key, before: old, after: fresh } of statusChanges(before.statuses, after.statuses)) {
    const known = new Set(badConditions(old));
    const worse = badConditions(fresh).find((problem) => !known.has(problem));
    if (worse === undefined) continue;
    const [group = "", kind = "", namespace = "", name = ""] = key.split("/");
    return {
      outcome: "refused",
      message: `${displayRef({ group, kind, namespace, name })} would not work any more: ${worse}`,
      hint: "what is wrong cannot be prepared; without --prepare it is applied as it is",
    };
  }
  return undefined;
}

function statusChanges(before: SortedMap<JsonObject>, after: SortedMap<JsonObject>) {
  return after
    .changesSince(before)
    .filter(({ key }) => /\/(HTTPRoute|GRPCRoute|BackendTLSPolicy)\//.test(key));
}

/** `type: message` of the conditions of routes and policies that say that something is not served. */
function badConditions(status: JsonObject | undefined): string[] {
  const places = [
    ...((status?.parents ?? []) as JsonObject[]),
    ...((status?.ancestors ?? []) as JsonObject[]),
  ];
  return places
    .flatMap(({ conditions }) => (conditions ?? []) as JsonObject[])
    .filter(({ type, status: value }) =>
      type === "PartiallyInvalid"
        ? value === "True"
        : (type === "Accepted" || type === "ResolvedRefs") && value === "False",
    )
    .map(({ type, message }) => `${String(type)}: ${String(message)}`);
}
