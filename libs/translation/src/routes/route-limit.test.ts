import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { changedObjects, emptyConfigState, getObject } from "@routeledger/config-model";
import { assert, by, type JsonObject } from "@routeledger/std";
import { UpstreamIndex } from "../backends/upstream-index.ts";
import { viewGateway } from "../listeners/gateway-view.ts";
import { gateway, gatewayClass, grpcRoute, http, httpRoute, rule, service } from "../sample-objects.ts";
import { StateReader } from "../state-reader.ts";
import type { AttachedRoute } from "../statuses/findings.ts";
import { stateOf } from "../testing.ts";
import { type Domain, DomainIndex } from "./domain-index.ts";
import { RouteSet } from "./route-set.ts";
import { RouteTranslations } from "./route-translations.ts";

const a = [{ name: "a", port: 80 }];
const gatewayApi = { group: "gateway.networking.k8s.io" };

function limited(routesMax: number, ...routes: JsonObject[]): LimitedRoutes {
  const state = stateOf([gatewayClass, gateway([http("http", 8080)]), service("a"), ...routes]);
  const object = getObject(state, { ...gatewayApi, kind: "Gateway", namespace: "default", name: "web" });
  const ofClass = getObject(state, {
    ...gatewayApi,
    kind: "GatewayClass",
    namespace: "",
    name: "routeledger",
  });
  assert(object !== undefined && ofClass !== undefined, "a Gateway and its class");
  const view = viewGateway(new StateReader(state), object, ofClass);
  const translations = new RouteTranslations();
  translations.follow(state, changedObjects(emptyConfigState, state));
  const set = new RouteSet(routesMax);
  const domains = new DomainIndex(view.listeners);
  const indexes = { domains, upstreams: new UpstreamIndex() };
  set.follow(state, view, translations, { restarts: true, keys: [], indexes });
  return { routes: [...set.routes.values()].sort(by(({ key }) => key)), domains: domains.takeChanged() };
}

interface LimitedRoutes {
  readonly routes: readonly AttachedRoute[];
  readonly domains: readonly Domain[];
}

function refusedOf({ routes }: LimitedRoutes): string[] {
  return routes.filter(({ translated }) => translated?.refused).map(({ object }) => object.name);
}

const old = httpRoute(
  "old",
  { rules: [rule("/a", a), rule("/b", a)] },
  { creationTimestamp: "2020-01-01T00:00:00Z" },
);
const young = httpRoute("a-young", { hostnames: ["a.io"], rules: [rule("/c", a)] });

test("rule G37: a match counts once for every domain that it may answer on", () => {
  // The old route answers on its own domain and on the young one's.
  deepEqual(refusedOf(limited(5, old, young)), []);
  deepEqual(refusedOf(limited(4, old, young)), ["a-young"]);
});

test("rule G37: the youngest routes beyond the limit are not accepted and answer 500, the older ones stay", () => {
  const { routes, domains } = limited(4, old, young);
  const [refused] = routes.filter(({ object }) => object.name === "a-young");
  equal(refused?.translated?.refused?.reason, "UnsupportedValue");
  deepEqual(refused?.translated?.upstreams, []);
  const [domain] = domains.filter((one) => one.domain === "a.io");
  deepEqual(
    domain?.hosted?.flatMap(({ route }) =>
      route.entries.map((entry) => entry.route.directResponse?.status ?? "served"),
    ),
    [500, "served", "served"],
  );
});

test("rule G37, G64: a GRPCRoute beyond the limit answers 503", () => {
  const refs = [{ backendRefs: a }, { backendRefs: a }];
  const [refused] = limited(1, grpcRoute("grpc", { rules: refs })).routes;
  deepEqual(
    refused?.translated?.entries.map(({ route }) => route.directResponse?.status),
    [503],
  );
});

test("within the limit nothing changes", () => {
  const { routes } = limited(100, old, young);
  deepEqual(
    routes.map(({ object }) => object.name),
    ["a-young", "old"],
  );
  deepEqual(refusedOf(limited(100, old, young)), []);
});
