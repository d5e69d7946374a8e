import type { JsonObject } from "@routeledger/std";
import { listOf, objectOf, objectsOf, textOf } from "../untrusted.ts";

/** Whether labels match a LabelSelector of Kubernetes; an empty selector matches all, an unknown operator nothing. */
export function selectorMatches(selector: JsonObject, labels: ReadonlyMap<string, string>): boolean {
  const equal = Object.entries(objectOf(selector.matchLabels)).every(
    ([key, value]) => labels.get(key) === value,
  );
  return (
    equal && objectsOf(selector.matchExpressions).every((expression) => expressionMatches(expression, labels))
  );
}

function expressionMatches(expression: JsonObject, labels: ReadonlyMap<string, string>): boolean {
  const label = labels.get(textOf(expression.key) ?? "");
  const values = listOf(expression.values);
  switch (expression.operator) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
    default:
      return false;
  }
}

/** A Namespace's labels; the API server's own name label is always there, also without a Namespace object (G4). */
export function namespaceLabels(
  name: string,
  namespace: { readonly object: JsonObject } | undefined,
): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [key, value] of Object.entries(objectOf(objectOf(namespace?.object.metadata).labels))) {
    if (typeof value === "string") labels.set(key, value);
  }
  return labels.set("kubernetes.io/metadata.name", name);
}
