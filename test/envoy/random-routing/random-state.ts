/**
 * Gateways, ListenerSets, routes and what they refer to, of vocabularies so small that they collide all the time.
 * Ports, namespaces and addresses are placeholders: `placed` gives a state its own.
 */
import type { JsonObject } from "@routeledger/std";
import fc from "fast-check";
import { clean, seldom } from "./arbitraries.ts";
import { gatewayAddress, gatewayPorts } from "./placed.ts";
import { draftedRequest, type PlannedRequest, planned } from "./random-requests.ts";
import { grpcRule, httpRule } from "./random-rules.ts";

export interface RandomState {
  readonly objects: readonly JsonObject[];
  /** Which of the `surroundings` are not there, as `kind/namespace/name`. */
  readonly missing: readonly string[];
  readonly requests: readonly PlannedRequest[];
}

/** A state, and what it becomes: its Gateways stay, some of its routes and grants come, change or go. */
export type RandomHistory = readonly [RandomState, RandomState];

const gatewayApi = "gateway.networking.k8s.io/v1";
const gatewayGroup = "gateway.networking.k8s.io";
const names = fc.constantFrom("a.io", "b.a.io", "c.b.a.io", "*.a.io", "*.b.a.io", "*.io");
/** Of every two objects the older is known, or the name decides. */
const created = fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z");

const allowedRoutes = fc.record({
  namespaces: fc.constantFrom(
    undefined,
    { from: "Same" },
    { from: "All" },
    { from: "Selector", selector: { matchLabels: { "kubernetes.io/metadata.name": "other" } } },
  ),
  kinds: fc.constantFrom(undefined, undefined, undefined, [{ kind: "HTTPRoute" }], [{ kind: "GRPCRoute" }]),
});

const certificateRefs = fc.constantFrom<JsonObject[]>(
  ...Array.from({ length: 16 }, () => [{ name: "cert" }]),
  [{ name: "missing" }],
  [{ name: "cert", namespace: "other" }],
);

/** Ports are of one protocol, with few exceptions: those conflict. */
function listener(gateway: number): fc.Arbitrary<JsonObject> {
  const ports = gatewayPorts.filter((port) => port.gateway === gateway);
  return fc
    .record({
      port: fc.constantFrom(...ports),
      odd: seldom(fc.constant(true), 80),
      hostname: seldom(names, 2),
      allowedRoutes: seldom(allowedRoutes, 5),
      tls: fc.record({ certificateRefs }),
    })
    .map(({ port, odd, tls, ...more }): JsonObject => {
      const isSecured = odd === undefined ? port.tls : !port.tls;
      return clean({
        ...more,
        port: port.number,
        protocol: isSecured ? "HTTPS" : "HTTP",
        ...(isSecured ? { tls } : {}),
      });
    });
}

/** Of one owner: the schema wants port, protocol and hostname to be different. */
function listeners(gateway: number, maxLength: number): fc.Arbitrary<JsonObject[]> {
  const selector = ({ port, protocol, hostname }: JsonObject): string => `${port} ${protocol} ${hostname}`;
  return fc.uniqueArray(listener(gateway), { minLength: 1, maxLength, selector, size: "max" });
}

function named(items: readonly JsonObject[], prefix: string): JsonObject[] {
  return items.map((item, place) => ({ name: `${prefix}${place}`, ...item }));
}

function gateway(place: number): fc.Arbitrary<JsonObject> {
  const from = fc.constantFrom(undefined, "All", "All", "All", "All", "Same", "Same", "None");
  return fc.tuple(listeners(place, 5), from, created).map(([own, allowed, creationTimestamp]) => ({
    apiVersion: gatewayApi,
    kind: "Gateway",
    metadata: { name: `gw${place}`, namespace: "own", creationTimestamp },
    spec: clean({
      gatewayClassName: "routeledger",
      addresses: [{ type: "IPAddress", value: gatewayAddress }],
      listeners: named(own, "l"),
      allowedListeners: allowed === undefined ? undefined : { namespaces: { from: allowed } },
    }),
  }));
}

const listenerSet = fc.constantFrom(0, 0, 0, 0, 0, 1).chain((parent) =>
  fc
    .tuple(listeners(parent, 3), fc.constantFrom("own", "own", "own", "other"), created)
    .map(([own, namespace, creationTimestamp]) => ({
      apiVersion: gatewayApi,
      kind: "ListenerSet",
      metadata: { namespace, creationTimestamp },
      spec: { parentRef: { name: `gw${parent}`, namespace: "own" }, listeners: named(own, "l") },
    })),
);

/** All of a parent's listeners, those of a port, or one or two by name. */
const parentRef = fc
  .record({
    to: fc.constantFrom("gw0", "gw0", "gw0", "gw0", "gw1", "set0", "set1"),
    namespace: fc.constantFrom(...Array.from({ length: 8 }, () => "own"), "other", undefined),
    sections: seldom(fc.subarray(["l0", "l1", "l2"], { minLength: 1, maxLength: 2 }), 6),
    port: seldom(fc.constantFrom(...gatewayPorts.map(({ number }) => number)), 10),
  })
  .map(({ to, sections, ...more }) => ({
    to,
    refs: (sections ?? [undefined]).map((sectionName) =>
      clean({
        group: gatewayGroup,
        kind: to.startsWith("set") ? "ListenerSet" : "Gateway",
        name: to,
        sectionName,
        ...more,
      }),
    ),
  }));

const parentRefs = fc
  .uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: ({ to }) => to })
  .map((parents) => parents.flatMap(({ refs }) => refs));

function route(kind: "HTTPRoute" | "GRPCRoute", rule: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      namespace: fc.constantFrom("own", "own", "own", "own", "other"),
      creationTimestamp: created,
      parentRefs,
      hostnames: seldom(fc.uniqueArray(names, { minLength: 1, maxLength: 3 }), 2),
      rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
    })
    .map(({ namespace, creationTimestamp, ...spec }) => ({
      apiVersion: gatewayApi,
      kind,
      metadata: { namespace, creationTimestamp },
      spec: clean(spec),
    }));
}

/** GRPCRoutes are few: one of them takes whole hosts from HTTPRoutes (G16). */
const anyRoute = fc.oneof(
  { weight: 8, arbitrary: route("HTTPRoute", httpRule) },
  { weight: 1, arbitrary: route("GRPCRoute", grpcRule) },
);

const routes = fc.array(anyRoute, { minLength: 1, maxLength: 6, size: "max" });

/** In the place of a route, behind the last, or nothing in its place. */
const changes = fc.array(
  fc.record({ place: fc.nat(6), by: fc.option(anyRoute, { nil: undefined, freq: 3 }) }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

const grants = fc.subarray([
  grant("HTTPRoute", { group: "", kind: "Service" }),
  grant("HTTPRoute", { group: "", kind: "Service", name: "one" }),
  grant("GRPCRoute", { group: "", kind: "Service", name: "three" }),
  grant("HTTPRoute", { group: "gateway.envoyproxy.io", kind: "Backend" }),
  grant("Gateway", { group: "", kind: "Secret" }),
  grant("ListenerSet", { group: "", kind: "Secret", name: "cert" }),
  grant("Gateway", { group: "", kind: "Service" }),
]);

function grant(kind: string, to: JsonObject): JsonObject {
  return {
    apiVersion: gatewayApi,
    kind: "ReferenceGrant",
    metadata: { namespace: "other", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { from: [{ group: gatewayGroup, kind, namespace: "own" }], to: [to] },
  };
}

/** To backends that speak no TLS: with a good CA nobody can be reached, with a bad one nobody may (G98). */
const policies = fc
  .array(
    fc.record({
      target: fc.record({
        group: fc.constant(""),
        kind: fc.constant("Service"),
        name: fc.constantFrom("one", "one", "two"),
        sectionName: fc.constantFrom(undefined, undefined, "http", "alt", "gone"),
      }),
      ca: fc.constantFrom("ca", "missing"),
      creationTimestamp: created,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((made) =>
    made.map(({ target, ca, creationTimestamp }) => ({
      apiVersion: gatewayApi,
      kind: "BackendTLSPolicy",
      metadata: { namespace: "own", creationTimestamp },
      spec: {
        targetRefs: [clean(target)],
        validation: { hostname: "one.io", caCertificateRefs: [{ group: "", kind: "ConfigMap", name: ca }] },
      },
    })),
  );

const missing = seldom(
  fc.subarray(["Service/own/two", "EndpointSlice/own/one-1", "Secret/own/cert", "Backend/own/raw"], {
    minLength: 1,
    maxLength: 2,
  }),
  6,
).map((found) => found ?? []);

/** Two states, and requests for them. */
export const randomHistory: fc.Arbitrary<RandomHistory> = fc
  .record({
    gateways: fc.nat(3).chain((two) => fc.tuple(gateway(0), ...(two === 0 ? [gateway(1)] : []))),
    sets: fc.array(listenerSet, { maxLength: 2 }),
    routes,
    grants,
    changes,
    missing: fc.tuple(missing, missing),
    policies: fc.tuple(seldom(policies, 8), seldom(policies, 8)),
    laterGrants: seldom(grants, 2),
    drafts: fc.array(draftedRequest, { minLength: 1, maxLength: 40, size: "max" }),
  })
  .map(
    ({ gateways, sets, routes: made, grants: allowed, changes: changed, laterGrants, drafts, ...more }) => {
      const [missingBefore, missingAfter] = more.missing;
      const [policiesBefore = [], policiesAfter = []] = more.policies;
      const lasting = [...gateways, ...withNames(sets, "set")];
      const before = [
        ...lasting,
        ...withNames(made, "r"),
        ...withNames(allowed, "g"),
        ...withNames(policiesBefore, "p"),
      ];
      const later: (JsonObject | undefined)[] = [...made];
      for (const { place, by } of changed) later[Math.min(place, later.length)] = by;
      const after = [
        ...lasting,
        ...withNames(later, "r"),
        ...withNames(laterGrants ?? allowed, "g"),
        ...withNames(policiesAfter, "p"),
      ];
      return [
        { objects: before, missing: missingBefore, requests: planned(before, drafts) },
        { objects: after, missing: missingAfter, requests: planned(after, drafts) },
      ];
    },
  );

function withNames(objects: readonly (JsonObject | undefined)[], prefix: string): JsonObject[] {
  return objects.flatMap((object, place) =>
    object === undefined
      ? []
      : [{ ...object, metadata: { name: `${prefix}${place}`, ...(object.metadata as JsonObject) } }],
  );
}
