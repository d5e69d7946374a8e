/**
 * The official suite's cases of features that are not declared, by the reason. `official-cases.ts` fails when a case is
 * neither run nor here, and when one that is here could run.
 */
export const notRun: Readonly<Record<string, readonly string[]>> = {
  "TCPRoute is not served": [
    "TCPRouteInvalidBackendRefNonexistent",
    "TCPRouteInvalidCrossNamespaceBackendRef",
    "TCPRouteInvalidNonTCPListener",
    "TCPRouteMultipleRoutesAttachment",
    "TCPRouteParentRefAttachAll",
    "TCPRouteParentRefPortAndSectionName",
    "TCPRouteReferenceGrant",
    "TCPRouteWeightedRouting",
  ],
  "TLSRoute is not served": [
    "BackendTLSPolicyTLSRouteTerminate",
    "TLSRouteHostnameIntersection",
    "TLSRouteInvalidBackendRefNonexistent",
    "TLSRouteInvalidBackendRefUnknownKind",
    "TLSRouteInvalidNoMatchingListener",
    "TLSRouteInvalidNoMatchingListenerHostname",
    "TLSRouteInvalidReferenceGrant",
    "TLSRouteListenerPassthroughSupportedKinds",
    "TLSRouteListenerTerminateSupportedKinds",
    "TLSRouteMixedTerminationSameNamespace",
    "TLSRouteSimpleSameNamespace",
    "TLSRouteTerminateSimpleSameNamespace",
  ],
  "UDPRoute is not served": [
    "UDPRoute",
    "UDPRouteInvalidBackendRefNonexistent",
    "UDPRouteInvalidCrossNamespaceBackendRef",
    "UDPRouteMultipleRoutesAttachment",
    "UDPRouteNotAllowedByListeners",
    "UDPRouteParentRefAttachAllListeners",
    "UDPRouteParentRefPortAndSectionName",
    "UDPRouteReferenceGrant",
    "UDPRouteWeightedRouting",
  ],
};
