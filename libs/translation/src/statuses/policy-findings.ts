import {
  type ConfigObject,
  type ConfigState,
  kindKey,
  type ObjectRef,
  objectKey,
} from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import type { Upstream } from "../backends/upstream.ts";
import { controllerName, gatewayGroup, generationOf, specOf } from "../kinds.ts";
import type { MemoTable } from "../memo-table.ts";
import { Problem } from "../problem.ts";
import { hasRoom, isCrowded } from "../tls/ancestor-room.ts";
import { type ResolvedPolicy, resolvePolicy } from "../tls/backend-tls-policy.ts";
import { policiesOf, policyKind, type TargetingPolicy } from "../tls/policy-index.ts";
import { portName } from "../tls/secure-upstream.ts";
import type { TranslationCache } from "../translation-cache.ts";
import { objectsOf } from "../untrusted.ts";
import { type Condition, condition, conditionList } from "./condition.ts";
import type { AttachedRoute } from "./findings.ts";

/** What a Gateway finds out about the BackendTLSPolicies of what its routes reach. */
export interface PolicyFindings {
  /** By object key: the entry of `status.ancestors` that speaks of the Gateway (G102). */
  readonly ancestors: ReadonlyMap<string, JsonObject>;
  /** Policies whose status has no room for the Gateway: not implemented for it, sorted by key (G102). */
  readonly refused: readonly ConfigObject[];
}

const nothing: PolicyFindings = { ancestors: new Map(), refused: [] };

/** What `policyFindings` rests on: as long as these are the same instances, its answer is. */
export function policyInputs(state: ConfigState, routes: readonly AttachedRoute[]): readonly unknown[] {
  const policies = state.objects.get(policyKind);
  if (policies === undefined) return [];
  // Only where there may be too many does it matter what other Gateways reach.
  const around = isCrowded(state) ? state.objects : undefined;
  return [routes, policies, state.objects.get(configMapKind), around];
}

const configMapKind = kindKey("", "ConfigMap");

/** @param cache its table `<node group> policies` keeps statuses that do not change the same instances */
export function policyFindings(
  state: ConfigState,
  gateway: ConfigObject,
  routes: readonly AttachedRoute[],
  cache: TranslationCache,
): PolicyFindings {
  if (state.objects.get(policyKind) === undefined) return nothing;
  const nodeGroup = `${gateway.namespace}/${gateway.name}`;
  const claims = claimsOn(state, reachedTargets(routes));
  const ancestors = new Map<string, JsonObject>();
  const refused: ConfigObject[] = [];
  const memo = cache.table(`${nodeGroup} policies`);
  for (const [key, { policy, claims: own }] of [...claims].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!hasRoom(state, policy, nodeGroup)) {
      refused.push(policy);
      continue;
    }
    const resolved = cache.of(policy, "resolved", state, (reader) => resolvePolicy(reader, policy));
    const conditions = [acceptance(own, resolved), resolution(resolved)];
    ancestors.set(key, ancestorStatus(gateway, policy, conditions, memo));
  }
  memo.endRound();
  return { ancestors, refused };
}

/** A Service or Backend, and the names of the ports of it that are reached. */
interface ReachedTarget {
  readonly object: ConfigObject;
  readonly ports: Set<string>;
}

/** What accepted routes reach, or would if its TLS were in order. */
function reachedTargets(routes: readonly AttachedRoute[]): Map<string, ReachedTarget> {
  const targets = new Map<string, ReachedTarget>();
  const put = (upstream: Upstream): void => {
    const key = objectKey(upstream.owner);
    const target = targets.get(key) ?? { object: upstream.owner, ports: new Set() };
    targets.set(key, target);
    target.ports.add(portName(upstream));
  };
  for (const { attachments, translated } of routes) {
    if (translated === undefined || translated.refused !== undefined) continue;
    if (!attachments.some(({ listeners }) => listeners.length > 0)) continue;
    for (const upstream of translated.upstreams) put(upstream);
    for (const upstream of translated.insecure) put(upstream);
  }
  return targets;
}

/** What became of one targetRef of a policy. */
interface Claim {
  readonly outcome: "wins" | "conflicts" | "missing";
  readonly message: string;
}

/** The claims of every policy on what is reached; a section that is there and not reached is no claim. */
function claimsOn(
  state: ConfigState,
  targets: ReadonlyMap<string, ReachedTarget>,
): Map<string, { readonly policy: ConfigObject; readonly claims: Claim[] }> {
  const claims = new Map<string, { readonly policy: ConfigObject; readonly claims: Claim[] }>();
  for (const target of targets.values()) {
    const policies = policiesOf(state, target.object);
    for (const one of policies) {
      const claim = claimOf(one, policies, target);
      if (claim === undefined) continue;
      const key = objectKey(one.policy);
      const known = claims.get(key) ?? { policy: one.policy, claims: [] };
      claims.set(key, known);
      known.claims.push(claim);
    }
  }
  return claims;
}

/** Rule G96. */
function claimOf(
  { policy, section }: TargetingPolicy,
  rivals: readonly TargetingPolicy[],
  { object, ports }: ReachedTarget,
): Claim | undefined {
  const title = titleOf(object, section);
  if (section !== "" && !ports.has(section)) {
    const exists = objectsOf(specOf(object).ports).some(({ name }) => name === section);
    return exists ? undefined : { outcome: "missing", message: `${title}: there is no such port` };
  }
  const first = rivals.find((rival) => rival.section === section)?.policy;
  if (first === undefined || first === policy) return { outcome: "wins", message: "" };
  return { outcome: "conflicts", message: `${title}: BackendTLSPolicy ${first.name} comes first` };
}

function titleOf({ kind, namespace, name }: ObjectRef, section: string): string {
  return `${kind} ${namespace}/${name}${section === "" ? "" : ` port ${section}`}`;
}

function acceptance(claims: readonly Claim[], { tls }: ResolvedPolicy): Condition {
  const messageOf = (outcome: Claim["outcome"]): string =>
    claims
      .filter((claim) => claim.outcome === outcome)
      .map(({ message }) => message)
      .sort()
      .join("; ");
  const conflicts = messageOf("conflicts");
  if (conflicts !== "") return condition("Accepted", "False", "Conflicted", conflicts);
  if (tls instanceof Problem) return condition("Accepted", "False", tls.reason, tls.message);
  const missing = messageOf("missing");
  if (claims.every(({ outcome }) => outcome === "missing")) {
    return condition("Accepted", "False", "TargetNotFound", missing);
  }
  return condition("Accepted", "True", "Accepted", missing);
}

function resolution({ unresolved }: ResolvedPolicy): Condition {
  return unresolved === undefined
    ? condition("ResolvedRefs", "True", "ResolvedRefs")
    : condition("ResolvedRefs", "False", unresolved.reason, unresolved.message);
}

function ancestorStatus(
  { namespace, name }: ConfigObject,
  policy: ConfigObject,
  conditions: readonly Condition[],
  memo: MemoTable,
): JsonObject {
  const said = conditions.flatMap(({ status, reason, message }) => [status, reason, message]);
  return memo.get(policy, [namespace, name, ...said], () => ({
    ancestorRef: { group: gatewayGroup, kind: "Gateway", namespace, name },
    controllerName,
    conditions: conditionList(conditions, generationOf(policy)),
  }));
}
