import type { ConfigObject } from "@routeledger/config-model";
import { by } from "@routeledger/std";
import type { Upstream } from "../backends/upstream.ts";
import { policiesOf } from "../extensions/extension-policies.ts";
import { createdAt } from "../kinds.ts";
import { joinProblems, type Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { InsecureUpstream } from "../tls/secure-upstream.ts";
import { routeHostnames } from "./attach.ts";
import { type HttpRule, parseRule, rulesOf } from "./http-rule.ts";
import { type RouteEntry, ruleEntries } from "./route-entry.ts";

/** An HTTPRoute or a GRPCRoute as far as it does not depend on where it is attached. */
export interface TranslatedRoute {
  readonly object: ConfigObject;
  /** As the route wrote them, lower case; `*` alone when it wrote none. */
  readonly hostnames: readonly string[];
  readonly entries: readonly RouteEntry[];
  /** Of a route that was refused for its size, how many entries it asked for. */
  readonly wantedEntries?: number;
  /** All clusters that it forwards to, sorted by name, each once. */
  readonly upstreams: readonly Upstream[];
  /** What it may not forward to, since its TLS is not in order. */
  readonly insecure: readonly Upstream[];
  /** Overrides an attachment's Accepted when no rule can be served (G62). */
  readonly refused: Condition | undefined;
  readonly resolvedRefs: Condition;
  readonly partiallyInvalid: Condition | undefined;
}

export function translateRoute(reader: StateReader, object: ConfigObject): TranslatedRoute {
  const rules = rulesOf(object).map((rule, index) => parseRule(reader, object, { rule, index }));
  const { namespace, name } = object;
  const policies = policiesOf(reader, object);
  const origin = { createdAt: createdAt(object), namespace, name, policies };
  const { entries, problems } = ruleEntries(rules, origin);
  const dropped = [...rules.flatMap(({ dropped: problem }) => problem ?? []), ...problems];
  const servedRules = rules.filter(
    (rule, index) => rule.dropped === undefined && !failed(index, entries),
  ).length;
  return {
    object,
    hostnames: routeHostnames(object),
    entries,
    upstreams: uniqueUpstreams(rules),
    insecure: rules
      .flatMap(({ backendProblems }) => backendProblems)
      .flatMap((problem) => (problem instanceof InsecureUpstream ? [problem.upstream] : [])),
    refused: dropped.length > 0 && servedRules === 0 ? refusal(dropped) : undefined,
    resolvedRefs: resolution(rules),
    partiallyInvalid: dropped.length > 0 && servedRules > 0 ? partial(dropped) : undefined,
  };
}

function failed(rule: number, entries: readonly RouteEntry[]): boolean {
  const own = entries.filter(({ origin }) => origin.rule === rule);
  return own.length > 0 && own.every(({ dropped }) => dropped);
}

function uniqueUpstreams(rules: readonly HttpRule[]): Upstream[] {
  const unique = new Map(
    rules.flatMap(({ upstreams }) => upstreams).map((upstream) => [upstream.name, upstream]),
  );
  return [...unique.values()].sort(by(({ name }) => name));
}

function refusal(problems: readonly Problem[]): Condition | undefined {
  const joined = joinProblems(problems);
  return joined && condition("Accepted", "False", joined.reason, joined.message);
}

function partial(problems: readonly Problem[]): Condition | undefined {
  const joined = joinProblems(problems);
  return joined && condition("PartiallyInvalid", "True", joined.reason, `Dropped Rule: ${joined.message}`);
}

function resolution(rules: readonly HttpRule[]): Condition {
  const joined = joinProblems(rules.flatMap(({ backendProblems }) => backendProblems));
  return joined === undefined
    ? condition("ResolvedRefs", "True", "ResolvedRefs")
    : condition("ResolvedRefs", "False", joined.reason, joined.message);
}
