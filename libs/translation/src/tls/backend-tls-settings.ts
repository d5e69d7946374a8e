import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { isExact, parseHostname } from "../hostnames.ts";
import { specOf } from "../kinds.ts";
import { isServed, Problem, unsupported } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { objectOf, shown, textOf } from "../untrusted.ts";
import { resolveTrustedCa } from "./ca-refs.ts";
import { resolveCertificate } from "./certificate-ref.ts";
import type { TlsSecret } from "./tls-secret.ts";
import type { TlsVersion, UpstreamTrust } from "./upstream-tls.ts";

/** What `spec.tls` of a Backend (gateway.envoyproxy.io) says, as far as the Backend alone tells it. */
export interface BackendTlsSettings {
  readonly sni: string | undefined;
  /** Undefined when it names none: a BackendTLSPolicy must. */
  readonly trust: "system" | "anybody" | "refs" | undefined;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

const servedFields: readonly string[] = [
  "caCertificateRefs",
  "wellKnownCACertificates",
  "insecureSkipVerify",
  "sni",
  "clientCertificateRef",
  "minVersion",
  "maxVersion",
];

/** The settings, undefined without any, or why they cannot be served. */
export function parseBackendTls(
  title: string,
  backend: ConfigObject,
): BackendTlsSettings | Problem | undefined {
  const { tls } = specOf(backend);
  if (tls === undefined || tls === null) return undefined;
  const settings = objectOf(tls);
  const unserved = Object.keys(settings)
    .filter((field) => !servedFields.includes(field) && settings[field] !== null && settings[field] !== false)
    .sort();
  if (unserved.length > 0) return unsupported(`${title}: tls.${unserved.join(", tls.")} is not served`);
  const trust = trustOf(title, settings);
  if (trust instanceof Problem) return trust;
  const sni = settings.sni === undefined ? undefined : parseHostname(textOf(settings.sni) ?? "");
  if (settings.sni !== undefined && (sni === undefined || !isExact(sni)))
    return unsupported(`${title}: tls.sni: ${shown(settings.sni)} is no name of one host`);
  const minVersion = versionOf(settings.minVersion, "1.2");
  const maxVersion = versionOf(settings.maxVersion, "1.3");
  if (minVersion === undefined || maxVersion === undefined || minVersion > maxVersion) {
    const written = `tls.minVersion ${shown(settings.minVersion)}, tls.maxVersion ${shown(settings.maxVersion)}`;
    return unsupported(`${title}: ${written}: 1.2 and 1.3 are served`);
  }
  return { sni, trust, minVersion, maxVersion };
}

function trustOf(title: string, settings: JsonObject): BackendTlsSettings["trust"] | Problem {
  const refs = Array.isArray(settings.caCertificateRefs) && settings.caCertificateRefs.length > 0;
  const wellKnown = textOf(settings.wellKnownCACertificates) ?? "";
  if (settings.insecureSkipVerify === true) {
    // Two wills: the one that checks more cannot be guessed, so neither is done.
    if (refs || wellKnown !== "")
      return unsupported(`${title}: tls.insecureSkipVerify excludes CA certificates`);
    return "anybody";
  }
  if (refs) return "refs";
  if (wellKnown === "") return undefined;
  if (wellKnown === "System") return "system";
  return unsupported(`${title}: tls.wellKnownCACertificates: ${shown(wellKnown)} is not known, System is`);
}

function versionOf(written: JsonObject[string] | undefined, byDefault: TlsVersion): TlsVersion | undefined {
  if (written === undefined || written === null || written === "Auto") return byDefault;
  return written === "1.2" || written === "1.3" ? written : undefined;
}

/** The CA certificates that the settings name; undefined when a policy must, a problem when one cannot be used. */
export function resolveBackendTrust(
  reader: StateReader,
  backend: ConfigObject,
  { trust }: BackendTlsSettings,
): UpstreamTrust | Problem | undefined {
  if (trust === undefined) return undefined;
  if (trust !== "refs") return { type: trust };
  const { secret, problems } = resolveTrustedCa(reader, backend, {
    field: "tls.caCertificateRefs",
    refs: objectOf(specOf(backend).tls).caCertificateRefs,
    reasons: { kind: "InvalidKind", ref: "InvalidCACertificateRef" },
  });
  const [problem] = problems;
  return problem ?? (secret && { type: "secret", secret });
}

/** The certificate that the Backend itself wants to be shown; undefined when it names none. */
export function resolveBackendCertificate(
  reader: StateReader,
  backend: ConfigObject,
): TlsSecret | Problem | undefined {
  const ref = objectOf(specOf(backend).tls).clientCertificateRef;
  if (ref === undefined || ref === null) return undefined;
  const certificate = resolveCertificate(reader, backend, {
    field: "tls.clientCertificateRef",
    ref: objectOf(ref),
    invalid: "InvalidClientCertificateRef",
  });
  return isServed(certificate) ? certificate.secret : certificate;
}
