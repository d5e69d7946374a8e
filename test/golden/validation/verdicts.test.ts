import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FieldError, validateObject } from "@routeledger/config-model";
import type { JsonObject, JsonValue } from "@routeledger/std";

/** What an API server's own code said of an object; scripts/record-verdicts.ts records it. */
interface Verdict {
  readonly object: JsonObject;
  /** `FieldValueRequired spec.ports: ...`; absent when it was accepted. */
  readonly errors?: readonly string[];
  /** The object with its defaults; absent when it was refused. */
  readonly defaulted?: JsonObject;
}

const text = readFileSync(join(import.meta.dirname, "verdicts.jsonl"), "utf8");
const verdicts = text
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Verdict);

test("P7: what the code of an API server refuses is refused, and nothing else", () => {
  assert.ok(verdicts.length >= 300, `at least 300 verdicts, got ${verdicts.length}`);
  const wrong = verdicts.filter(({ object, errors }) => {
    const ours = validateObject(object).errors;
    return !isDeliberate(ours, errors) && ours.length > 0 !== (errors !== undefined);
  });
  assert.deepEqual(
    wrong.map(({ object, errors }) => ({ object, theirs: errors, ours: validateObject(object).errors })),
    [],
  );
});

test("P7: what is refused is refused at the fields that the code of an API server names", () => {
  for (const { object, errors = [] } of verdicts) {
    const ours = validateObject(object).errors;
    if (isDeliberate(ours, errors)) continue;
    for (const error of errors) {
      const path = pathOf(error);
      if (path === undefined || isDerived(path, object)) continue;
      assert.ok(
        ours.some((candidate) => isNear(candidate.path, path)),
        `${error}\nours: ${JSON.stringify(ours)}\n${JSON.stringify(object)}`,
      );
    }
  }
});

test("P7: defaults are those of the code of an API server", () => {
  let compared = 0;
  for (const { object, defaulted } of verdicts) {
    if (defaulted === undefined) continue;
    assert.deepEqual(comparable(validateObject(object).object), comparable(defaulted));
    compared++;
  }
  assert.ok(compared >= 50, `at least 50 objects, got ${compared}`);
});

/**
 * Where we differ on purpose: loopback endpoints are accepted, and what a Go decoder happens to take for a string or
 * an object (a list of bytes, null in a list) is of a wrong type.
 */
function isDeliberate(ours: readonly FieldError[], theirs: readonly string[] = []): boolean {
  if (theirs.length > 0 && theirs.every((error) => error.includes("loopback range"))) return true;
  if (theirs.length > 0) return false;
  if (ours.some((error) => error.code === "TypeInvalid" && error.actual === "null")) return true;
  return ours.some((error) => error.code === "TypeInvalid" && /^(data|binaryData)\b/.test(error.path));
}

/** Set by a default from a field that is wrong itself, and is said once: the label with a namespace's name, targetPort. */
function isDerived(path: string, object: JsonObject): boolean {
  return path.endsWith(".targetPort") || (object.kind === "Namespace" && path === "metadata.labels");
}

/** The field of an error; none where the server's code lost it (`<nil>`), or could not decode at all. */
function pathOf(error: string): string | undefined {
  const path = error.split(" ")[1]?.replace(/:$/, "");
  return error.startsWith("Decode ") || path === "<nil>"
    ? undefined
    : path?.replace("LoadBalancer", "loadBalancer");
}

/** The same field, or one that holds it: the server names now the list, now the item. */
function isNear(a: string, b: string): boolean {
  const [left, right] = [a, b].map((path) => path.replaceAll(/\[([^\]]*)\]/g, ".$1")) as [string, string];
  return left.startsWith(right) || right.startsWith(left);
}

/** Without status, which `api` drops, and what a Go struct omits or a registry allocates. */
function comparable(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const omitted = new Set(["status", "clusterIPs"]);
  const members = Object.entries(value)
    .filter(([name, member]) => !omitted.has(name) && !isEmpty(member))
    .map(([name, member]): [string, JsonValue] => [name, comparable(member)])
    .filter(([, member]) => !isEmpty(member));
  return Object.fromEntries(members);
}

function isEmpty(value: JsonValue): boolean {
  return (
    value === null ||
    value === "" ||
    value === 0 ||
    value === false ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}
