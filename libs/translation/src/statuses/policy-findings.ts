import {
  type ConfigObject,
  type ConfigState,
  kindKey,
  type ObjectRef,
  objectKey,
} from "@routeledger/config-model";
import { type JsonObject, SortedMap } from "@routeledger/std";
import type { ReachedTarget, UpstreamIndex } from "../backends/upstream-index.ts";
import { controllerName, gatewayGroup, generationOf, specOf } from "../kinds.ts";
import { sameItems, WeakMemo } from "../memo-table.ts";
import { Problem } from "../problem.ts";
import { ReadMemo } from "../read-memo.ts";
import { hasRoom, isCrowded } from "../tls/ancestor-room.ts";
import { type ResolvedPolicy, resolvePolicy } from "../tls/backend-tls-policy.ts";
import { policiesOf, policyKind, type TargetingPolicy } from "../tls/policy-index.ts";
import { objectsOf } from "../untrusted.ts";
import { type Condition, condition, conditionList } from "./condition.ts";

/** What a Gateway finds out about the BackendTLSPolicies of what its routes reach. */
export interface PolicyFindings {
  /** By object key: the entry of `status.ancestors` that speaks of the Gateway (G102). */
  readonly ancestors: SortedMap<JsonObject>;
  /** Policies whose status has no room for the Gateway: not implemented for it, sorted by key (G102). */
  readonly refused: readonly ConfigObject[];
}

const nothing: PolicyFindings = { ancestors: SortedMap.empty(), refused: [] };

const configMapKind = kindKey("", "ConfigMap");

/** Follows what a Gateway finds out about policies: the same instance as long as it is the same. */
export class PolicyReview {
  readonly #resolved = new ReadMemo<ConfigObject, ResolvedPolicy>();
  readonly #statuses = new WeakMemo();
  #inputs: readonly unknown[] = [];
  #findings = nothing;

  /** @param upstreams what the Gateway's routes reach */
  follow(state: ConfigState, gateway: ConfigObject, upstreams: UpstreamIndex): PolicyFindings {
    const policies = state.objects.get(policyKind);
    if (policies === undefined) return nothing;
    // Only where there may be too many does it matter what other Gateways reach.
    const around = isCrowded(state) ? state.objects : undefined;
    const inputs = [
      gateway,
      upstreams,
      upstreams.targetsVersion,
      policies,
      state.objects.get(configMapKind),
      around,
    ];
    if (sameItems(this.#inputs, inputs)) return this.#findings;
    this.#inputs = inputs;
    const { ancestors, refused } = this.#review(state, gateway, upstreams.targets);
    const known = this.#findings;
    this.#findings = {
      ancestors: known.ancestors.with([
        ...[...known.ancestors.keys()].map((key) => [key, undefined] as const),
        ...ancestors,
      ]),
      refused: sameItems(known.refused, refused) ? known.refused : refused,
    };
    return this.#findings;
  }

  #review(
    state: ConfigState,
    gateway: ConfigObject,
    targets: ReadonlyMap<string, ReachedTarget>,
  ): { readonly ancestors: [string, JsonObject][]; readonly refused: ConfigObject[] } {
    const nodeGroup = `${gateway.namespace}/${gateway.name}`;
    const ancestors: [string, JsonObject][] = [];
    const refused: ConfigObject[] = [];
    for (const [key, { policy, claims }] of [...claimsOn(state, targets)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      if (!hasRoom(state, policy, nodeGroup)) {
        refused.push(policy);
        continue;
      }
      const resolved = this.#resolved.of(policy, state, (reader) => resolvePolicy(reader, policy));
      const conditions = [acceptance(claims, resolved), resolution(resolved)];
      ancestors.push([key, this.#ancestorStatus(gateway, policy, conditions)]);
    }
    return { ancestors, refused };
  }

  #ancestorStatus(
    { namespace, name }: ConfigObject,
    policy: ConfigObject,
    conditions: readonly Condition[],
  ): JsonObject {
    const said = conditions.flatMap(({ status, reason, message }) => [status, reason, message]);
    return this.#statuses.get(policy, [namespace, name, ...said], () => ({
      ancestorRef: { group: gatewayGroup, kind: "Gateway", namespace, name },
      controllerName,
      conditions: conditionList(conditions, generationOf(policy)),
    }));
  }
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
