import type { ConfigObject, ConfigState } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { controllerName, gatewayGroup, generationOf, routeKinds, specOf } from "../kinds.ts";
import { routesNaming } from "../routes/route-index.ts";
import { objectsOf, textOf } from "../untrusted.ts";
import { condition, conditionList } from "./condition.ts";

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
    routesNaming(state, kind, [`Gateway/${gateway}`]).some((route) =>
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
