/** What a backendRef reaches. */
import {
  type BackendRef,
  type BackendTlsPolicy,
  type GatewayObject,
  granted,
  ofKind,
  olderFirst,
  type Route,
} from "./gateway-objects.ts";

/**
 * The port of the endpoints that a reference reaches; undefined: the backend is invalid (G64, G68, G70).
 * "unreachable": without endpoints (G67), or with TLS that its plain endpoints do not speak.
 */
export function targetOf(
  objects: readonly GatewayObject[],
  route: Route,
  { group = "", kind = "Service", namespace = route.metadata.namespace, name, port }: BackendRef,
): number | "unreachable" | undefined {
  const from = {
    group: "gateway.networking.k8s.io",
    kind: route.kind,
    namespace: route.metadata.namespace,
  };
  if (!granted(objects, from, { group, kind, namespace, name })) return undefined;
  const isTarget = ({ metadata }: GatewayObject): boolean =>
    metadata.name === name && metadata.namespace === namespace;
  if (group === "gateway.envoyproxy.io" && kind === "Backend")
    return ofKind(objects, "Backend").find(isTarget)?.spec.endpoints[0]?.ip.port;
  if (group !== "" || kind !== "Service") return undefined;
  const service = ofKind(objects, "Service").find(isTarget);
  const servicePort = service?.spec.ports.find((one) => one.port === port);
  if (servicePort === undefined || service?.spec.type === "ExternalName") return undefined;
  const policy = policyOf(objects, { namespace, name, sectionName: servicePort.name });
  if (policy !== undefined && !hasCa(objects, policy)) return undefined; // G98
  const ports = ofKind(objects, "EndpointSlice")
    .filter(
      ({ metadata }) =>
        metadata.namespace === namespace && metadata.labels["kubernetes.io/service-name"] === name,
    )
    .filter(({ endpoints }) => endpoints.some(({ conditions }) => conditions?.ready !== false))
    .flatMap((slice) => slice.ports.filter((one) => (one.name ?? "") === (servicePort.name ?? "")));
  return policy === undefined ? (ports[0]?.port ?? "unreachable") : "unreachable";
}

/** The policy that counts: of the port's name before that of the Service, of one target the older one (G96). */
function policyOf(
  objects: readonly GatewayObject[],
  { namespace, name, sectionName }: { namespace: string; name: string; sectionName: string | undefined },
): BackendTlsPolicy | undefined {
  const ofService = ofKind(objects, "BackendTLSPolicy")
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ spec }) => spec.targetRefs[0]?.name === name)
    .sort(olderFirst);
  const section = ({ spec }: BackendTlsPolicy): string | undefined => spec.targetRefs[0]?.sectionName;
  return (
    (sectionName && ofService.find((policy) => section(policy) === sectionName)) ||
    ofService.find((policy) => section(policy) === undefined)
  );
}

function hasCa(objects: readonly GatewayObject[], { metadata, spec }: BackendTlsPolicy): boolean {
  return (spec.validation.caCertificateRefs ?? []).some((ref) =>
    ofKind(objects, "ConfigMap").some(
      (map) => map.metadata.name === ref.name && map.metadata.namespace === metadata.namespace,
    ),
  );
}
