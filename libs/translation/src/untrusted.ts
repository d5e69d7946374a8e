import type { JsonObject, JsonValue } from "@routeledger/std";

// Objects enter the log validated, but an older schema may have let them in: nothing here trusts a shape.

/** The value when it is an object, else an empty one. */
export function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** The value when it is a list, else an empty one. */
export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

/** The members of a list, each as an object. */
export function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return listOf(value).map(objectOf);
}

/** The value when it is a string; a lone surrogate, which no UTF-8 can hold, becomes U+FFFD. */
export function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value.toWellFormed() : undefined;
}

/** The value when it is a safe integer. */
export function integerOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** The value when it is an integer between 1 and 65535. */
export function portOf(value: JsonValue | undefined): number | undefined {
  const port = integerOf(value);
  return port !== undefined && port >= 1 && port <= 65535 ? port : undefined;
}

/** How a value is shown in a message: JSON, cut at 100 characters. */
export function shown(value: JsonValue | undefined): string {
  const text = JSON.stringify(value ?? null);
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}
