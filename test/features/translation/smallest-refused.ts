import type { JsonObject, JsonValue } from "@routeledger/std";

/** Whether a state is refused. */
export type Refuses = (objects: readonly JsonObject[]) => Promise<boolean>;

/** One state of a batch of which at least one is refused, found by halves. */
export async function oneRefused(
  states: readonly (readonly JsonObject[])[],
  refuses: (batch: readonly (readonly JsonObject[])[]) => Promise<boolean>,
): Promise<readonly JsonObject[]> {
  let suspects = states;
  while (suspects.length > 1) {
    const half = suspects.slice(0, suspects.length / 2);
    suspects = (await refuses(half)) ? half : suspects.slice(suspects.length / 2);
  }
  return suspects[0] ?? [];
}

/** A state that is refused and of which no object, member or list item can go without its being accepted. */
export async function smallestRefused(
  objects: readonly JsonObject[],
  refuses: Refuses,
  attemptsMax = 400,
): Promise<readonly JsonObject[]> {
  let smallest = structuredClone(objects) as JsonObject[];
  let attempts = 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const candidate of smallerStates(smallest)) {
      if (attempts++ >= attemptsMax) return smallest;
      if (!(await refuses(candidate))) continue;
      smallest = candidate;
      progress = true;
      break;
    }
  }
  return smallest;
}

/** Copies without one thing: objects first, then what is in them, from the outside in. */
function* smallerStates(objects: readonly JsonObject[]): Generator<JsonObject[]> {
  for (const index of objects.keys()) yield objects.filter((_, other) => other !== index);
  for (const [index, object] of objects.entries()) {
    for (const smaller of smallerObjects(object)) {
      yield objects.map((other, position) => (position === index ? smaller : other));
    }
  }
}

function* smallerObjects(object: JsonObject): Generator<JsonObject> {
  const { apiVersion = null, kind = null, metadata = null, ...body } = object;
  for (const smaller of smallerValues(body)) {
    yield { apiVersion, kind, metadata, ...(smaller as JsonObject) };
  }
}

function* smallerValues(value: JsonValue): Generator<JsonValue> {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.toSpliced(index, 1);
    for (const [index, item] of value.entries()) {
      for (const smaller of smallerValues(item)) yield value.with(index, smaller);
    }
    return;
  }
  for (const name of Object.keys(value)) {
    const { [name]: _gone, ...others } = value;
    yield others;
  }
  for (const [name, member] of Object.entries(value)) {
    for (const smaller of smallerValues(member)) yield { ...value, [name]: smaller };
  }
}
