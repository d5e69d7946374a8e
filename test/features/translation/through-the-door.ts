import { type FieldError, sealSecret, validateObject } from "@routeledger/config-model";
import { testKeyring } from "@routeledger/config-model/testing";
import type { JsonObject, JsonValue } from "@routeledger/std";

const roundsMax = 8;

/**
 * What remains of an object when all that the door refuses is taken out of it, as validated; undefined when that
 * does not end. So a generator may propose anything, and what is accepted is as near to the border as can be.
 */
export function throughTheDoor(proposed: JsonObject): JsonObject | undefined {
  let object = proposed;
  for (let round = 0; round < roundsMax; round++) {
    const checked = validateObject(object);
    if (checked.errors.length === 0) return sealed(checked.object);
    object = without(checked.object, checked.errors);
  }
  return undefined;
}

/** As the door does it with Secrets. */
function sealed(object: JsonObject): JsonObject {
  return object.kind === "Secret" ? sealSecret(object, testKeyring) : object;
}

/** A copy without the innermost list items, else the members, that the errors name. */
function without(object: JsonObject, errors: readonly FieldError[]): JsonObject {
  const copy = structuredClone(object);
  const refused = new Map(errors.map(({ path }) => wrongPlace(path)).map((place) => [place.join(), place]));
  // From the end, so that positions stay what they were.
  const order = [...refused.values()].sort((a, b) => compareBackwards(a, b));
  for (const place of order) removeAt(copy, place);
  return copy;
}

type Place = readonly (string | number)[];

function wrongPlace(path: string): Place {
  const steps = [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? String(name) : Number(index),
  );
  const lastIndex = steps.findLastIndex((step) => typeof step === "number");
  return lastIndex < 0 ? steps : steps.slice(0, lastIndex + 1);
}

function compareBackwards(a: Place, b: Place): number {
  for (const [depth, step] of a.entries()) {
    const other = b[depth];
    if (typeof step === "number" && typeof other === "number" && step !== other) return other - step;
  }
  return b.length - a.length;
}

function removeAt(root: JsonObject, place: Place): void {
  let parent: JsonValue | undefined = root;
  for (const step of place.slice(0, -1)) {
    parent = Array.isArray(parent) ? parent[Number(step)] : (parent as JsonObject | undefined)?.[step];
    if (typeof parent !== "object" || parent === null) return;
  }
  const last = place.at(-1);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (last !== undefined) delete parent[last];
}
