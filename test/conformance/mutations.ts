import type { JsonObject } from "@routeledger/std";

/** What the suite's Go code changes between the steps of a case; it is not recorded with them. */
export interface Mutation {
  /** Index of the step that sees the change. */
  readonly before: number;
  readonly kind: string;
  readonly name: string;
  /** Returns the object as it is applied again; undefined when it is deleted. */
  change(object: JsonObject): JsonObject | undefined;
}

/** By name of the case. An edit of a spec raises the object's generation, which the later steps ask for (G107). */
export const mutations: Readonly<Record<string, Mutation>> = {
  HTTPRouteReferenceGrant: {
    before: 3,
    kind: "ReferenceGrant",
    name: "reference-grant",
    change: () => undefined,
  },
  HTTPRouteObservedGenerationBump: {
    before: 2,
    kind: "HTTPRoute",
    name: "observed-generation-bump",
    change: (object) => ({
      ...object,
      spec: withBackend(object.spec as unknown as RouteSpec, "infra-backend-v2"),
    }),
  },
  GatewayObservedGenerationBump: {
    before: 2,
    kind: "Gateway",
    name: "gateway-observed-generation-bump",
    change: (object) => {
      const spec = object.spec as unknown as { readonly listeners: readonly JsonObject[] };
      const alternate = { ...spec.listeners[0], name: "alternate", hostname: "foo.com" };
      return { ...object, spec: { ...spec, listeners: [...spec.listeners, alternate] } };
    },
  },
  GatewayClassObservedGenerationBump: {
    before: 2,
    kind: "GatewayClass",
    name: "gatewayclass-observed-generation-bump",
    change: (object) => ({ ...object, spec: { ...(object.spec as JsonObject), description: "new" } }),
  },
};

interface RouteSpec {
  readonly rules: readonly { readonly backendRefs: readonly JsonObject[] }[];
}

function withBackend(spec: RouteSpec, name: string): JsonObject {
  const rules = spec.rules.map((rule) => ({
    ...rule,
    backendRefs: rule.backendRefs.map((backend) => ({ ...backend, name })),
  }));
  return { ...spec, rules } as unknown as JsonObject;
}
