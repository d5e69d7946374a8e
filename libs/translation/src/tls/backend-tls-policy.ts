import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { isExact, parseHostname } from "../hostnames.ts";
import { specOf } from "../kinds.ts";
import { isServed, joinProblems, Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { resolveTrustedCa } from "./ca-refs.ts";
import type { SubjectName, UpstreamTrust } from "./upstream-tls.ts";

/** What a BackendTLSPolicy asks for. */
export interface PolicyTls {
  readonly sni: string;
  readonly trust: UpstreamTrust;
  /** At least one. */
  readonly names: readonly SubjectName[];
}

export interface ResolvedPolicy {
  /** A problem is why the policy is not accepted: its targets are not reached, never in plain text (G98). */
  readonly tls: PolicyTls | Problem;
  /** What is wrong with its references, also when one of them is served. */
  readonly unresolved: Problem | undefined;
}

/** Options of ours begin so; there are none yet. Those of others are not for us. */
const ownOptions = "routeledger.dev/";

/** Subject alternative names that are looked at: what the schema allows. */
const namesMax = 5;

/** What a BackendTLSPolicy means, whatever it targets. */
export function resolvePolicy(reader: StateReader, policy: ConfigObject): ResolvedPolicy {
  const spec = specOf(policy);
  const validation = objectOf(spec.validation);
  const { trust, unresolved } = resolveTrust(reader, policy, validation);
  const sni = parseHostname(textOf(validation.hostname) ?? "");
  const names = subjectNames(validation, sni ?? "");
  const option = Object.keys(objectOf(spec.options))
    .filter((name) => name.startsWith(ownOptions))
    .sort()[0];
  if (option !== undefined) return { tls: invalid(`options: ${shown(option)} is not known`), unresolved };
  if (sni === undefined || !isExact(sni)) {
    const problem = invalid(`validation.hostname: ${shown(validation.hostname)} is no name of one host`);
    return { tls: problem, unresolved };
  }
  if (names instanceof Problem) return { tls: names, unresolved };
  return { tls: trust instanceof Problem ? trust : { sni, trust, names }, unresolved };
}

function resolveTrust(
  reader: StateReader,
  policy: ConfigObject,
  validation: JsonObject,
): { readonly trust: UpstreamTrust | Problem; readonly unresolved: Problem | undefined } {
  const wellKnown = textOf(validation.wellKnownCACertificates) ?? "";
  if (wellKnown !== "") return { trust: wellKnownTrust(wellKnown), unresolved: undefined };
  const field = "validation.caCertificateRefs";
  const { secret, problems } = resolveTrustedCa(reader, policy, {
    field,
    refs: validation.caCertificateRefs,
    reasons: { kind: "InvalidKind", ref: "InvalidCACertificateRef" },
  });
  const unresolved = joinProblems(problems);
  if (secret !== undefined) return { trust: { type: "secret", secret }, unresolved };
  const message = unresolved?.message ?? `${field}: names no CA certificates`;
  return { trust: new Problem("NoValidCACertificate", message), unresolved };
}

/** Rule G100. */
function wellKnownTrust(written: string): UpstreamTrust | Problem {
  if (written === "System") return { type: "system" };
  return invalid(`validation.wellKnownCACertificates: ${shown(written)} is not known, System is`);
}

/** Rule G99: any one of subjectAltNames, else the name that is asked for. */
function subjectNames(validation: JsonObject, sni: string): readonly SubjectName[] | Problem {
  const written = objectsOf(validation.subjectAltNames).slice(0, namesMax);
  if (written.length === 0) return [{ type: "DNS", name: sni }];
  const names = written.map((one, index): SubjectName | Problem => {
    const hostname = parseHostname(textOf(one.hostname) ?? "");
    if (one.type === "Hostname" && hostname !== undefined) return { type: "DNS", name: hostname };
    const uri = textOf(one.uri) ?? "";
    if (one.type === "URI" && uri !== "") return { type: "URI", name: uri };
    return invalid(`validation.subjectAltNames[${index}]: ${shown(one)} is no Hostname and no URI`);
  });
  return names.find((name) => name instanceof Problem) ?? names.filter(isServed);
}

function invalid(message: string): Problem {
  return new Problem("Invalid", message);
}
