/** The extension's own kind: an object that a route names in an `extensionRef` filter. */
export interface ResponseHeader {
  readonly name: string;
  readonly value: string;
}

/** What is wrong with an object, for who wrote it. */
export class InvalidObject extends Error {}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/;
const valueMax = 4_000;

/**
 * The spec of a `ResponseHeader`; undefined for an object of another kind, which is another extension's.
 * @param bytes the object's JSON, as the control plane sends it
 * @throws InvalidObject
 */
export function readResponseHeader(bytes: Uint8Array): ResponseHeader | undefined {
  const object = parse(bytes);
  if (object.kind !== "ResponseHeader") return undefined;
  const metadata = record(object.metadata);
  const shown = `ResponseHeader ${metadata.namespace ?? "default"}/${metadata.name ?? ""}`;
  const { name, value } = record(object.spec);
  if (typeof name !== "string" || !token.test(name)) {
    throw new InvalidObject(`${shown}: spec.name must be a header's name, such as x-served-by`);
  }
  if (typeof value !== "string" || value.length > valueMax || /[\r\n\0]/.test(value)) {
    throw new InvalidObject(`${shown}: spec.value must be one line of at most ${valueMax} characters`);
  }
  return { name, value };
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new InvalidObject("an extension resource is no JSON object");
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Readonly<Record<string, unknown>>) : {};
}
