import { objectKey } from "@routeledger/config-model";
import { by, type JsonObject } from "@routeledger/std";
import { generationOf, specOf } from "../kinds.ts";
import { type Condition, condition, conditionList } from "../statuses/condition.ts";
import type { ParentFinding } from "../statuses/findings.ts";
import type { GroupFindings } from "../statuses/status-index.ts";
import { objectOf } from "../untrusted.ts";
import type { ExtensionView } from "./extension-view.ts";
import type { ExtensionProblem } from "./hook-chain.ts";

/** What routes and Gateways say when an extension does not answer for them. */
const extendedType = "routeledger.dev/Extended";
/** What an Extension says of its server. */
const answeringType = "routeledger.dev/Answering";

const consequences: Readonly<Record<ExtensionProblem["served"], string>> = {
  lastAnswer: "its last answer is served",
  error: "requests get an error",
  asItIs: "it is served without the extension",
};

/** Problems that a condition spells out. */
const shownMax = 3;

/** The findings of a node group with what is wrong with extensions there, on the routes and the Gateway it is about. */
export function withProblems(findings: GroupFindings, problems: readonly ExtensionProblem[]): GroupFindings {
  if (problems.length === 0) return findings;
  const byOwner = Map.groupBy(problems, ({ owner }) => objectKey(owner));
  const parents = [...byOwner].flatMap(([key, own]): [string, readonly ParentFinding[]][] => {
    const said = findings.parents.get(key);
    return said === undefined
      ? []
      : [[key, said.map((one) => ({ ...one, status: withCondition(one.status, own) }))]];
  });
  const statuses = [...byOwner].flatMap(([key, own]): [string, JsonObject][] => {
    const said = findings.own.get(key);
    return said === undefined ? [] : [[key, withCondition(said, own)]];
  });
  return { ...findings, parents: findings.parents.with(parents), own: findings.own.with(statuses) };
}

function withCondition(status: JsonObject, problems: readonly ExtensionProblem[]): JsonObject {
  const conditions = Array.isArray(status.conditions) ? status.conditions.map(objectOf) : [];
  const said = { ...extended(problems), observedGeneration: conditions[0]?.observedGeneration ?? 0 };
  return { ...status, conditions: [...conditions, said].sort(by(({ type }) => String(type))) };
}

function extended(problems: readonly ExtensionProblem[]): Condition {
  const messages = sorted(problems).map(
    ({ failure, served }) => `${failure.message}; ${consequences[served]}`,
  );
  const unique = [...new Set(messages)];
  const more = unique.length > shownMax ? ` (and ${unique.length - shownMax} more)` : "";
  const reason = sorted(problems)[0]?.failure.code ?? "";
  return condition(extendedType, "False", reason, `${unique.slice(0, shownMax).join("; ")}${more}`);
}

function sorted(problems: readonly ExtensionProblem[]): ExtensionProblem[] {
  return [...problems].sort(by(({ point }) => `${point.extension}\n${point.hook}\n${point.name}`));
}

/** The status of an Extension. @param problems in all node groups */
export function extensionStatus(
  { object, name }: ExtensionView,
  problems: readonly ExtensionProblem[],
): JsonObject {
  const own = sorted(problems.filter(({ extension }) => extension.name === name));
  const [first] = own;
  const failing = own.length === 1 ? "a question has no answer" : `${own.length} questions have no answer`;
  const answering =
    first === undefined
      ? condition(answeringType, "True", "Answering")
      : condition(answeringType, "False", first.failure.code, `${failing}: ${first.failure.message}`);
  return { conditions: conditionList([accepted(object), answering], generationOf(object)) };
}

function accepted(object: ExtensionView["object"]): Condition {
  const { translation } = objectOf(objectOf(specOf(object).hooks).xdsTranslator);
  if (objectOf(objectOf(translation).secret).includeAll !== true)
    return condition("Accepted", "True", "Accepted");
  const message =
    "hooks.xdsTranslator.translation.secret.includeAll: no extension is shown Secrets; leave it out";
  return condition("Accepted", "False", "UnsupportedValue", message);
}

/** Statuses of all extensions by object key. */
export function extensionStatuses(
  extensions: readonly ExtensionView[],
  problems: readonly ExtensionProblem[],
): Map<string, JsonObject> {
  return new Map(extensions.map((view) => [objectKey(view.object), extensionStatus(view, problems)]));
}
