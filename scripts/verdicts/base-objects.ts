import type { JsonObject, JsonValue } from "@routeledger/std";

const GATEWAY_API = "gateway.networking.k8s.io/v1";

/** Good objects that use as many fields as is readable, to be changed at random. */
export const BASE_OBJECTS: readonly JsonObject[] = [
  object(GATEWAY_API, "HTTPRoute", {
    parentRefs: [{ name: "web", sectionName: "http", port: 80 }],
    hostnames: ["a.example", "*.b.example"],
    rules: [
      {
        name: "first",
        matches: [
          { path: { type: "Exact", value: "/a" }, headers: [{ name: "x", value: "1" }], method: "GET" },
          { queryParams: [{ type: "RegularExpression", name: "q", value: ".*" }] },
        ],
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: { set: [{ name: "x", value: "1" }], remove: ["y"] },
          },
        ],
        backendRefs: [
          { name: "s", port: 80, weight: 3 },
          { name: "t", kind: "Service", group: "", port: 81 },
        ],
        timeouts: { request: "10s", backendRequest: "5s" },
        retry: { codes: [500, 503], attempts: 2, backoff: "100ms" },
        sessionPersistence: { sessionName: "s", type: "Cookie", absoluteTimeout: "1h" },
      },
      {
        filters: [
          {
            type: "RequestRedirect",
            requestRedirect: { scheme: "https", hostname: "c.example", port: 443, statusCode: 301 },
          },
        ],
      },
    ],
  }),
  object(GATEWAY_API, "Gateway", {
    gatewayClassName: "routeledger",
    addresses: [{ value: "10.0.0.1" }, { type: "Hostname", value: "a.example" }],
    listeners: [
      { name: "http", port: 80, protocol: "HTTP", hostname: "*.a.example" },
      {
        name: "https",
        port: 443,
        protocol: "HTTPS",
        tls: { certificateRefs: [{ name: "cert" }], options: { "example.com/a": "b" } },
        allowedRoutes: {
          namespaces: { from: "Selector", selector: { matchLabels: { a: "b" } } },
          kinds: [{ kind: "HTTPRoute" }],
        },
      },
    ],
  }),
  object(GATEWAY_API, "GRPCRoute", {
    parentRefs: [{ name: "web" }],
    rules: [
      {
        matches: [{ method: { service: "a.B", method: "C" }, headers: [{ name: "x", value: "1" }] }],
        backendRefs: [{ name: "s", port: 80 }],
      },
    ],
  }),
  object(GATEWAY_API, "TLSRoute", {
    hostnames: ["a.example"],
    rules: [{ backendRefs: [{ name: "s", port: 443 }] }],
  }),
  object(GATEWAY_API, "GatewayClass", { controllerName: "routeledger.dev/gateway", description: "d" }),
  object("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "a" }],
    to: [{ group: "", kind: "Service", name: "s" }],
  }),
  object(GATEWAY_API, "BackendTLSPolicy", {
    targetRefs: [{ group: "", kind: "Service", name: "s", sectionName: "p" }],
    validation: {
      hostname: "a.example",
      caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }],
      subjectAltNames: [{ type: "URI", uri: "spiffe://a/b" }],
    },
    options: { "example.com/a": "b" },
  }),
  object("gateway.envoyproxy.io/v1alpha1", "Backend", {
    type: "Endpoints",
    endpoints: [
      { ip: { address: "10.0.0.1", port: 80 } },
      { unix: { path: "/run/a.sock" }, zone: "z", hostname: "b.example" },
    ],
    appProtocols: ["gateway.envoyproxy.io/h2c"],
    tls: {
      minVersion: "1.2",
      maxVersion: "1.3",
      insecureSkipVerify: true,
      autoSNIFromEndpointHostname: false,
    },
  }),
  object("gateway.envoyproxy.io/v1alpha1", "Backend", {
    endpoints: [{ fqdn: { hostname: "a.example", port: 80 }, zone: "z" }],
    tls: { caCertificateRefs: [{ name: "ca", group: "", kind: "ConfigMap" }], sni: "a.example" },
  }),
  object("v1", "Service", {
    type: "NodePort",
    selector: { app: "a" },
    ports: [
      { name: "a", port: 80, targetPort: 8080, appProtocol: "kubernetes.io/h2c" },
      { name: "b", port: 443, nodePort: 30443, targetPort: "https" },
    ],
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
    clusterIP: "10.0.0.1",
    externalIPs: ["10.0.0.9"],
  }),
  object("v1", "Service", {
    type: "LoadBalancer",
    ports: [{ port: 80 }],
    externalTrafficPolicy: "Local",
    healthCheckNodePort: 30001,
    loadBalancerClass: "a/b",
    loadBalancerSourceRanges: ["10.0.0.0/8"],
  }),
  object("v1", "Service", { type: "ExternalName", externalName: "a.example." }),
  object("v1", "Service", {
    clusterIP: "None",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    ports: [],
  }),
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: metadata(),
    addressType: "IPv4",
    endpoints: [
      {
        addresses: ["10.0.0.1"],
        conditions: { ready: true },
        hostname: "a",
        nodeName: "n",
        hints: { forZones: [{ name: "z" }] },
      },
    ],
    ports: [{ name: "a", port: 80, appProtocol: "http" }, { port: 81 }],
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata(),
    type: "kubernetes.io/tls",
    data: { "tls.crt": "AA==", "tls.key": "AA==" },
    stringData: { a: "b" },
  },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(),
    data: { "ca.crt": "x" },
    binaryData: { b: "AA==" },
  },
  object("v1", "Namespace", { finalizers: ["kubernetes"] }),
];

/** Values that are wrong in one place and right in another. */
export const OTHER_VALUES: readonly JsonValue[] = [
  ...[
    null,
    true,
    -1,
    0,
    1.5,
    80,
    65_536,
    99_999_999_999,
    "",
    "a",
    "A",
    "-a",
    "a-",
    "a_b",
    "a b",
    "é",
    "..",
    "1",
    "*",
  ],
  ...[
    "a.example",
    "a.example.",
    "*.a.example",
    "a/b",
    "a.b/c",
    "/a",
    "a\nb",
    "http://a",
    "a".repeat(64),
    "10s",
    "1h1m1s1ms1s",
  ],
  ...[
    "10.0.0.2",
    "::1",
    "fe80::1",
    "169.254.1.1",
    "0.0.0.0",
    "256.1.1.1",
    "01.2.3.4",
    "10.0.0.0/33",
    "None",
    "AA==",
    "A",
  ],
  ...[
    "Exact",
    "Prefix",
    "GET",
    "TCP",
    "tcp",
    "HTTP",
    "IPAddress",
    "Same",
    "None",
    "ClientIP",
    "ClusterIP",
    "LoadBalancer",
  ],
  ...[
    "Cluster",
    "Local",
    "IPv4",
    "FQDN",
    "Opaque",
    "kubernetes.io/tls",
    "kubernetes",
    "Endpoints",
    "1.3",
    "Terminate",
  ],
  ...[[], {}, [{}], ["10.0.0.1"], { a: null }],
];

function object(apiVersion: string, kind: string, spec: JsonObject): JsonObject {
  return { apiVersion, kind, metadata: metadata(), spec };
}

function metadata(): JsonObject {
  return { name: "a", labels: { app: "a" } };
}
