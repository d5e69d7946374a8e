import type { JsonObject } from "@routeledger/std";
import { configMap, type SuiteObjects } from "./suite-objects.ts";

/** What the suite's Go code changes between the steps of a case; it is not recorded with them. */
export interface Mutation {
  /** Index of the step that sees the change. */
  readonly before: number;
  readonly kind: string;
  readonly name: string;
  /**
   * Returns the object as it is applied again; undefined when it is deleted.
   * @param object as it was applied last; an empty one when it never was
   */
  change(object: JsonObject, suiteObjects: SuiteObjects): JsonObject | undefined;
}

const infra = "gateway-conformance-infra";
const reconciled = "tls-checks-ca-certificate-reconcile-test";

function withSpec(object: JsonObject, change: (spec: JsonObject) => JsonObject): JsonObject {
  return { ...object, spec: { ...(object.spec as JsonObject), ...change(object.spec as JsonObject) } };
}

function listenersOf(spec: JsonObject): JsonObject[] {
  return spec.listeners as JsonObject[];
}

/** The ConfigMap that BackendTLSPolicy changes; the good authority or an empty one. */
function reconciledMap(before: number, isGood: boolean): Mutation {
  return {
    ...{ before, kind: "ConfigMap", name: reconciled },
    change: (_, suiteObjects) => {
      const good = suiteObjects.authority(`${infra}/tls-checks-ca-certificate`);
      return configMap(`${infra}/${reconciled}`, isGood ? good : "");
    },
  };
}

function reconciledPolicy(before: number, mapName: string): Mutation {
  return {
    ...{ before, kind: "BackendTLSPolicy", name: "reconcile-test" },
    change: (object) =>
      withSpec(object, ({ validation }) => ({
        validation: {
          ...(validation as JsonObject),
          caCertificateRefs: [{ group: "", kind: "ConfigMap", name: mapName }],
        },
      })),
  };
}

/** A Gateway without the address of this value. */
function withoutAddress(before: number, isGone: (address: JsonObject) => boolean): Mutation {
  return {
    ...{ before, kind: "Gateway", name: "gateway-static-addresses" },
    change: (object) =>
      withSpec(object, ({ addresses }) => ({
        addresses: (addresses as JsonObject[]).filter((address) => !isGone(address)),
      })),
  };
}

/** By name of the case. An edit of a spec raises the object's generation, which the later steps ask for (G107). */
export const mutations: Readonly<Record<string, readonly Mutation[]>> = {
  HTTPRouteReferenceGrant: [
    { before: 3, kind: "ReferenceGrant", name: "reference-grant", change: () => undefined },
  ],
  HTTPRouteObservedGenerationBump: [
    {
      ...{ before: 2, kind: "HTTPRoute", name: "observed-generation-bump" },
      change: (object) => withSpec(object, (spec) => withBackend(spec, "infra-backend-v2")),
    },
  ],
  GatewayObservedGenerationBump: [
    {
      ...{ before: 2, kind: "Gateway", name: "gateway-observed-generation-bump" },
      change: (object) =>
        withSpec(object, (spec) => {
          const listeners = listenersOf(spec);
          return { listeners: [...listeners, { ...listeners[0], name: "alternate", hostname: "foo.com" }] };
        }),
    },
  ],
  GatewayClassObservedGenerationBump: [
    {
      ...{ before: 2, kind: "GatewayClass", name: "gatewayclass-observed-generation-bump" },
      change: (object) => withSpec(object, () => ({ description: "new" })),
    },
  ],
  BackendTLSPolicyObservedGenerationBump: [
    {
      ...{ before: 2, kind: "BackendTLSPolicy", name: "observed-generation-bump" },
      change: (object) =>
        withSpec(object, ({ validation }) => ({
          validation: { ...(validation as JsonObject), hostname: "foo.example.com" },
        })),
    },
  ],
  GatewayModifyListeners: [
    {
      ...{ before: 2, kind: "Gateway", name: "gateway-add-listener" },
      change: (object) =>
        withSpec(object, (spec) => ({
          listeners: [
            ...listenersOf(spec),
            {
              ...{ name: "http", port: 80, protocol: "HTTP", hostname: "data.test.com" },
              allowedRoutes: { namespaces: { from: "All" } },
            },
          ],
        })),
    },
    {
      ...{ before: 7, kind: "Gateway", name: "gateway-remove-listener" },
      change: (object) =>
        withSpec(object, (spec) => ({ listeners: listenersOf(spec).filter(({ name }) => name === "http") })),
    },
  ],
  BackendTLSPolicy: [
    reconciledPolicy(5, reconciled),
    reconciledMap(7, true),
    reconciledMap(9, false),
    reconciledMap(11, true),
    reconciledPolicy(13, "tls-checks-ca-certificate"),
  ],
  GatewayStaticAddresses: [
    withoutAddress(2, ({ type }) => type === "test/fake-invalid-type"),
    withoutAddress(5, ({ type }) => type === "Hostname"),
  ],
};

function withBackend({ rules }: JsonObject, name: string): JsonObject {
  return {
    rules: (rules as JsonObject[]).map((rule) => ({
      ...rule,
      backendRefs: (rule.backendRefs as JsonObject[]).map((backend) => ({ ...backend, name })),
    })),
  };
}
