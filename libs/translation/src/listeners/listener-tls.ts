import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { isServed, Problem, unsupported } from "../problem.ts";
import type { StateReader } from "../state-reader.ts";
import { type Certificate, resolveCertificate } from "../tls/certificate-ref.ts";
import type { TlsSecret } from "../tls/tls-secret.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { type ClientValidation, clientValidation } from "./client-validation.ts";

/** How a listener of protocol HTTPS speaks TLS. */
export interface ListenerTls {
  /** At least one, in the order of the spec, each once. */
  readonly certificates: readonly TlsSecret[];
  /** The names that the certificates speak for, sorted (G92). */
  readonly names: readonly string[];
  /** Undefined when clients show no certificate. */
  readonly clients: ClientValidation | undefined;
}

export interface ResolvedTls {
  /** Undefined when no handshake can be served: no certificate, or nothing to check clients with (G86, G94). */
  readonly tls: ListenerTls | undefined;
  /** Why the listener is not accepted. */
  readonly refused: Problem | undefined;
  /** What is wrong with its references, also when some of them are served. */
  readonly problems: readonly Problem[];
}

/** @param port where the listener is, for the Gateway's rules by port */
export type ListenerTlsResolver = (owner: ConfigObject, listener: JsonObject, port: number) => ResolvedTls;

/** References that are looked at: what the schema allows. */
const certificateRefsMax = 64;

/** The resolver of a Gateway's listeners, its own and its ListenerSets'. */
export function listenerTlsResolver(reader: StateReader, gateway: ConfigObject): ListenerTlsResolver {
  return (owner, listener, port) => {
    const tls = objectOf(listener.tls);
    const { certificates, problems } = resolveCertificates(reader, owner, tls);
    const clients = clientValidation(reader, gateway, port);
    const refused = refusal(tls) ?? clients?.refused;
    const all = [...problems, ...(clients?.problems ?? [])];
    if (refused !== undefined || certificates.length === 0) return { tls: undefined, refused, problems: all };
    const unique = new Map(certificates.map(({ secret }) => [secret.resource, secret]));
    const names = [...new Set(certificates.flatMap((certificate) => certificate.names))].sort();
    return {
      tls: { certificates: [...unique.values()], names, clients: clients?.validation },
      refused,
      problems: all,
    };
  };
}

function resolveCertificates(
  reader: StateReader,
  owner: ConfigObject,
  tls: JsonObject,
): { readonly certificates: readonly Certificate[]; readonly problems: readonly Problem[] } {
  const refs = objectsOf(tls.certificateRefs).slice(0, certificateRefsMax);
  if (refs.length === 0) {
    const message = "tls.certificateRefs: a listener of protocol HTTPS needs a certificate";
    return { certificates: [], problems: [new Problem("InvalidCertificateRef", message)] };
  }
  const resolved = refs.map((ref, index) => {
    const field = `tls.certificateRefs[${index}]`;
    return resolveCertificate(reader, owner, { field, ref, invalid: "InvalidCertificateRef" });
  });
  return {
    certificates: resolved.filter(isServed),
    problems: resolved.filter((one) => one instanceof Problem),
  };
}

/** Options of ours begin so; there are none yet. Those of others are not for us (G93). */
const ownOptions = "routeledger.dev/";

function refusal(tls: JsonObject): Problem | undefined {
  const mode = textOf(tls.mode) ?? "Terminate";
  if (mode !== "Terminate") return unsupported(`tls.mode ${shown(tls.mode)}: protocol HTTPS is terminated`);
  const option = Object.keys(objectOf(tls.options))
    .filter((name) => name.startsWith(ownOptions))
    .sort()[0];
  return option === undefined ? undefined : unsupported(`tls.options: ${shown(option)} is not known`);
}
