import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { specOf } from "../kinds.ts";
import { Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { resolveTrustedCa } from "../tls/ca-refs.ts";
import type { TlsSecret } from "../tls/tls-secret.ts";
import { objectOf, objectsOf, portOf } from "../untrusted.ts";

/** How clients of a listener are checked (G95). */
export interface ClientValidation {
  readonly trustedCa: TlsSecret;
  /** Without a certificate of the CA there is no handshake; else it is asked for and any is taken. */
  readonly required: boolean;
}

export interface ResolvedClientValidation {
  readonly validation: ClientValidation | undefined;
  /** No reference is valid: no handshake rather than no check (G94). */
  readonly refused: Problem | undefined;
  readonly problems: readonly Problem[];
}

const insecureMode = "AllowInsecureFallback";

/** The Gateway's rule for its HTTPS listeners on a port; undefined when there is none. One by port replaces the default whole. */
export function clientValidation(
  reader: StateReader,
  gateway: ConfigObject,
  port: number,
): ResolvedClientValidation | undefined {
  const rule = ruleFor(gateway, port);
  if (rule === undefined) return undefined;
  const { field, validation } = rule;
  const { secret, problems } = resolveTrustedCa(reader, gateway, {
    field: `${field}.caCertificateRefs`,
    refs: validation.caCertificateRefs,
    reasons: { kind: "InvalidCACertificateKind", ref: "InvalidCACertificateRef" },
  });
  if (secret === undefined) {
    const message = `${field}: no CA certificate can be used, so no client is let in`;
    return { validation: undefined, refused: new Problem("NoValidCACertificate", message), problems };
  }
  const required = validation.mode !== insecureMode;
  return { validation: { trustedCa: secret, required }, refused: undefined, problems };
}

interface Rule {
  readonly field: string;
  readonly validation: JsonObject;
}

function ruleFor(gateway: ConfigObject, port: number): Rule | undefined {
  const rules = rulesOf(gateway);
  const own = rules.ports.find((rule) => rule.port === port);
  return own === undefined ? rules.fallback : own.rule;
}

/** Whether any rule of a Gateway lets clients in whose certificate nobody vouches for. */
export function hasInsecureMode(gateway: ConfigObject): boolean {
  const { fallback, ports } = rulesOf(gateway);
  return [fallback, ...ports.map(({ rule }) => rule)].some((rule) => rule?.validation.mode === insecureMode);
}

function rulesOf(gateway: ConfigObject): {
  readonly fallback: Rule | undefined;
  readonly ports: readonly { readonly port: number | undefined; readonly rule: Rule | undefined }[];
} {
  const frontend = objectOf(objectOf(specOf(gateway).tls).frontend);
  return {
    fallback: ruleOf("tls.frontend.default", objectOf(frontend.default)),
    ports: objectsOf(frontend.perPort).map((entry, index) => ({
      port: portOf(entry.port),
      rule: ruleOf(`tls.frontend.perPort[${index}].tls`, objectOf(entry.tls)),
    })),
  };
}

function ruleOf(field: string, of: JsonObject): Rule | undefined {
  const { validation } = of;
  return validation === undefined || validation === null
    ? undefined
    : { field: `${field}.validation`, validation: objectOf(validation) };
}
