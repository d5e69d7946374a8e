import { p256 } from "@routeledger/config-model/testing";
import type { JsonObject, JsonValue } from "@routeledger/std";
import fc, { type Arbitrary } from "fast-check";
import { grpcRouteSpec } from "./nasty-grpc-route.ts";
import { backendName, few, namespace, patternRouteSpec, routeSpec, some } from "./nasty-route.ts";
import { backendTls, configMapFields, gatewayTls, policySpec, secretFields } from "./nasty-tls.ts";
import * as values from "./nasty-values.ts";

const gatewayApi = "gateway.networking.k8s.io/v1";

const listener = some(
  {
    hostname: values.hostname,
    port: fc.constantFrom(80, 80, 8080, 65_535),
    protocol: fc.constantFrom(
      ...Array<string>(8).fill("HTTP"),
      "HTTPS",
      "TLS",
      "TCP",
      "UDP",
      "example.com/bar",
      "constructor",
    ),
    allowedRoutes: fc.constantFrom<JsonObject>(
      { namespaces: { from: "All" } },
      { namespaces: { from: "Same" } },
      { namespaces: { from: "Selector", selector: { matchLabels: { team: "x" } } } },
      { kinds: [{ kind: "GRPCRoute" }, { kind: "HTTPRoute" }] },
    ),
  },
  ["port", "protocol"],
);

const address = fc.oneof(
  some({ type: fc.constant("IPAddress"), value: values.ipAddress }, ["value"]),
  some({ type: fc.constantFrom("Hostname", "example.com/named"), value: values.hostname }, ["type", "value"]),
);

const gatewaySpec = fc
  .record({
    listeners: few(listener, 4),
    addresses: fc.oneof(
      { arbitrary: fc.constant([] as JsonValue[]), weight: 3 },
      { arbitrary: few(address, 2), weight: 1 },
    ),
    tls: fc.option(gatewayTls, { nil: undefined }),
  })
  .map(({ listeners, addresses, tls }): JsonObject => {
    const first = { name: "l", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "All" } } };
    const others = listeners.map((one, index) => ({ ...(one as JsonObject), name: `l${index}` }));
    const certificates = tls === undefined ? {} : { tls };
    const spec = { gatewayClassName: "routeledger", listeners: [first, ...others], ...certificates };
    return addresses.length === 0 ? spec : { ...spec, addresses };
  });

const serviceSpec = some(
  {
    type: fc.constantFrom("ClusterIP", "ClusterIP", "ClusterIP", "ClusterIP", "ClusterIP", "ExternalName"),
    externalName: fc.constant("example.com"),
    ports: fc.array(
      some(
        {
          name: fc.constantFrom("http", "http", "other"),
          port: fc.constantFrom(80, 80, 80, 81, 443),
          protocol: fc.constantFrom("TCP", "TCP", "TCP", "TCP", "UDP"),
          appProtocol: fc.constantFrom("kubernetes.io/h2c", "kubernetes.io/h2c", "https", "example.com/x"),
        },
        ["port", "name"],
      ),
      { minLength: 1, maxLength: 3 },
    ),
  },
  ["ports"],
);

const sliceFields = some(
  {
    addressType: fc.constantFrom("IPv4", "IPv4", "IPv6", "FQDN"),
    ports: few(
      some({
        name: fc.constantFrom<JsonValue>("http", "http", "other", "", null),
        port: fc.constantFrom<JsonValue>(3000, 3000, 65_535, 0, null),
        protocol: fc.constantFrom("TCP", "TCP", "UDP", "SCTP"),
      }),
      2,
    ),
    endpoints: few(
      some(
        {
          addresses: fc.array(values.ipAddress, { minLength: 1, maxLength: 2 }),
          conditions: some({
            ready: fc.constantFrom<JsonValue>(true, false, null),
            serving: fc.constantFrom<JsonValue>(true, false, null),
          }),
        },
        ["addresses"],
      ),
    ),
  },
  ["addressType", "endpoints", "ports"],
);

const backendSpec = some({
  tls: backendTls,
  type: fc.constantFrom("Endpoints", "Endpoints", "Endpoints", "DynamicResolver"),
  endpoints: few(
    fc.oneof(
      some({ ip: some({ address: values.ipAddress, port: values.port }, ["address", "port"]) }, ["ip"]),
      some({ fqdn: some({ hostname: values.hostname, port: values.port }, ["hostname", "port"]) }, ["fqdn"]),
      some({ unix: some({ path: values.socketPath }, ["path"]) }, ["unix"]),
    ),
  ),
  appProtocols: fc.array(fc.constantFrom("gateway.envoyproxy.io/h2c", "gateway.envoyproxy.io/wss"), {
    maxLength: 1,
  }),
});

const grantSpec = fc.constantFrom<JsonObject>(
  {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" }],
    to: [{ group: "", kind: "Service" }],
  },
  {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "other" }],
    to: [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "a" }],
  },
);

function named(
  apiVersion: string,
  kind: string,
  of: { name: Arbitrary<string>; namespace?: Arbitrary<string>; body: Arbitrary<JsonObject> },
): Arbitrary<JsonObject> {
  return fc
    .record({
      name: of.name,
      place: of.namespace ?? namespace,
      body: of.body,
      created: fc.constantFrom(1, 2),
    })
    .map(({ name, place, body, created }): JsonObject => {
      const creationTimestamp = `2026-01-0${created}T00:00:00Z`;
      return { apiVersion, kind, metadata: { name, namespace: place, creationTimestamp }, ...body };
    });
}

const spec = (of: Arbitrary<JsonObject>): Arbitrary<JsonObject> => of.map((made) => ({ spec: made }));

const gateway = named(gatewayApi, "Gateway", {
  name: fc.constantFrom("web", "web", "other"),
  namespace: fc.constant("default"),
  body: spec(gatewaySpec),
});

export const route: Arbitrary<JsonObject> = named(gatewayApi, "HTTPRoute", {
  name: fc.constantFrom("r1", "r2", "r3", "r4", "r5"),
  body: spec(routeSpec),
});

const grpcRoute = named(gatewayApi, "GRPCRoute", {
  name: fc.constantFrom("r1", "g1", "g2"),
  body: spec(grpcRouteSpec),
});

const service = named("v1", "Service", { name: backendName, body: spec(serviceSpec) });

const slice = fc
  .record({
    made: named("discovery.k8s.io/v1", "EndpointSlice", {
      name: fc.constantFrom("s1", "s2", "s3"),
      body: sliceFields,
    }),
    of: backendName,
  })
  .map(({ made, of }): JsonObject => {
    const labels = { "kubernetes.io/service-name": of };
    return { ...made, metadata: { ...(made.metadata as JsonObject), labels } };
  });

const backend = named("gateway.envoyproxy.io/v1alpha1", "Backend", {
  name: fc.oneof(backendName, fc.constant("d.e")),
  body: spec(backendSpec),
});

const grant = named(gatewayApi, "ReferenceGrant", {
  name: fc.constantFrom("g1", "g2"),
  body: spec(grantSpec),
});

const gatewayClass: JsonObject = {
  apiVersion: gatewayApi,
  kind: "GatewayClass",
  metadata: { name: "routeledger", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { controllerName: "routeledger.dev/gateway" },
};

/** What most references find, unless a generated object of the name replaces it. */
const base: JsonObject[] = [
  gatewayClass,
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "ca", namespace: "default" },
    data: { "ca.crt": p256.certificate },
  },
  {
    apiVersion: gatewayApi,
    kind: "BackendTLSPolicy",
    metadata: { name: "p1", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: {
      targetRefs: [
        { group: "", kind: "Service", name: "a", sectionName: "other" },
        { group: "", kind: "Service", name: "b" },
        { group: "gateway.envoyproxy.io", kind: "Backend", name: "b" },
      ],
      validation: {
        hostname: "a.example.com",
        caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }],
      },
    },
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "ca", namespace: "default" },
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": p256.certificate, "tls.key": p256.key },
  },
  ...["a", "b"].map((name): JsonObject => {
    const ports = [
      { name: "http", port: 80, protocol: "TCP" },
      { name: "other", port: 81, protocol: "TCP", appProtocol: "kubernetes.io/h2c" },
    ];
    return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" }, spec: { ports } };
  }),
  ...["a", "b", "c"].map((name): JsonObject => {
    const endpoint =
      name === "a"
        ? { ip: { address: "127.0.0.9", port: 80 } }
        : { fqdn: { hostname: "localhost", port: 80 } };
    return {
      apiVersion: "gateway.envoyproxy.io/v1alpha1",
      kind: "Backend",
      metadata: { name, namespace: "default" },
      spec: { type: "Endpoints", endpoints: [endpoint] },
    };
  }),
];

/** Kinds that are looked at, or must not disturb. */
const otherKind = fc.oneof(
  named("v1", "ConfigMap", { name: fc.constantFrom("ca", "ca2"), body: configMapFields }),
  named("v1", "Secret", { name: fc.constantFrom("ca", "ca2"), body: secretFields }),
  fc.constantFrom<JsonObject>({ team: "x" }, {}).map((labels): JsonObject => {
    return { apiVersion: "v1", kind: "Namespace", metadata: { name: "other", labels } };
  }),
);

const policy = named(gatewayApi, "BackendTLSPolicy", {
  name: fc.constantFrom("p1", "p2", "p3"),
  body: spec(policySpec),
});

/** Any object of a kind that is translated. */
export const anyObject: Arbitrary<JsonObject> = fc.oneof(
  { arbitrary: gateway, weight: 2 },
  { arbitrary: route, weight: 8 },
  { arbitrary: grpcRoute, weight: 4 },
  { arbitrary: service, weight: 5 },
  { arbitrary: slice, weight: 4 },
  { arbitrary: backend, weight: 3 },
  { arbitrary: grant, weight: 1 },
  { arbitrary: policy, weight: 2 },
  { arbitrary: otherKind, weight: 2 },
);

/** Objects of a state, always with a Gateway; the last of one name counts. Not validated. */
export const objects: Arbitrary<JsonObject[]> = fc
  .tuple(gateway, fc.array(anyObject, { minLength: 6, maxLength: 20 }))
  .map(([first, others]) => unique([...base, first, ...others]));

/** States of regular expressions. */
export const patternObjects: Arbitrary<JsonObject[]> = patternRouteSpec.map((made) => {
  const listeners = [{ name: "l", port: 80, protocol: "HTTP" }];
  const metadata = { name: "web", namespace: "default" };
  return [
    gatewayClass,
    {
      apiVersion: gatewayApi,
      kind: "Gateway",
      metadata,
      spec: { gatewayClassName: "routeledger", listeners },
    },
    { apiVersion: gatewayApi, kind: "HTTPRoute", metadata: { name: "r", namespace: "default" }, spec: made },
  ];
});

/** The last of each kind, namespace and name. */
export function unique(all: readonly JsonObject[]): JsonObject[] {
  return [...new Map(all.map((object) => [keyOf(object), object])).values()];
}

export function keyOf({ kind, metadata }: JsonObject): string {
  const { namespace: place, name } = metadata as JsonObject;
  return `${String(kind)}/${String(place)}/${String(name)}`;
}
