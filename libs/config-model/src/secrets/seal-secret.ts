import {
  canonicalJson,
  type JsonObject,
  type JsonValue,
  type Keyring,
  tokenKeyId,
  utf8,
} from "@routeledger/std";
import { isObject } from "../schema/apply-defaults.ts";
import { type FieldError, FieldErrors, type FieldPath } from "../schema/field-error.ts";
import { caFacts, type SecretValues, tlsFacts } from "./tls-facts.ts";

/**
 * The sealed form of a validated Secret: `stringData` merged into `data`, where it wins, and each value of that sealed
 * with the newest key. Pure: the same Secret and key give the same bytes. What it returns shows no value.
 */
export function sealSecret(object: JsonObject, keyring: Keyring): JsonObject {
  const values = valuesOf(object);
  const place = placesOf(object);
  const tokens = [...values].map(([key, value]) => [key, keyring.seal(place(key), value)] as const);
  return sealedForm(object, Object.fromEntries(tokens), factsOf(object, { values, keyring, tokens: {} }));
}

/** Whether an input says that it is in sealed form already: the output of `get`. */
export function isSealedSecret(object: JsonObject): boolean {
  return object.sealedData !== undefined || object.facts !== undefined;
}

/** A Secret in clear, or why it does not open. */
export type OpenedSecret = { readonly object: JsonObject } | { readonly errors: readonly FieldError[] };

/**
 * The Secret that a sealed form stands for, with its values in `data`: for the door to validate, and to seal anew;
 * never to be kept. Errors name the field and show no value.
 */
export function openSecret(object: JsonObject, keyring: Keyring): OpenedSecret {
  const { sealedData, facts: _facts, ...rest } = object;
  const errors = new FieldErrors();
  for (const field of ["data", "stringData"]) {
    if (rest[field] === undefined) continue;
    errors.add(fieldPath(field), {
      code: "Forbidden",
      expected: "nothing beside sealedData: one form or the other",
    });
  }
  if (!isObject(sealedData))
    errors.add(fieldPath("sealedData"), {
      code: "Required",
      expected: "a token for each key, as facts are there",
    });
  const data = isObject(sealedData)
    ? openTokens(sealedData, { keyring, place: placesOf(object), errors })
    : {};
  return errors.count > 0 ? { errors: errors.sorted() } : { object: { ...rest, data } };
}

function openTokens(
  tokens: JsonObject,
  { keyring, place, errors }: { keyring: Keyring; place: (key: string) => string; errors: FieldErrors },
): JsonObject {
  const data: [string, string][] = [];
  for (const [key, token] of Object.entries(tokens)) {
    const opened = typeof token === "string" ? keyring.open(place(key), token) : notText;
    if ("value" in opened) data.push([key, Buffer.from(opened.value).toString("base64")]);
    else {
      const path = { parent: fieldPath("sealedData"), segment: key };
      errors.add(path, { code: "Invalid", expected: "a token that opens", mend: opened.problem });
    }
  }
  return Object.fromEntries(data);
}

const notText = { problem: "it is not a string" };

/**
 * The sealed form of a Secret that was applied in it: its tokens stay, also those of older keys. An error when its
 * facts are not those of its values.
 * @param validated what `openSecret` returned of `input`, validated and defaulted
 */
export function keepSealed(
  input: JsonObject,
  validated: JsonObject,
  keyring: Keyring,
): { readonly object: JsonObject } | { readonly errors: readonly FieldError[] } {
  const tokens = isObject(input.sealedData) ? input.sealedData : {};
  const facts = factsOf(validated, { values: valuesOf(validated), keyring, tokens });
  if (canonicalJson(input.facts) !== canonicalJson(facts)) {
    const errors = new FieldErrors();
    const expected = "the facts of what sealedData holds, as get shows them";
    errors.add(fieldPath("facts"), { code: "Invalid", expected });
    return { errors: errors.sorted() };
  }
  return { object: sealedForm(validated, tokens, facts) };
}

function sealedForm(object: JsonObject, sealedData: JsonObject, facts: JsonObject): JsonObject {
  const { data: _data, stringData: _stringData, ...rest } = object;
  return { ...rest, sealedData, facts };
}

interface Sealed {
  readonly values: SecretValues;
  readonly keyring: Keyring;
  /** Those that there are: a digest is by the key that made the token. */
  readonly tokens: JsonObject;
}

function factsOf(object: JsonObject, { values, keyring, tokens }: Sealed): JsonObject {
  const place = placesOf(object);
  const data = [...values].map(([key, value]): [string, JsonValue] => {
    const token = tokens[key];
    const keyId = typeof token === "string" ? tokenKeyId(token) : undefined;
    return [key, { bytes: value.length, digest: keyring.digest(place(key), value, keyId) }];
  });
  const tls = tlsFacts(values);
  const ca = caFacts(values);
  return {
    data: Object.fromEntries(data),
    ...(tls !== undefined && { tls: jsonOf(tls) }),
    ...(ca !== undefined && { ca: { ...ca } }),
  };
}

function jsonOf(facts: NonNullable<ReturnType<typeof tlsFacts>>): JsonObject {
  return "problem" in facts ? { ...facts } : { ...facts, names: [...facts.names] };
}

/** The values of a Secret in clear: `data`, and `stringData` over it. */
function valuesOf(object: JsonObject): SecretValues {
  const values = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(isObject(object.data) ? object.data : {}))
    values.set(key, new Uint8Array(Buffer.from(String(value), "base64")));
  for (const [key, value] of Object.entries(isObject(object.stringData) ? object.stringData : {}))
    values.set(key, utf8(String(value)));
  return values;
}

/** Where a value of a Secret belongs: its token opens only there. */
function placesOf(object: JsonObject): (key: string) => string {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  return (key) => `${metadata.namespace ?? ""}/${metadata.name ?? ""}/${key}`;
}

function fieldPath(segment: string): NonNullable<FieldPath> {
  return { parent: undefined, segment };
}
