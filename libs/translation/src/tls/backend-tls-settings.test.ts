import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { p256, sealedTlsSecret } from "@routeledger/config-model/testing";
import { unpackAnyAs } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import {
  backend,
  configMap,
  gateway,
  gatewayClass,
  http,
  httpRoute,
  rule,
  tlsPolicy,
} from "../sample-objects.ts";
import { Translated } from "../translated-state.ts";

const ca = configMap("ca", { "ca.crt": p256.certificate });
const ours = configMap("ours", { "ca.crt": p256.certificate });
const client = sealedTlsSecret({ name: "client", ...p256 });
const to = { group: "gateway.envoyproxy.io", kind: "Backend", name: "b" };
const base = [
  gatewayClass,
  gateway([http("http", 8080)]),
  httpRoute("shop", { rules: [rule("/", [to])] }),
  ca,
  ours,
  client,
];
const endpoints = [{ ip: { address: "127.0.0.1", port: 443 } }];
const cluster = "backend/default/b";
const refs = (name: string): JsonObject => ({ caCertificateRefs: [{ group: "", kind: "ConfigMap", name }] });

function withTls(tls: JsonObject | undefined, ...more: JsonObject[]): Translated {
  return Translated.of(...base, backend("b", { endpoints, ...(tls === undefined ? {} : { tls }) }), ...more);
}

function httpOptions(translated: Translated) {
  const [any] = Object.values(translated.cluster(cluster).typedExtensionProtocolOptions);
  const options = any && unpackAnyAs("envoy.extensions.upstreams.http.v3.HttpProtocolOptions", any);
  return options?.upstreamHttpProtocolOptions;
}

test("a Backend's own TLS: CA certificates, the name to ask for, versions and a client certificate", () => {
  const clientCertificateRef = { name: "client" };
  const translated = withTls({ ...refs("ours"), sni: "b.io", minVersion: "1.3", clientCertificateRef });
  const tls = translated.upstreamTls(cluster);
  equal(tls?.sni, "b.io");
  const { combinedValidationContext, tlsParams, tlsCertificateSdsSecretConfigs } =
    tls?.commonTlsContext ?? {};
  equal(combinedValidationContext?.validationContextSdsSecretConfig?.name, "ca/default/ours");
  const [name] = combinedValidationContext?.defaultValidationContext?.matchTypedSubjectAltNames ?? [];
  equal(name?.matcher?.exact, "b.io");
  equal(tlsParams?.tlsMinimumProtocolVersion, 4);
  deepEqual(
    tlsCertificateSdsSecretConfigs?.map((one) => one.name),
    ["secret/default/client"],
  );
  equal(httpOptions(translated), undefined);
});

test("a Backend without sni is asked for the request's host, and must prove to be it", () => {
  const options = httpOptions(withTls(refs("ours")));
  deepEqual([options?.autoSni, options?.autoSanValidation], [true, true]);
});

test("insecureSkipVerify checks nothing, and says so to Envoy", () => {
  const translated = withTls({ insecureSkipVerify: true });
  const context = translated.upstreamTls(cluster)?.commonTlsContext;
  deepEqual([context?.validationContext, context?.combinedValidationContext], [undefined, undefined]);
  const options = httpOptions(translated);
  deepEqual([options?.autoSni, options?.autoSanValidation], [true, false]);
});

test("a BackendTLSPolicy goes before what the Backend says, also where the Backend would skip the check", () => {
  const target = { group: "gateway.envoyproxy.io", kind: "Backend", name: "b" };
  for (const tls of [undefined, { ...refs("ours"), sni: "b.io" }, { insecureSkipVerify: true }]) {
    const translated = withTls(tls, tlsPolicy("p", [target]));
    const context = translated.upstreamTls(cluster);
    equal(context?.sni, "p.example.com");
    const combined = context?.commonTlsContext?.combinedValidationContext;
    equal(combined?.validationContextSdsSecretConfig?.name, "ca/default/ca");
    equal(httpOptions(translated), undefined);
  }
});

test("what of a Backend's TLS cannot be served is not reached in plain text", () => {
  const refused: [JsonObject, string][] = [
    [{ ...refs("ours"), ciphers: ["AES128-SHA"] }, "UnsupportedValue"],
    [{ ...refs("ours"), minVersion: "1.1" }, "UnsupportedValue"],
    [{ ...refs("ours"), autoSNIFromEndpointHostname: true }, "UnsupportedValue"],
    [{ ...refs("ours"), insecureSkipVerify: true }, "UnsupportedValue"],
    [{ wellKnownCACertificates: "example.com/ours" }, "UnsupportedValue"],
    [refs("missing"), "InvalidBackendTLS"],
    [{ ...refs("ours"), clientCertificateRef: { name: "missing" } }, "InvalidBackendTLS"],
    [{ sni: "b.io" }, "InvalidBackendTLS"],
  ];
  for (const [tls, reason] of refused) {
    const translated = withTls(tls);
    deepEqual(translated.answers(), ["default/shop/0/0 -> 500"], JSON.stringify(tls));
    deepEqual(translated.names("cluster"), []);
    equal(translated.routeConditions("shop")[1], `ResolvedRefs=False ${reason}`);
  }
});
