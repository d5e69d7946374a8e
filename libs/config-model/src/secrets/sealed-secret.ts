/**
 * The form in which a Secret stands in the log, for ever (docs/spec/sealed-secrets.md): metadata, `type` and
 * `immutable` as they were applied, and in place of `data`
 *
 *     sealedData: { "tls.key": "v1.3f09c2d1.<base64url>" }     a token a key, which Keyring opens
 *     facts: { data: {...}, tls: {...}, ca: {...} }             what everybody may know of it
 *
 * Its readers take any shape: an older version, or somebody else, may have written the log.
 */
import { type JsonObject, type JsonValue, tokenKeyId } from "@routeledger/std";

/** Of one value of `data`: its length, and 32 hexadecimal digits of its keyed digest. */
export interface DataFacts {
  readonly bytes: number;
  readonly digest: string;
}

/** Of `tls.crt` and `tls.key`. */
export type TlsFacts =
  | {
      /** PEM, CERTIFICATE blocks only, in the order given, the leaf first. */
      readonly chain: string;
      /** The leaf's: DNS names in lower case and IP addresses, sorted; its common name only when it has neither. */
      readonly names: readonly string[];
      /** The leaf's, RFC 3339 in UTC. */
      readonly notBefore: string;
      readonly notAfter: string;
      /** Of the key: `RSA-2048`, `ECDSA-P-256`. */
      readonly keyAlgorithm: string;
      /** Whether the leaf was issued for the key. False cannot be served (G86). */
      readonly keyMatches: boolean;
    }
  | {
      /** Begins with the key of `data` that it speaks of: `tls.crt: no PEM block CERTIFICATE`. Shows no value. */
      readonly problem: string;
    };

/** Of `ca.crt`. */
export type CaFacts =
  | {
      /** PEM, CERTIFICATE blocks only, in the order given; at least one. */
      readonly certificates: string;
    }
  | { readonly problem: string };

/** What everybody may know of a Secret. */
export interface SecretFacts {
  /** By key of `data`. */
  readonly data: Readonly<Record<string, DataFacts>>;
  /** Undefined without `tls.crt` and `tls.key`. */
  readonly tls: TlsFacts | undefined;
  /** Undefined without `ca.crt`. */
  readonly ca: CaFacts | undefined;
}

/** What is said of a Secret whose facts are not in this form. */
const unreadable = { problem: "facts: not in a form that this version knows; apply the Secret again" };

/** The facts of a Secret in sealed form; undefined when it has none. Pure, never throws. */
export function secretFacts(object: JsonObject): SecretFacts | undefined {
  if (!isObject(object.facts)) return undefined;
  const { data, tls, ca } = object.facts;
  return {
    data: dataFactsOf(data),
    tls: tls === undefined ? undefined : (tlsFactsOf(tls) ?? unreadable),
    ca: ca === undefined ? undefined : (caFactsOf(ca) ?? unreadable),
  };
}

/** The tokens of a Secret in sealed form, by key of `data`; what is no string is left out. */
export function sealedTokens(object: JsonObject): Readonly<Record<string, string>> {
  if (!isObject(object.sealedData)) return {};
  return Object.fromEntries(
    Object.entries(object.sealedData).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

/**
 * Whether two Secrets in sealed form may hold the same values: the same keys of `data`, each of the same length and,
 * where one key sealed both, with the same digest. What two keys sealed is not told apart.
 */
export function mayHaveSameValues(some: JsonObject, others: JsonObject): boolean {
  const a = dataFactsOf(isObject(some.facts) ? some.facts.data : undefined);
  const b = dataFactsOf(isObject(others.facts) ? others.facts.data : undefined);
  const [tokensOfA, tokensOfB] = [sealedTokens(some), sealedTokens(others)];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => {
    if (a[name]?.bytes !== b[name]?.bytes) return false;
    const isOneKey = tokenKeyId(tokensOfA[name] ?? "") === tokenKeyId(tokensOfB[name] ?? "");
    return !isOneKey || a[name]?.digest === b[name]?.digest;
  });
}

function dataFactsOf(data: JsonValue | undefined): Readonly<Record<string, DataFacts>> {
  if (!isObject(data)) return {};
  const facts: [string, DataFacts][] = [];
  for (const [key, value] of Object.entries(data)) {
    if (!isObject(value)) continue;
    const { bytes, digest } = value;
    if (typeof bytes === "number" && typeof digest === "string") facts.push([key, { bytes, digest }]);
  }
  return Object.fromEntries(facts);
}

function tlsFactsOf(tls: JsonValue): TlsFacts | undefined {
  if (!isObject(tls)) return undefined;
  if (typeof tls.problem === "string") return { problem: tls.problem };
  const { chain, names, notBefore, notAfter, keyAlgorithm, keyMatches } = tls;
  if (typeof chain !== "string" || typeof notBefore !== "string" || typeof notAfter !== "string")
    return undefined;
  if (typeof keyAlgorithm !== "string" || typeof keyMatches !== "boolean" || !Array.isArray(names))
    return undefined;
  if (!names.every((name) => typeof name === "string")) return undefined;
  return { chain, names, notBefore, notAfter, keyAlgorithm, keyMatches };
}

function caFactsOf(ca: JsonValue): CaFacts | undefined {
  if (!isObject(ca)) return undefined;
  if (typeof ca.problem === "string") return { problem: ca.problem };
  return typeof ca.certificates === "string" ? { certificates: ca.certificates } : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
