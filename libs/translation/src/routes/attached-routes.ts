import { type ConfigObject, type ConfigState, getObject, kindKey } from "@routeledger/config-model";
import { envoyGatewayGroup, gatewayGroup, routeKinds } from "../kinds.ts";
import type { GatewayView } from "../listeners/gateway-view.ts";
import { WeakMemo } from "../memo-table.ts";
import { type AttachedRoute, attachedRoute } from "../statuses/findings.ts";
import type { TranslationCache } from "../translation-cache.ts";
import { attachRoute, keyOfParent } from "./attach.ts";
import { routesNaming } from "./route-index.ts";
import { withoutSharedHosts } from "./shared-hosts.ts";
import { translateRoute } from "./translated-route.ts";

const routeKindKeys: readonly string[] = routeKinds.map((kind) => kindKey(gatewayGroup, kind));

/** The kinds that say, beside the route itself, what it means at a Gateway: as long as none of them changes, no other route does. */
const kindsRead: readonly string[] = [
  kindKey("", "Namespace"),
  kindKey("", "Service"),
  kindKey(envoyGatewayGroup, "Backend"),
  kindKey(gatewayGroup, "BackendTLSPolicy"),
  kindKey(gatewayGroup, "ReferenceGrant"),
];

/** Kinds that BackendTLSPolicies and Backends refer to, and nothing else around routes: they rest on them only with one of those. */
const tlsKinds: readonly string[] = [kindKey("", "ConfigMap"), kindKey("", "Secret")];

function readAround({ objects }: ConfigState): unknown[] {
  const asksForTls = [kindKey(gatewayGroup, "BackendTLSPolicy"), kindKey(envoyGatewayGroup, "Backend")].some(
    (kind) => objects.get(kind) !== undefined,
  );
  const kinds = asksForTls ? [...kindsRead, ...tlsKinds] : kindsRead;
  return kinds.map((kind) => objects.get(kind));
}

/** Every route with a parentRef to a Gateway, sorted by kind, namespace, name. */
export function attachedRoutes(
  state: ConfigState,
  gateway: GatewayView,
  cache: TranslationCache,
): readonly AttachedRoute[] {
  const nodeGroup = `${gateway.object.namespace}/${gateway.object.name}`;
  const memo = cache.table(nodeGroup);
  const read = [gateway, ...readAround(state)];
  const around = memo.get("around routes", read, () => ({ read }));
  const routes = routeKindKeys.map((kind) => state.objects.get(kind));
  return memo.get("attached routes", [around, ...routes], () => {
    // While nothing around them changes, a route that is the same instance means the same.
    const same = cache.table(`${nodeGroup} routes`);
    const known = memo.get("known routes", [], () => new WeakMemo());
    const inputs = [around];
    const parents = [gateway.object, ...gateway.sets.map((set) => set.object)].map(keyOfParent);
    const attached = routeKinds.flatMap((kind) =>
      routesNaming(state, kind, parents).map((object) =>
        same.get(object, inputs, () => attach(state, gateway, object, { cache, known })),
      ),
    );
    same.endRound();
    const contests = cache.table(`${nodeGroup} contests`);
    const losers = cache.table(`${nodeGroup} losers`);
    return withoutSharedHosts(attached, { contests, losers });
  });
}

function attach(
  state: ConfigState,
  gateway: GatewayView,
  object: ConfigObject,
  { cache, known }: { readonly cache: TranslationCache; readonly known: WeakMemo },
): AttachedRoute {
  const namespace = getObject(state, { group: "", kind: "Namespace", namespace: "", name: object.namespace });
  const translated =
    object.kind === "HTTPRoute" || object.kind === "GRPCRoute"
      ? cache.of(object, "translated", state, (reader) => translateRoute(reader, object))
      : undefined;
  return known.get(object, [gateway, namespace, translated], () =>
    attachedRoute(object, attachRoute(object, gateway, namespace), translated),
  );
}
