import { type envoy, packAny } from "@routeledger/protos";
import { configSource } from "../config-source.ts";
import type { TlsSecret } from "../tls/tls-secret.ts";
import { type SubjectName, systemCaFile, type UpstreamTls } from "../tls/upstream-tls.ts";
import type { Upstream } from "./upstream.ts";

const tlsContext = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

/**
 * TLS to a cluster's endpoints. Certificates come over SDS, so that a rotation leaves the cluster as it is.
 * @param certificate shown to backends that ask for one
 */
export function transportSocket(
  { protocol }: Upstream,
  tls: UpstreamTls,
  certificate: TlsSecret | undefined,
): envoy.config.core.v3.TransportSocket {
  const context = {
    ...(tls.sni === undefined ? {} : { sni: tls.sni }),
    commonTlsContext: {
      tlsParams: {
        tlsMinimumProtocolVersion: versions[tls.minVersion],
        tlsMaximumProtocolVersion: versions[tls.maxVersion],
      },
      // What the cluster speaks: Envoy does not look at what the backend would rather have (G101).
      alpnProtocols: [protocol === "http2" ? "h2" : "http/1.1"],
      ...(certificate === undefined ? {} : { tlsCertificateSdsSecretConfigs: [sdsConfig(certificate)] }),
      ...validation(tls),
    },
  };
  return { name: "envoy.transport_sockets.tls", typedConfig: packAny(tlsContext, context) };
}

const versions = { "1.2": "TLSv1_2", "1.3": "TLSv1_3" } as const;

function sdsConfig({ resource }: TlsSecret): envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig {
  return { name: resource, sdsConfig: configSource };
}

/** Rule G99: without it nothing is checked; names without CA certificates would be refused. */
function validation({
  trust,
  names,
}: UpstreamTls): envoy.extensions.transport_sockets.tls.v3.CommonTlsContext {
  const matchTypedSubjectAltNames = names.map(subjectMatcher);
  switch (trust.type) {
    case "anybody":
      return {};
    case "system":
      return { validationContext: { trustedCa: { filename: systemCaFile }, matchTypedSubjectAltNames } };
    case "secret":
      return {
        combinedValidationContext: {
          defaultValidationContext: { matchTypedSubjectAltNames },
          validationContextSdsSecretConfig: sdsConfig(trust.secret),
        },
      };
  }
}

/** A wildcard in the certificate covers the exact name; one in the policy is met by that very wildcard. */
function subjectMatcher({
  type,
  name,
}: SubjectName): envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher {
  return { sanType: type, matcher: { exact: name } };
}
