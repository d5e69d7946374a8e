import {
  isSealedSecret,
  keepSealed,
  openSecret,
  sealSecret,
  validateObject,
} from "@routeledger/config-model";
import type { JsonObject, Keyring } from "@routeledger/std";
import type { InputProblem } from "./change-results.ts";

/**
 * Validates a Secret and seals it (P11): behind this nobody sees a value. One that is in sealed form already, as `get`
 * shows it, is opened for that, and stays as it is. No error shows a value.
 *
 * @returns as `validateObject`; the object is in sealed form unless there are errors
 */
export function checkSecret(object: JsonObject, keyring: Keyring): ReturnType<typeof validateObject> {
  const isSealed = isSealedSecret(object);
  const opened = isSealed ? openSecret(object, keyring) : { object };
  if ("errors" in opened) return { object, errors: [...opened.errors] };
  const validated = validateObject(opened.object);
  if (validated.errors.length > 0) return { object, errors: validated.errors };
  if (!isSealed) return { object: sealSecret(validated.object, keyring), errors: [] };
  const kept = keepSealed(object, validated.object, keyring);
  return "errors" in kept ? { object, errors: [...kept.errors] } : { object: kept.object, errors: [] };
}

/** Without a key nothing is sealed, and nothing goes into the log in clear. */
export const noSealingKey: InputProblem = {
  message: "this api has no key to seal Secrets with, and takes none in clear",
  hint: "start it with --secrets-key-file (ROUTELEDGER_SECRETS_KEY_FILE); `routeledger secrets new-key` makes one",
};
