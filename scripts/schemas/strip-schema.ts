type Keywords = Readonly<Record<string, unknown>>;

/** Said to people, or to tools that edit: nothing that an API server checks. */
const DROPPED = new Set(["description", "title", "example", "externalDocs"]);

/** Keywords whose value is taken as it is. The validator knows each of them, or they are the CEL rules. */
const KEPT = new Set([
  "type",
  "required",
  "default",
  "enum",
  "format",
  "pattern",
  "nullable",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
]);

/**
 * A structural schema without its descriptions; all else is kept. Throws for a keyword that it does not
 * know, so that a newer CRD cannot bring a check that the validator silently skips.
 * @param path where the schema stands, for the error
 */
export function stripSchema(schema: unknown, path: string): Keywords {
  const out: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema as Keywords)) {
    const at = `${path}.${keyword}`;
    if (DROPPED.has(keyword)) continue;
    if (KEPT.has(keyword)) out[keyword] = value;
    else if (keyword === "properties") out[keyword] = stripEach(value as Keywords, at);
    else if (keyword === "items" || keyword === "not") out[keyword] = stripSchema(value, at);
    else if (keyword === "additionalProperties") {
      out[keyword] = typeof value === "boolean" ? value : stripSchema(value, at);
    } else if (keyword === "oneOf" || keyword === "anyOf" || keyword === "allOf") {
      out[keyword] = (value as unknown[]).map((branch, index) => stripSchema(branch, `${at}[${index}]`));
    } else throw new Error(`generate schemas: ${at} is a keyword that the validator does not know`);
  }
  return out;
}

function stripEach(properties: Keywords, path: string): Keywords {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, stripSchema(schema, `${path}.${name}`)]),
  );
}
