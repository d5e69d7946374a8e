import type { ConfigObject } from "@routeledger/config-model";
import { specOf } from "../kinds.ts";
import { Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { resolveCertificate } from "../tls/certificate-ref.ts";
import type { TlsSecret } from "../tls/tls-secret.ts";
import { objectOf } from "../untrusted.ts";

/** What `tls.backend.clientCertificateRef` of a Gateway means. */
export interface GatewayClientCertificate {
  /** Shown to TLS backends that ask for one; undefined without a sound reference: then none is shown. */
  readonly certificate: TlsSecret | undefined;
  /** Undefined when the Gateway names none. */
  readonly resolvedRefs: Condition | undefined;
}

/** The certificate that the Gateway shows to TLS backends (G101). It does not switch TLS on. */
export function clientCertificate(reader: StateReader, gateway: ConfigObject): GatewayClientCertificate {
  const ref = objectOf(objectOf(specOf(gateway).tls).backend).clientCertificateRef;
  if (ref === undefined || ref === null) return { certificate: undefined, resolvedRefs: undefined };
  const resolved = resolveCertificate(reader, gateway, {
    field: "tls.backend.clientCertificateRef",
    ref: objectOf(ref),
    invalid: "InvalidClientCertificateRef",
  });
  return resolved instanceof Problem
    ? {
        certificate: undefined,
        resolvedRefs: condition("ResolvedRefs", "False", resolved.reason, resolved.message),
      }
    : { certificate: resolved.secret, resolvedRefs: condition("ResolvedRefs", "True", "ResolvedRefs") };
}
