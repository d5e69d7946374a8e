import { type ConfigObject, type ConfigState, getObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { controllerName, gatewayGroup, generationOf, routeKinds, specOf } from "../kinds.ts";
import { classOf } from "../node-groups.ts";
import { parentGateway } from "../routes/attach.ts";
import { routesNaming } from "../routes/route-index.ts";
import { objectOf, objectsOf, textOf } from "../untrusted.ts";
import { condition, conditionList } from "./condition.ts";

/** The status of a ListenerSet whose parent is a Gateway of ours: the kind is not served. */
export function listenerSetStatus(state: ConfigState, listenerSet: ConfigObject): JsonObject | undefined {
  const name = parentGateway(objectOf(specOf(listenerSet).parentRef), listenerSet.namespace);
  if (name === undefined || !isOurGateway(state, name)) return undefined;
  const message = "ListenerSet is not served";
  const conditions = ["Accepted", "Programmed"].map((type) => condition(type, "False", "Invalid", message));
  return { conditions: conditionList(conditions, generationOf(listenerSet)) };
}

/** Entries of a policy's status that there may be, over all controllers (G102). */
const ancestorsMax = 16;

/**
 * The status of a BackendTLSPolicy: not served, for each Gateway of ours whose HTTPRoutes reach a target (G98, G102).
 * Undefined when there is none.
 */
export function tlsPolicyStatus(
  state: ConfigState,
  policy: ConfigObject,
  ourGateways: readonly string[],
): JsonObject | undefined {
  const targets = objectsOf(specOf(policy).targetRefs).map(({ kind, name }) => `${kind}/${name}`);
  const ancestors = ourGateways
    .filter((gateway) => reaches(state, gateway, { namespace: policy.namespace, targets }))
    .slice(0, ancestorsMax)
    .map((gateway) => {
      const [namespace = "", name = ""] = gateway.split("/");
      const message = "BackendTLSPolicy is not served: its targets answer 500";
      const conditions = [
        condition("Accepted", "False", "Invalid", message),
        condition("ResolvedRefs", "True", "ResolvedRefs"),
      ];
      return {
        ancestorRef: { group: gatewayGroup, kind: "Gateway", namespace, name },
        controllerName,
        conditions: conditionList(conditions, generationOf(policy)),
      };
    });
  return ancestors.length === 0 ? undefined : { ancestors };
}

function reaches(
  state: ConfigState,
  gateway: string,
  { namespace, targets }: { readonly namespace: string; readonly targets: readonly string[] },
): boolean {
  return routeKinds.some((kind) =>
    routesNaming(state, kind, gateway).some((route) =>
      objectsOf(specOf(route).rules)
        .flatMap((rule) => objectsOf(rule.backendRefs))
        .some(
          (ref) =>
            (textOf(ref.namespace) ?? route.namespace) === namespace &&
            targets.includes(`${textOf(ref.kind) ?? "Service"}/${ref.name}`),
        ),
    ),
  );
}

function isOurGateway(state: ConfigState, key: string): boolean {
  const [namespace = "", name = ""] = key.split("/");
  const gateway = getObject(state, { group: gatewayGroup, kind: "Gateway", namespace, name });
  return gateway !== undefined && classOf(state, gateway) !== undefined;
}
