import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { p256, p384, sealedTlsSecret } from "@routeledger/config-model/testing";
import { codec, type decoded, unpackAnyAs } from "@routeledger/protos";
import { assert, type JsonObject } from "@routeledger/std";
import {
  configMap,
  gateway,
  gatewayClass,
  httpRoute,
  https,
  referenceGrant,
  rule,
  service,
} from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const any = sealedTlsSecret({ name: "any", ...p256 });
const second = sealedTlsSecret({ name: "second", ...p384 });
const route = httpRoute("shop", { rules: [rule("/", [{ name: "a", port: 80 }])] });
const clients = { group: "", kind: "ConfigMap", name: "clients" };

function served(listeners: JsonObject[], ...more: JsonObject[]): Translated {
  return Translated.of(gatewayClass, gateway(listeners), service("a"), route, any, second, ...more);
}

function checked(validation: JsonObject, ...more: JsonObject[]): Translated {
  const tls = { frontend: { default: { validation } } };
  return Translated.of(gatewayClass, gateway([https("s", 443, "any")], { tls }), any, ...more);
}

function chains(translated: Translated): decoded.envoy.config.listener.v3.FilterChain[] {
  return translated
    .parts("listener")
    .flatMap(({ bytes }) => codec("envoy.config.listener.v3.Listener").decode(bytes).filterChains);
}

const contextName = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";

function contextOf(
  chain: decoded.envoy.config.listener.v3.FilterChain | undefined,
): decoded.envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext {
  const any = chain?.transportSocket?.typedConfig;
  assert(any !== undefined && any !== null, "a transport socket");
  return unpackAnyAs(contextName, any);
}

test("rule G88: each HTTPS listener is a filter chain that its hostname chooses, and none is chosen by `*`", () => {
  const translated = served([
    https("a", 443, "any"),
    https("b", 443, "any", { hostname: "*.x.io" }),
    https("c", 443, "second", { hostname: "a.x.io" }),
  ]);
  deepEqual(
    chains(translated).map(({ name, filterChainMatch }) => [name, filterChainMatch?.serverNames ?? null]),
    [
      ["https/443/*", null],
      ["https/443/*.x.io", ["*.x.io"]],
      ["https/443/a.x.io", ["a.x.io"]],
    ],
  );
});

test("rule G90: each HTTPS listener has a route table of its own", () => {
  const translated = served([https("a", 443, "any"), https("b", 443, "any", { hostname: "x.io" })]);
  deepEqual(translated.names("route"), ["https/443/*", "https/443/x.io"]);
});

test("rule G93: TLS 1.2 or newer, HTTP/2 by ALPN, certificates over SDS", () => {
  const [chain] = chains(served([https("a", 443, "any")]));
  const { commonTlsContext } = contextOf(chain);
  equal(commonTlsContext?.tlsParams?.tlsMinimumProtocolVersion, 3);
  deepEqual(commonTlsContext?.alpnProtocols, ["h2", "http/1.1"]);
  deepEqual(
    commonTlsContext?.tlsCertificateSdsSecretConfigs.map(({ name }) => name),
    ["secret/default/any"],
  );
});

test("rule G91: a host of another listener answers 421 on a connection that was made to this one", () => {
  const translated = served([
    https("a", 443, "any"),
    https("b", 443, "any", { hostname: "*.x.io" }),
    https("c", 443, "any", { hostname: "a.x.io" }),
  ]);
  const answers = (table: string): Record<string, string> =>
    Object.fromEntries(
      translated
        .hosts(table)
        .map(({ domains, routes }) => [
          domains.join(),
          String(routes[0]?.directResponse?.status ?? "served"),
        ]),
    );
  deepEqual(answers("https/443/*"), { "*": "served", "*.x.io": "421", "a.x.io": "421" });
  deepEqual(answers("https/443/*.x.io"), { "*": "421", "*.x.io": "served", "a.x.io": "421" });
  deepEqual(answers("https/443/a.x.io"), { "*": "421", "*.x.io": "421", "a.x.io": "served" });
});

test("rule G91: a host of no listener is unknown, not misdirected", () => {
  const translated = served([
    https("a", 443, "any", { hostname: "a.io" }),
    https("b", 443, "any", { hostname: "b.io" }),
  ]);
  deepEqual(
    translated.hosts("https/443/a.io").map(({ domains }) => domains.join()),
    ["a.io", "b.io"],
  );
});

test("rule G86: a certificate that cannot be served takes its listener away and leaves the others", () => {
  const wrongKey = sealedTlsSecret({ name: "wrong", certificate: p256.certificate, key: p384.key });
  const noPem = sealedTlsSecret({ name: "no-pem", certificate: "x", key: p384.key });
  const refs: [string, JsonObject][] = [
    ["wrong", { certificateRefs: [{ name: "wrong" }] }],
    ["no-pem", { certificateRefs: [{ name: "no-pem" }] }],
    ["missing", { certificateRefs: [{ name: "missing" }] }],
    ["kind", { certificateRefs: [{ kind: "ConfigMap", name: "any" }] }],
    ["group", { certificateRefs: [{ group: "example.com", name: "any" }] }],
    ["none", {}],
    ["hidden", { certificateRefs: [{ name: "any", namespace: "elsewhere" }] }],
  ];
  const translated = served(
    [
      https("good", 443, "any"),
      ...refs.map(([name, tls]) => https(name, 443, "any", { hostname: `${name}.io`, tls })),
    ],
    wrongKey,
    noPem,
  );
  deepEqual(
    refs.map(([name]) => translated.listener(name).summary.slice(-2).join(", ")),
    [
      ...Array(6).fill("Programmed=False Invalid, ResolvedRefs=False InvalidCertificateRef"),
      "Programmed=False Invalid, ResolvedRefs=False RefNotPermitted",
    ],
  );
  deepEqual(translated.names("route"), ["https/443/*"]);
  deepEqual(translated.names("secret"), ["secret/default/any"]);
});

test("rule G87: of several certificates all that are valid are served, and the others are said", () => {
  const tls = {
    certificateRefs: [{ name: "second" }, { name: "missing" }, { name: "any" }, { name: "any" }],
  };
  const translated = served([https("s", 443, "any", { tls })]);
  deepEqual(
    contextOf(chains(translated)[0]).commonTlsContext?.tlsCertificateSdsSecretConfigs.map(({ name }) => name),
    ["secret/default/second", "secret/default/any"],
  );
  deepEqual(translated.listener("s").summary.slice(-2), [
    "Programmed=True Programmed",
    "ResolvedRefs=False InvalidCertificateRef",
  ]);
});

test("rule G86: a grant for one Secret permits that one, and its removal takes the listener away at once", () => {
  const elsewhere = sealedTlsSecret({ name: "theirs", namespace: "elsewhere", ...p256 });
  const grant = referenceGrant(
    "certs",
    {
      from: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "default" }],
      to: [{ group: "", kind: "Secret", name: "theirs" }],
    },
    { namespace: "elsewhere" },
  );
  const tls = { certificateRefs: [{ name: "theirs", namespace: "elsewhere" }] };
  deepEqual(served([https("s", 443, "any", { tls })], elsewhere, grant).names("secret"), [
    "secret/elsewhere/theirs",
  ]);
  deepEqual(served([https("s", 443, "any", { tls })], elsewhere).names("listener"), []);
});

test("a private key stands in its SDS resource as it stands in the log: sealed", () => {
  const [part] = served([https("a", 443, "any")]).parts("secret");
  assert(part !== undefined, "a secret");
  const { tlsCertificate } = codec("envoy.extensions.transport_sockets.tls.v3.Secret").decode(part.bytes);
  equal(tlsCertificate?.privateKey?.inlineString, (any.sealedData as JsonObject)["tls.key"]);
  equal(tlsCertificate?.certificateChain?.inlineString, p256.certificate);
});

test("rule G95: AllowValidOnly requires a certificate of the CA, AllowInsecureFallback asks for any and says so", () => {
  const ca = configMap("clients", { "ca.crt": p384.certificate });
  const strict = checked({ caCertificateRefs: [clients], mode: "AllowValidOnly" }, ca);
  const strictContext = contextOf(chains(strict)[0]);
  equal(strictContext.requireClientCertificate?.value, true);
  equal(strictContext.commonTlsContext?.validationContextSdsSecretConfig?.name, "ca/default/clients");
  deepEqual(strict.names("secret"), ["ca/default/clients", "secret/default/any"]);

  const loose = checked({ caCertificateRefs: [clients], mode: "AllowInsecureFallback" }, ca);
  const looseContext = contextOf(chains(loose)[0]);
  equal(looseContext.requireClientCertificate ?? undefined, undefined);
  const combined = looseContext.commonTlsContext?.combinedValidationContext;
  equal(combined?.validationContextSdsSecretConfig?.name, "ca/default/clients");
  equal(combined?.defaultValidationContext?.trustChainVerification, 1);
  equal(loose.gatewayConditions()[1], "InsecureFrontendValidationMode=True ConfigurationChanged");
  equal(strict.gatewayConditions()[1], "Programmed=True Programmed");
});

test("rule G94: without one valid CA there is no handshake, rather than no check", () => {
  const cases: [JsonObject, string][] = [
    [clients, "InvalidCACertificateRef"],
    [{ group: "", kind: "Secret", name: "any" }, "InvalidCACertificateKind"],
    [{ ...clients, namespace: "elsewhere" }, "RefNotPermitted"],
  ];
  for (const [ref, reason] of cases) {
    const translated = checked(
      { caCertificateRefs: [ref] },
      configMap("clients", { "ca.crt": "no certificate" }),
    );
    const { summary } = translated.listener("s");
    deepEqual(
      [summary[0], summary[2], summary[3]],
      ["Accepted=False NoValidCACertificate", "Programmed=False Invalid", `ResolvedRefs=False ${reason}`],
    );
    deepEqual(translated.names("listener"), []);
  }
});

test("rule G94: what is said for a port replaces the default whole", () => {
  const tls = {
    frontend: {
      default: { validation: { caCertificateRefs: [clients] } },
      perPort: [{ port: 443, tls: {} }],
    },
  };
  const ca = configMap("clients", { "ca.crt": p384.certificate });
  const listeners = [https("a", 443, "any"), https("b", 444, "any")];
  const translated = Translated.of(gatewayClass, gateway(listeners, { tls }), any, ca);
  deepEqual(
    chains(translated).map((chain) => contextOf(chain).requireClientCertificate?.value ?? false),
    [false, true],
  );
});

test("rule G92: overlapping hostnames are said on all concerned, and on no other", () => {
  const translated = served([
    https("a", 443, "any", { hostname: "*.x.io" }),
    https("b", 443, "second", { hostname: "b.x.io" }),
    https("c", 443, "second", { hostname: "c.org" }),
    https("d", 444, "second", { hostname: "b.x.io" }),
  ]);
  const overlap = (name: string): string | undefined =>
    translated.listener(name).summary.find((one) => one.startsWith("OverlappingTLSConfig"));
  equal(overlap("a"), "OverlappingTLSConfig=True OverlappingCertificates");
  equal(overlap("c"), "OverlappingTLSConfig=True OverlappingCertificates");
  equal(overlap("d"), undefined);
});

test("rule G46: a redirect on an HTTPS listener keeps its scheme and port", () => {
  const redirect = httpRoute("r", {
    rules: [{ filters: [{ type: "RequestRedirect", requestRedirect: { hostname: "new.io" } }] }],
  });
  const translated = Translated.of(gatewayClass, gateway([https("s", 8443, "any")]), any, redirect);
  const [first] = translated.hosts("https/8443/*").flatMap(({ routes }) => routes);
  deepEqual([first?.redirect?.hostRedirect, first?.redirect?.portRedirect], ["new.io", 8443]);
});

test("options of ours that nobody knows are refused, those of others ignored", () => {
  const own = { certificateRefs: [{ name: "any" }], options: { "routeledger.dev/cipher": "x" } };
  const foreign = { certificateRefs: [{ name: "any" }], options: { "example.com/cipher": "x" } };
  equal(
    served([https("s", 443, "any", { tls: own })]).listener("s").summary[0],
    "Accepted=False UnsupportedValue",
  );
  equal(
    served([https("s", 443, "any", { tls: foreign })]).listener("s").summary[0],
    "Accepted=True Accepted",
  );
});
