import type { ConformanceCase, ExpectedCall, ExpectedRequest, ExpectedResponse, Step } from "./case.ts";
import { mutations } from "./mutations.ts";

const Namespace = "gateway-conformance-infra";

interface Asked extends ExpectedRequest {
  /** The pod that answers, or a status. */
  readonly gets: string | number;
  /** Default: `same-namespace`, its port 80, or 443 for `tls`. */
  readonly gateway?: string;
  /** Presents a certificate: of the Gateway's authority, or of the one for a port of its own. */
  readonly shows?: "own" | "other";
  /** Asks over TLS, by this name. */
  readonly sni?: string;
  readonly more?: Partial<ExpectedResponse>;
}

function ask({ gets, gateway, shows, sni, more, ...Request }: Asked): Step {
  const answer =
    typeof gets === "number" ? { Response: { StatusCodes: [gets] } } : { Backend: gets, Namespace };
  const expected: ExpectedResponse = { Request, ...answer, ...more };
  const gwAddr = `${gateway ?? "same-namespace"}.${Namespace}.gw`;
  const how = sni === undefined ? "http.MakeRequest" : "tls.MakeTLSRequest";
  const args = { expected, gwAddr, ...(sni !== undefined && { serverName: sni, ...shown(shows) }) };
  return { fn: `${how}AndExpectEventuallyConsistentResponse`, args, sub: JSON.stringify(Request) };
}

/** Certificates are told apart by the lengths of their keys, as in the recorded cases. */
function shown(which: Asked["shows"]): Step["args"] {
  if (which === undefined) return {};
  return { clientCertificateKey: which === "own" ? "<1679 bytes>" : "<1675 bytes>" };
}

function accepted(Name: string, ...routes: readonly string[]): Step {
  const routeNNs = routes.map((route) => ({ Name: route, Namespace }));
  return {
    fn: "kubernetes.GatewayAndHTTPRoutesMustBeAccepted",
    args: { gw: { Name, Namespace }, routeNNs },
  };
}

function grpc(method: string, expected: ExpectedCall): Step {
  return {
    fn: "grpc.MakeRequestAndExpectEventuallyConsistentResponse",
    sub: `GrpcEcho/${method}`,
    args: { expected: expected as ExpectedResponse & ExpectedCall, gwAddr: `same-namespace.${Namespace}.gw` },
  };
}

function made(name: string, manifest: string, steps: readonly Step[]): ConformanceCase {
  const manifests = [`tests/${manifest}.yaml`];
  return { name, features: [], manifests, provisional: false, incomplete: false, steps };
}

const httpsGateway = "same-namespace-with-https-listener";
const isolated = "http-listener-isolation";
const certified = "client-validation-default";
const sets = "gateway-with-listener-sets-http-routing";

/**
 * What the manifests of the official suite's Go module must become, by the words of Gateway API's fields: one case a
 * part of what is served. The names are sentences, with the rules of gateway-rules.md.
 */
export const moduleCases: readonly ConformanceCase[] = [
  made("G26, G34: the more specific match answers, by elements of the path", "httproute-matching", [
    accepted("same-namespace", "matching"),
    ask({ Path: "/", gets: "infra-backend-v1" }),
    ask({ Path: "/v2/example", gets: "infra-backend-v2" }),
    ask({ Path: "/v2example", gets: "infra-backend-v1" }),
    ask({ Path: "/", Headers: { Version: "two" }, gets: "infra-backend-v2" }),
  ]),
  {
    ...made("G69: a grant that goes is revoked at once", "httproute-reference-grant", [
      accepted("same-namespace", "reference-grant"),
      ask({ Path: "/", gets: "web-backend", more: { Namespace: "gateway-conformance-web-backend" } }),
      ask({ Path: "/", gets: 500 }),
    ]),
    mutations: (mutations.HTTPRouteReferenceGrant ?? []).map((one) => ({ ...one, before: 2 })),
  },
  made("G66: weights are shares, and 0 is none", "httproute-weight", [
    accepted("same-namespace", "weighted-backends"),
    {
      fn: "weight.TestWeightedDistribution",
      args: {
        expectedWeights: { "infra-backend-v1": 0.7, "infra-backend-v2": 0.3, "infra-backend-v3": 0 },
      },
    },
    {
      fn: "http.MakeRequestAndExpectEventuallyConsistentResponse",
      args: {
        expected: { Request: { Path: "/" }, Namespace },
        gwAddr: `same-namespace.${Namespace}.gw`,
      },
    },
  ]),
  made("G45, G48: a redirect has its code, and keeps the path", "httproute-redirect-host-and-status", [
    ask({ Path: "/hostname-redirect", gets: 302, more: { RedirectRequest: { Host: "example.org" } } }),
    ask({ Path: "/host-and-status", gets: 301, more: { RedirectRequest: { Host: "example.org" } } }),
  ]),
  made("G51: a prefix is replaced by another one, and by none", "httproute-rewrite-path", [
    ask({
      ...{ Path: "/prefix/one/two", gets: "infra-backend-v1" },
      more: { ExpectedRequest: { Path: "/one/two" } },
    }),
    ask({
      ...{ Path: "/strip-prefix", gets: "infra-backend-v1" },
      more: { ExpectedRequest: { Path: "/" } },
    }),
  ]),
  made("G55: a mirrored request reaches both backends", "httproute-request-mirror", [
    {
      fn: "http.ExpectMirroredRequest",
      args: { mirrorPods: [{ Name: "infra-backend-v2", Namespace }], path: "/mirror?of=module" },
    },
    ask({ Path: "/mirror?of=module", gets: "infra-backend-v1" }),
  ]),
  made("G57, G58: a preflight is answered for those origins alone", "httproute-cors", [
    ask({
      ...{ Method: "OPTIONS", Path: "/cors-1", gets: 200 },
      Headers: { Origin: "https://www.foo.com", "Access-Control-Request-Method": "GET" },
      more: {
        ExpectedRequest: { Method: "OPTIONS" },
        Response: {
          StatusCodes: [200, 204],
          Headers: { "access-control-allow-origin": "https://www.foo.com" },
        },
      },
    }),
    ask({
      ...{ Method: "OPTIONS", Path: "/cors-1", gets: 200 },
      Headers: { Origin: "https://foobar.com", "Access-Control-Request-Method": "GET" },
      more: {
        ExpectedRequest: { Method: "OPTIONS" },
        Response: { StatusCodes: [200, 204], AbsentHeaders: ["access-control-allow-origin"] },
      },
    }),
  ]),
  made("G12: a host belongs to the most specific listener", "gateway-http-listener-isolation", [
    ask({ gateway: isolated, Host: "bar.com", Path: "/empty-hostname", gets: "infra-backend-v1" }),
    ask({ gateway: isolated, Host: "bar.example.com", Path: "/empty-hostname", gets: 404 }),
    ask({
      ...{ gateway: isolated, Host: "abc.foo.example.com", Path: "/abc-foo-example-com" },
      gets: "infra-backend-v1",
    }),
    ask({ gateway: isolated, Host: "abc.foo.example.com", Path: "/wildcard-foo-example-com", gets: 404 }),
  ]),
  made(
    "G88, G91: a certificate's listener answers for its hosts, and 421 for those of others",
    "httproute-https-listener-detect-misdirected-requests",
    [
      ask({
        ...{ gateway: httpsGateway, sni: "example.org", Host: "example.org", Protocol: "H2" },
        ...{ Path: "/detect-misdirected-requests", gets: "infra-backend-v1" },
      }),
      ask({
        ...{ gateway: httpsGateway, sni: "example.org", Host: "second-example.org", Protocol: "H2" },
        ...{ Path: "/detect-misdirected-requests", gets: 421 },
      }),
    ],
  ),
  made(
    "G94, G95: only clients with a certificate of that authority are let in",
    "gateway-with-clientcertificate-validation",
    [
      ask({
        ...{ gateway: certified, sni: "example.org", shows: "own" },
        ...{ Host: "example.org", Path: "/", gets: "infra-backend-v1" },
      }),
      ...(["other", undefined] as const).map((shows) => ({
        ...ask({
          gateway: certified,
          sni: "example.org",
          Host: "example.org",
          gets: 0,
          ...(shows && { shows }),
        }),
        fn: "tls.MakeTLSRequestAndExpectEventuallyConsistentFailureResponse",
      })),
    ],
  ),
  made("G98, G99: a backend of another name, or another authority, is not talked to", "backendtlspolicy", [
    ask({
      ...{ Host: "abc.example.com", Path: "/backendtlspolicy", gets: "tls-backend" },
      SNI: "abc.example.com",
    }),
    ...["host-mismatch", "cert-mismatch"].map((what) =>
      ask({ Host: "abc.example.com", Path: `/backendtlspolicy-${what}`, gets: 503 }),
    ),
  ]),
  made(
    "G40: a method of gRPC goes to its backend, any other is unimplemented",
    "grpcroute-exact-method-matching",
    [
      grpc("Echo", { Backend: "grpc-infra-backend-v1", Namespace }),
      grpc("EchoTwo", { Backend: "grpc-infra-backend-v2", Namespace }),
      grpc("EchoThree", { Response: { Code: 12 } }),
    ],
  ),
  made("G10: listeners of a ListenerSet serve beside those of its Gateway", "listenerset-http-routing", [
    ask({ gateway: sets, Host: "gateway-listener-1.com", Path: "/route", gets: "infra-backend-v1" }),
    ask({
      ...{ gateway: sets, Host: "listener-set-http-routing-1-listener-1.com", Path: "/route" },
      gets: "infra-backend-v1",
    }),
  ]),
];
