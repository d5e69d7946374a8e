import {
  type ConfigObject,
  type ConfigState,
  completeObject,
  type ObjectChange,
  objectsOfKind,
  openSecret,
  sealedTokens,
  sealSecret,
} from "@routeledger/config-model";
import { type Keyring, tokenKeyId } from "@routeledger/std";
import type { ObjectResult } from "./change-results.ts";
import type { Plan } from "./plan-apply.ts";

/** What one event holds at most, of a log's 64 MiB a commit. */
const changesMax = 500;
const jsonLengthMax = 16 * 1024 * 1024;

export interface ResealContext {
  readonly state: ConfigState;
  readonly keyring: Keyring;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
}

/**
 * Decides which Secrets are sealed anew with the newest key: those that have a token of another one. Pure. Changes come
 * in portions: whoever asks, asks again until there is none. What does not open stays as it is, and is refused.
 */
export function planReseal({ state, keyring, timeMs }: ResealContext): Plan {
  const changes: ObjectChange[] = [];
  const results: ObjectResult[] = [];
  let length = 0;
  for (const secret of objectsOfKind(state, "", "Secret")) {
    if (isNewest(secret, keyring)) continue;
    if (changes.length >= changesMax || length >= jsonLengthMax) break;
    const { group, kind, namespace, name, source } = secret;
    const ref = { group, kind, namespace, name };
    const opened = openSecret(secret.object, keyring);
    if ("errors" in opened) {
      const errors = opened.errors.map(({ path, expected, message }) => ({ field: path, expected, message }));
      results.push({ ref, outcome: "refused", errors });
      continue;
    }
    const sealed = sealSecret(opened.object, keyring);
    const change = completeObject(sealed, { existing: secret, source, uid: "", timeMs });
    if (change === "unchanged") continue;
    length += change.type === "applied" ? change.json.length : 0;
    changes.push(change);
    results.push({ ref, outcome: "configured" });
  }
  return { changes, results };
}

function isNewest({ object }: ConfigObject, keyring: Keyring): boolean {
  return Object.values(sealedTokens(object)).every((token) => tokenKeyId(token) === keyring.sealingKeyId);
}
