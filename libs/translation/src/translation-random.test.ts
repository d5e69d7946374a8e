import { deepEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { type ConfigFact, type ConfigState, evolve } from "@routeledger/config-model";
import { p256, p384, sealedTlsSecret } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import { danglingReferences } from "@routeledger/xds-model";
import { snapshotOf } from "@routeledger/xds-model/testing";
import fc from "fast-check";
import { planSwitch } from "./plan-switch.ts";
import * as samples from "./sample-objects.ts";
import { applyObjects, changesTo, deleteObject, stateOf } from "./testing.ts";
import { translateAll } from "./translate-all.ts";
import { TranslationCache } from "./translation-cache.ts";

// A small world of Gateway API objects: few names, so that they meet.

const { gateway, gatewayClass, http, https, httpRoute, listenerSet, rule, service, endpointSlice } = samples;
const { referenceGrant, backend, configMap, grpcRoute, tlsPolicy } = samples;

const names = fc.constantFrom("a", "b");
const namespaces = fc.constantFrom("default", "other");
const place = namespaces.map((namespace) => ({ namespace }));
const refs = fc.array(
  fc.record({
    name: names,
    namespace: namespaces,
    port: fc.constantFrom(80, 81),
    weight: fc.constantFrom(0, 1),
  }),
  { maxLength: 2 },
);
const parent = fc.constantFrom<JsonObject>(
  { name: "web", namespace: "default" },
  { name: "web", namespace: "other" },
  { kind: "ListenerSet", name: "a", namespace: "default" },
  { kind: "ListenerSet", name: "a", namespace: "other" },
);
/** Without any the listener is of protocol HTTP. */
const certificateRefs = fc.array(fc.record({ name: names, namespace: namespaces }), { maxLength: 2 });

const kinds = { from: ["Same", "All", "Selector"] as const };
const listener = fc
  .record({
    port: fc.constantFrom(8080, 8081),
    hostname: fc.constantFrom("", "*.io", "a.io"),
    from: fc.constantFrom(...kinds.from),
  })
  .chain(({ port, hostname, from }) =>
    certificateRefs.map((refs) => {
      const more = {
        ...(hostname === "" ? {} : { hostname }),
        allowedRoutes: { namespaces: { from, selector: { matchLabels: { team: "yes" } } } },
      };
      const name = `l${port}-${hostname.replace("*", "any")}`;
      return refs.length === 0
        ? http(name, port, more)
        : https(name, port + 363, "", { ...more, tls: { certificateRefs: refs } });
    }),
  );

/** What a Gateway says beside its listeners. */
const gatewaySpec = fc
  .record({
    from: fc.constantFrom("None", "Same", "All"),
    clients: fc.constantFrom(undefined, "AllowValidOnly", "AllowInsecureFallback"),
    certificate: fc.option(fc.record({ name: names, namespace: namespaces }), { nil: undefined }),
  })
  .map(({ from, clients, certificate }): JsonObject => {
    const validation = {
      caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "a" }],
      mode: clients ?? "",
    };
    return {
      allowedListeners: { namespaces: { from } },
      tls: {
        ...(clients === undefined ? {} : { frontend: { default: { validation } } }),
        ...(certificate === undefined ? {} : { backend: { clientCertificateRef: certificate } }),
      },
    };
  });

const filters = fc.constantFrom<JsonObject[]>(
  [],
  [{ type: "RequestRedirect", requestRedirect: { scheme: "https" } }],
  [{ type: "RequestMirror", requestMirror: { backendRef: { name: "b", port: 80 } } }],
  [{ type: "ExtensionRef" }],
);

const caCertificateRefs = ["a", "b"].map((name) => ({ group: "", kind: "ConfigMap", name }));

/** One object of a small world, in one of many forms. */
const randomObject: fc.Arbitrary<JsonObject> = fc.oneof(
  fc
    .tuple(fc.array(listener, { maxLength: 3 }), gatewaySpec, place)
    .map(([listeners, spec, at]) => gateway(listeners, spec, at)),
  fc
    .tuple(fc.array(listener, { minLength: 1, maxLength: 2 }), place, fc.constantFrom(1, 2))
    .map(([listeners, at, day]) => {
      const spec = { parentRef: { name: "web", namespace: at.namespace } };
      const set = listenerSet("a", listeners, { ...at, creationTimestamp: `2026-01-0${day}T00:00:00Z` });
      return day === 1 ? set : { ...set, spec: { ...(set.spec as JsonObject), ...spec } };
    }),
  fc
    .tuple(names, fc.constantFrom(p256, p384), fc.constantFrom(p256, p384), place)
    .map(([name, { certificate }, { key }, at]) => sealedTlsSecret({ name, certificate, key, ...at })),
  fc
    .tuple(
      names,
      fc.subarray(["a.io", "*.io", "b.io"]),
      refs,
      fc.array(parent, { minLength: 1, maxLength: 2 }),
      place,
      filters,
    )
    .map(([name, hostnames, backendRefs, parentRefs, at, list]) => {
      const rules = [
        rule("/", list.length > 0 ? [] : backendRefs, { filters: list }),
        rule("/b", backendRefs),
      ];
      return httpRoute(name, { parentRefs, hostnames, rules }, at);
    }),
  fc
    .tuple(names, fc.subarray(["a.io", "*.io", "b.io"]), refs, parent, place, fc.constantFrom(1, 3))
    .map(([name, hostnames, backendRefs, parentRef, at, day]) =>
      grpcRoute(
        name,
        { parentRefs: [parentRef], hostnames, rules: [{ backendRefs }] },
        { ...at, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
      ),
    ),
  fc
    .tuple(names, fc.constantFrom("kubernetes.io/h2c", "http"), place)
    .map(([name, appProtocol, at]) =>
      service(name, { ports: [{ name: "http", port: 80, appProtocol }] }, at),
    ),
  fc
    .tuple(names, names, fc.constantFrom("127.0.0.1", "127.0.0.2"), place)
    .map(([name, of, address, at]) => endpointSlice(name, of, { endpoints: [{ addresses: [address] }] }, at)),
  fc.tuple(names, place).map(([name, at]) =>
    referenceGrant(
      name,
      {
        from: ["HTTPRoute", "Gateway", "ListenerSet"].map((kind) => ({
          group: "gateway.networking.k8s.io",
          kind,
          namespace: "default",
        })),
        to: ["Service", "Secret"].map((kind) => ({ group: "", kind, name })),
      },
      at,
    ),
  ),
  fc
    .tuple(names, fc.constantFrom(1, 2))
    .map(([name, port]) => backend(name, { endpoints: [{ ip: { address: "127.0.0.1", port } }] })),
  fc
    .tuple(names, names, fc.constantFrom("", "http"), place)
    .map(([name, of, sectionName, at]) =>
      tlsPolicy(name, [{ name: of, sectionName }], { caCertificateRefs }, at),
    ),
  fc
    .tuple(names, fc.constantFrom(p256.certificate, p384.certificate, "no PEM"), place)
    .map(([name, certificate, at]) => configMap(name, { "ca.crt": certificate }, at)),
  namespaces.chain((name) => fc.constantFrom("yes", "no").map((team) => samples.namespace(name, { team }))),
  fc
    .constantFrom("routeledger.dev/gateway", "example.com/other")
    .map((controllerName) => ({ ...gatewayClass, spec: { controllerName } })),
);

/** One change set: objects that are applied, or deleted. */
const randomStep: fc.Arbitrary<{ readonly change: JsonObject[]; readonly remove: boolean }> = fc.record({
  change: fc.array(randomObject, { minLength: 1, maxLength: 3 }),
  remove: fc.boolean(),
});

const everyNamespace = { allowedRoutes: { namespaces: { from: "All" } } };

/** Where histories begin: a Gateway that serves, and what routes may refer to. */
const randomBase: readonly JsonObject[] = [
  gatewayClass,
  gateway(
    [
      http("plain", 8080, everyNamespace),
      https("any", 8443, "a", everyNamespace),
      https("wild", 8443, "b", { ...everyNamespace, hostname: "*.io" }),
    ],
    { allowedListeners: { namespaces: { from: "All" } } },
  ),
  ...["a", "b"].flatMap((name) => [
    service(name),
    endpointSlice(name, name),
    sealedTlsSecret({ name, ...p256 }),
    configMap(name, { "ca.crt": p384.certificate }),
  ]),
  httpRoute("a", { hostnames: ["a.io"], rules: [rule("/", [{ name: "a", port: 80 }])] }),
  httpRoute("b", { rules: [rule("/", [{ name: "b", port: 80 }])] }),
  tlsPolicy("a", [{ name: "a" }], { caCertificateRefs }),
];

/** Fewer Envoy routes than the random worlds may ask for (G37). */
const fewEnvoyRoutes = 6;

for (const envoyRoutesMax of [undefined, fewEnvoyRoutes]) {
  const limit = envoyRoutesMax === undefined ? "" : `, of which ${envoyRoutesMax} matches fit`;
  test(`the cache never changes a result${limit}: any history translates as its last state alone does`, () => {
    fc.assert(
      fc.property(fc.array(randomStep, { maxLength: 12 }), (steps) => {
        const cache = new TranslationCache(envoyRoutesMax);
        let state: ConfigState = stateOf(randomBase);
        for (const { change, remove } of steps) {
          state = remove ? change.reduce(deleteObject, state) : applyObjects(state, change);
          deepEqual(plain(state, cache), plain(state, new TranslationCache(envoyRoutesMax)));
        }
      }),
      { numRuns: 200 },
    );
  });
}

const switchSteps = ["prepare", "try", "turn", "finish", "revert", "edit"] as const;

test("rules SW7 to SW9, P3: so does any history with switches, and every snapshot is closed", () => {
  const steps = fc.array(fc.tuple(randomStep, fc.constantFrom(...switchSteps)), { maxLength: 12 });
  let prepared = 0;
  fc.assert(
    fc.property(steps, (history) => {
      const cache = new TranslationCache();
      let state: ConfigState = stateOf(randomBase);
      for (const [{ change, remove }, step] of history) {
        if (step === "edit")
          state = remove ? change.reduce(deleteObject, state) : applyObjects(state, change);
        else state = switched(state, step, remove ? [] : change);
        if (step === "prepare" && state.openSwitch !== undefined) prepared++;
        deepEqual(plain(state, cache), plain(state, new TranslationCache()));
        for (const parts of translateAll(state, cache).groups.values())
          deepEqual(danglingReferences(snapshotOf([...parts.values()], 1)), []);
      }
    }),
    { numRuns: 200 },
  );
  ok(prepared > 50, `switches that change clusters, got ${prepared}`);
});

/** What does not fit changes nothing, as in the log. */
function switched(
  state: ConfigState,
  step: Exclude<(typeof switchSteps)[number], "edit">,
  objects: readonly JsonObject[],
): ConfigState {
  const revision = { epoch: 1, sequence: state.revision.sequence + 1 };
  const said = (fact: ConfigFact) => evolve(state, { revision, timeMs: 0, term: 0, fact });
  const open = state.openSwitch;
  const of = { prepared: open?.prepared ?? revision };
  switch (step) {
    case "prepare": {
      const changes = changesTo(state, [...objects, tlsPolicy("b", [{ name: "b" }], { caCertificateRefs })]);
      const outlook = planSwitch(state, changes);
      if (outlook.outcome !== "planned") return state;
      const timing = { deadlineMs: 1, trialMs: 1, watch: undefined };
      return said({ type: "switchPrepared", changes, ...outlook, ...timing });
    }
    case "try":
      return said({ type: "switchTried", ...of });
    case "turn":
      return said({ type: "switchTurned", ...of, changes: open?.plan.changes ?? [] });
    case "finish":
      return said({ type: "switchFinished", ...of });
    case "revert":
      return said({ type: "switchReverted", ...of, reason: "", changes: [] });
  }
}

function plain(state: ConfigState, cache?: TranslationCache) {
  const { groups, statuses } = translateAll(state, cache);
  return {
    groups: [...groups].map(([name, parts]) => [
      name,
      [...parts.values()].map(({ bytes: _bytes, ...part }) => part),
    ]),
    statuses: [...statuses],
  };
}
