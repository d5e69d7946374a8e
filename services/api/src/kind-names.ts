import { type KindInfo, knownKinds } from "@routeledger/config-model";
import { apiFailure } from "./api-failure.ts";

/** By every name that kubectl takes, lower case: `httproute`, `httproutes`, `httproutes.gateway.networking.k8s.io`. */
const byName: ReadonlyMap<string, KindInfo> = new Map(
  knownKinds()
    .toReversed()
    .flatMap((info) => namesOf(info).map((name) => [name, info] as const)),
);

const byGroupKind: ReadonlyMap<string, KindInfo> = new Map(
  knownKinds().map((info) => [`${info.group}/${info.kind}`, info]),
);

/** Undefined for words that name no known kind. */
export function knownByName(word: string): KindInfo | undefined {
  return byName.get(word.toLowerCase());
}

/**
 * @param others kinds beside the known ones; of several with one name the first is meant
 * @throws Failure `unknownKind`
 */
export function kindNamed(word: string, others: readonly KindInfo[] = []): KindInfo {
  const name = word.toLowerCase();
  const found = knownByName(name) ?? others.find((info) => namesOf(info).includes(name));
  if (found !== undefined) return found;
  const names = [...knownKinds(), ...others].map(({ plural }) => plural);
  throw apiFailure(
    "unknownKind",
    `the server doesn't have a resource type "${word}"`,
    `known: ${[...new Set(names)].sort().join(", ")}`,
  );
}

/** Undefined for kinds that are not known. */
export function kindInfo(ref: { readonly group: string; readonly kind: string }): KindInfo | undefined {
  return byGroupKind.get(`${ref.group}/${ref.kind}`);
}

function namesOf({ group, kind, plural, singular, shortNames, versions }: KindInfo): string[] {
  const short = [kind.toLowerCase(), plural, singular, ...shortNames];
  if (group === "") return short;
  const qualified = short.flatMap((name) => [
    `${name}.${group}`,
    ...versions.map((version) => `${name}.${version}.${group}`),
  ]);
  return [...short, ...qualified];
}

/** Kinds that run things: they stand in many files beside what is meant, and nothing here runs them. */
const workloadKinds = new Set([
  "Deployment",
  "Pod",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
]);

export function isWorkload(kind: string): boolean {
  return workloadKinds.has(kind);
}
