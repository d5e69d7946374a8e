import { Failure } from "@routeledger/std";

/**
 * Bytes or JSON that are not what they should be. `code` is `protos.malformed`; never retryable; of JSON,
 * `fields.path` says where. Where the input comes from a user the caller turns it into an outcome.
 */
export class Malformed extends Failure {
  constructor(message: string, details: { readonly cause?: unknown; readonly path?: string } = {}) {
    const fields = details.path === undefined ? {} : { path: details.path };
    super(message, { code: "protos.malformed", retryable: false, cause: details.cause, fields });
  }
}

/** JSON that does not fit its field. `path` is empty for the message itself. */
export function misfit(path: string, expected: string, found: unknown): Malformed {
  const shown = typeof found === "string" ? JSON.stringify(found) : found === null ? "null" : kindOf(found);
  return new Malformed(`parse JSON${path ? ` at ${path}` : ""}: expected ${expected}, found ${shown}`, {
    path,
  });
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : String(value);
}
