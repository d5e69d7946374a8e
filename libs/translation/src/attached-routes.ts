import { type ConfigState, getObject, kindKey } from "@routeledger/config-model";
import { attachRoute } from "./attach.ts";
import { type AttachedRoute, attachedRoute } from "./findings.ts";
import type { GatewayView } from "./gateway-view.ts";
import { envoyGatewayGroup, gatewayGroup, routeKinds } from "./kinds.ts";
import { routesNaming } from "./route-index.ts";
import { translateRoute } from "./translated-route.ts";
import type { TranslationCache } from "./translation-cache.ts";

/** The kinds that say what a route means at a Gateway: as long as none of them changes, no route does. */
const kindsRead: readonly string[] = [
  ...routeKinds.map((kind) => kindKey(gatewayGroup, kind)),
  kindKey("", "Namespace"),
  kindKey("", "Service"),
  kindKey(envoyGatewayGroup, "Backend"),
  kindKey(gatewayGroup, "BackendTLSPolicy"),
  kindKey(gatewayGroup, "ReferenceGrant"),
];

/** Every route with a parentRef to a Gateway, sorted by kind, namespace, name. */
export function attachedRoutes(
  state: ConfigState,
  gateway: GatewayView,
  cache: TranslationCache,
): readonly AttachedRoute[] {
  const nodeGroup = `${gateway.object.namespace}/${gateway.object.name}`;
  const memo = cache.table(nodeGroup);
  const indexes = kindsRead.map((kind) => state.objects.get(kind));
  const known = cache.table(`${nodeGroup} routes`);
  return memo.get("attached routes", [gateway, ...indexes], () => {
    const routes = routeKinds.flatMap((kind) =>
      routesNaming(state, kind, nodeGroup).map((object) => {
        const namespace = getObject(state, {
          group: "",
          kind: "Namespace",
          namespace: "",
          name: object.namespace,
        });
        const translated =
          kind === "HTTPRoute"
            ? cache.of(object, "translated", state, (reader) => translateRoute(reader, object))
            : undefined;
        return known.get(object, [gateway, namespace, translated], () =>
          attachedRoute(object, attachRoute(object, gateway, namespace), translated),
        );
      }),
    );
    known.endRound();
    return routes;
  });
}
