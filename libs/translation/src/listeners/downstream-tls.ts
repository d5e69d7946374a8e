import { type envoy, packAny } from "@routeledger/protos";
import { configSource } from "../config-source.ts";
import type { ClientValidation } from "./client-validation.ts";
import type { ListenerTls } from "./listener-tls.ts";

type CommonTlsContext = envoy.extensions.transport_sockets.tls.v3.CommonTlsContext;

const downstreamTlsContext = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";

/** The transport socket of a filter chain: certificates over SDS, TLS 1.2 or newer, HTTP/2 by ALPN (G93). */
export function downstreamTls({ certificates, clients }: ListenerTls): envoy.config.core.v3.TransportSocket {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: packAny(downstreamTlsContext, {
      ...(clients?.required === true ? { requireClientCertificate: { value: true } } : {}),
      commonTlsContext: {
        tlsParams: { tlsMinimumProtocolVersion: "TLSv1_2" },
        alpnProtocols: ["h2", "http/1.1"],
        tlsCertificateSdsSecretConfigs: certificates.map(({ resource }) => ({
          name: resource,
          sdsConfig: configSource,
        })),
        ...(clients === undefined ? {} : validation(clients)),
      },
    }),
  };
}

/** Rule G95: with AllowInsecureFallback a certificate is asked for, and any is taken. */
function validation({ trustedCa, required }: ClientValidation): CommonTlsContext {
  const sdsConfig = { name: trustedCa.resource, sdsConfig: configSource };
  if (required) return { validationContextSdsSecretConfig: sdsConfig };
  return {
    combinedValidationContext: {
      defaultValidationContext: { trustChainVerification: "ACCEPT_UNTRUSTED" },
      validationContextSdsSecretConfig: sdsConfig,
    },
  };
}
