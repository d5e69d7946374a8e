import type { JsonObject, JsonValue } from "@routeledger/std";
import { isObject } from "../apply-defaults.ts";
import type { CodedKind } from "../kind-info.ts";
import type { Schema } from "../schema.ts";
import { checkService, isReachedFromOutside } from "./check-service.ts";
import { checkServiceChange } from "./check-service-change.ts";

const TEXT: Schema = { type: "string" };
const TEXTS: Schema = { type: "array", items: TEXT };
const CLIENT_IP_TIMEOUT_DEFAULT_S = 10_800;

const PORT: Schema = {
  type: "object",
  required: ["port"],
  properties: {
    name: { type: "string" },
    port: { type: "integer", minimum: 1, maximum: 65535 },
    protocol: { type: "string", enum: ["SCTP", "TCP", "UDP"], default: "TCP", emptyIsAbsent: true },
    targetPort: { "x-kubernetes-int-or-string": true },
    nodePort: { type: "integer", format: "int32" },
    appProtocol: { type: "string", format: "qualified-name" },
  },
};

const SPEC: Schema = {
  type: "object",
  default: {},
  properties: {
    type: {
      type: "string",
      enum: ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
      default: "ClusterIP",
      emptyIsAbsent: true,
    },
    ports: { type: "array", items: PORT },
    selector: {
      type: "object",
      propertyNames: { format: "qualified-name" },
      additionalProperties: { type: "string", default: "", format: "label-value" },
    },
    clusterIP: { type: "string", emptyIsAbsent: true },
    clusterIPs: { ...TEXTS, maxItems: 2 },
    externalIPs: TEXTS,
    externalName: TEXT,
    ipFamilies: {
      type: "array",
      items: { type: "string", enum: ["IPv4", "IPv6"] },
      "x-kubernetes-list-type": "set",
    },
    ipFamilyPolicy: { type: "string", enum: ["PreferDualStack", "RequireDualStack", "SingleStack"] },
    internalTrafficPolicy: { type: "string", enum: ["Cluster", "Local"] },
    externalTrafficPolicy: { type: "string", enum: ["Cluster", "Local"], emptyIsAbsent: true },
    sessionAffinity: { type: "string", enum: ["ClientIP", "None"], default: "None", emptyIsAbsent: true },
    sessionAffinityConfig: {
      type: "object",
      properties: {
        clientIP: {
          type: "object",
          properties: { timeoutSeconds: { type: "integer", minimum: 1, maximum: 86_400 } },
        },
      },
    },
    publishNotReadyAddresses: { type: "boolean" },
    allocateLoadBalancerNodePorts: { type: "boolean" },
    healthCheckNodePort: { type: "integer", minimum: 0, maximum: 65535 },
    loadBalancerClass: { type: "string", format: "qualified-name" },
    loadBalancerIP: TEXT,
    loadBalancerSourceRanges: TEXTS,
    trafficDistribution: { type: "string", enum: ["PreferClose", "PreferSameNode", "PreferSameZone"] },
  },
};

/** Service v1: k8s.io/kubernetes pkg/apis/core (v1 defaults, validation), but what it allocates stays absent. */
export const service: CodedKind = {
  group: "",
  kind: "Service",
  versions: ["v1"],
  storageVersion: "v1",
  scope: "Namespaced",
  plural: "services",
  singular: "service",
  shortNames: ["svc"],
  nameFormat: "dns-label",
  schema: { type: "object", required: ["spec"], properties: { spec: SPEC } },
  complete: completeService,
  check: checkService,
  checkChange: checkServiceChange,
};

/** SetDefaults_Service, as far as it depends on other fields. */
function completeService(object: JsonObject): JsonObject {
  if (!isObject(object.spec)) return object;
  const spec: JsonObject = { ...object.spec };
  if (Array.isArray(spec.ports)) spec.ports = spec.ports.map(withTargetPort);
  if (isReachedFromOutside(spec)) spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type === "LoadBalancer") spec.allocateLoadBalancerNodePorts ??= true;
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && !hasClientIpTimeout(spec.sessionAffinityConfig)) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: CLIENT_IP_TIMEOUT_DEFAULT_S } };
  }
  const unlisted = !Array.isArray(spec.clusterIPs) || spec.clusterIPs.length === 0;
  if (spec.clusterIP !== undefined && unlisted) spec.clusterIPs = [spec.clusterIP];
  return { ...object, spec };
}

function withTargetPort(port: JsonValue): JsonValue {
  if (!isObject(port) || port.port === undefined) return port;
  const unset = port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "";
  return unset ? { ...port, targetPort: port.port } : port;
}

function hasClientIpTimeout(config: JsonValue | undefined): boolean {
  return isObject(config) && isObject(config.clientIP) && config.clientIP.timeoutSeconds !== undefined;
}
