import { type ConfigObject, type ObjectRef, sealedTokens, secretFacts } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { referredObject } from "../backends/reference-grant.ts";
import { Problem } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { shown, textOf } from "../untrusted.ts";
import { certificateResource, type TlsSecret } from "./tls-secret.ts";

/** A Secret that holds a certificate and the key to it. */
export interface Certificate {
  readonly secret: TlsSecret;
  /** The names that it speaks for: DNS names and IP addresses, lower case. */
  readonly names: readonly string[];
}

/**
 * What a reference to a certificate means, or why nothing can be served by it (G86): `RefNotPermitted` first, since
 * whoever may not refer may not learn what exists, else `invalid`.
 * @param from the object that refers, for ReferenceGrants
 * @param invalid the reason for what is missing or broken: `InvalidCertificateRef`, `InvalidClientCertificateRef`
 */
export function resolveCertificate(
  reader: StateReader,
  from: ConfigObject,
  { field, ref, invalid }: { readonly field: string; readonly ref: JsonObject; readonly invalid: string },
): Certificate | Problem {
  const group = textOf(ref.group) ?? "";
  const kind = textOf(ref.kind) ?? "Secret";
  if (group !== "" || kind !== "Secret") {
    const written = group === "" ? kind : `${group}/${kind}`;
    return new Problem(invalid, `${field}: kind ${shown(written)} holds no certificate, a Secret does`);
  }
  const secret = referredObject(reader, from, { field, ref, group, kind, missing: invalid });
  if (secret instanceof Problem) return secret;
  const { namespace, name } = secret;
  const title = `Secret ${namespace}/${name}`;
  const tls = secretFacts(secret.object)?.tls;
  if (tls === undefined || sealedTokens(secret.object)["tls.key"] === undefined)
    return new Problem(invalid, `${field}: ${title} has no tls.crt and tls.key`);
  if ("problem" in tls) return new Problem(invalid, `${field}: ${title}: ${tls.problem}`);
  if (!tls.keyMatches) {
    return new Problem(invalid, `${field}: ${title}: tls.key is not the key of the certificate in tls.crt`);
  }
  const target: ObjectRef = { group, kind, namespace, name };
  const resource = certificateResource(target);
  return { secret: { type: "certificate", resource, objects: [target] }, names: tls.names };
}
