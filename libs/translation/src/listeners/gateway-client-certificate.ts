import type { ConfigObject } from "@routeledger/config-model";
import { specOf } from "../kinds.ts";
import type { StateReader } from "../state-reader.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { objectOf } from "../untrusted.ts";

/** `tls.backend.clientCertificateRef`: the certificate that the Gateway shows to TLS backends (G101). */
export function clientCertificate(_reader: StateReader, gateway: ConfigObject): Condition | undefined {
  const reference = objectOf(objectOf(specOf(gateway).tls).backend).clientCertificateRef;
  if (reference === undefined || reference === null) return undefined;
  const message = "tls.backend.clientCertificateRef is not served";
  return condition("ResolvedRefs", "False", "InvalidClientCertificateRef", message);
}
