import type { envoy } from "@routeledger/protos";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { integerOf, objectOf, shown } from "../untrusted.ts";

/** A RequestMirror, checked as far as it speaks for itself; its backend is resolved by `resolveMirrors`. */
export interface Mirror {
  /** Where the backendRef stands, for messages. */
  readonly field: string;
  readonly backendRef: JsonObject;
  /** Which part of requests is mirrored; undefined is all, zero none. */
  readonly fraction: envoy.type.v3.FractionalPercent | undefined;
}

export function parseMirror(field: string, mirror: JsonObject): Mirror | Problem {
  const fraction = parseFraction(field, mirror);
  if (fraction instanceof Problem) return fraction;
  return { field: `${field}.backendRef`, backendRef: objectOf(mirror.backendRef), fraction };
}

function parseFraction(field: string, mirror: JsonObject): Mirror["fraction"] | Problem {
  const { percent = null, fraction = null } = mirror;
  if (percent !== null && fraction !== null)
    return unsupported(`${field}: percent and fraction are both set`);
  if (percent !== null)
    return parseRatio(`${field}.percent`, percent, { numerator: percent, denominator: 100 });
  if (fraction === null) return undefined;
  const { numerator = null, denominator = null } = objectOf(fraction);
  return parseRatio(`${field}.fraction`, fraction, { numerator, denominator: denominator ?? 100 });
}

function parseRatio(field: string, written: JsonValue, of: JsonObject): Mirror["fraction"] | Problem {
  const numerator = integerOf(of.numerator);
  const denominator = integerOf(of.denominator);
  const valid = numerator !== undefined && denominator !== undefined && denominator > 0;
  if (!valid || numerator < 0 || numerator > denominator) {
    return unsupported(`${field}: ${shown(written)} is not between none and all of the requests`);
  }
  return numerator === denominator ? undefined : envoyFraction(numerator, denominator);
}

/**
 * A part of a whole in the smallest of Envoy's denominators that says it exactly, else in millionths, rounded (G55).
 * What is neither none nor all never becomes one of them.
 */
function envoyFraction(numerator: number, denominator: number): envoy.type.v3.FractionalPercent {
  const exact = denominators.find(
    ({ parts }) => (BigInt(numerator) * BigInt(parts)) % BigInt(denominator) === 0n,
  );
  if (exact !== undefined) {
    const scaled = (BigInt(numerator) * BigInt(exact.parts)) / BigInt(denominator);
    return { numerator: Number(scaled), denominator: exact.name };
  }
  const rounded = Math.round((numerator / denominator) * 1_000_000);
  return { numerator: Math.min(Math.max(rounded, 1), 999_999), denominator: "MILLION" };
}

const denominators = [
  { name: "HUNDRED", parts: 100 },
  { name: "TEN_THOUSAND", parts: 10_000 },
  { name: "MILLION", parts: 1_000_000 },
] as const;
