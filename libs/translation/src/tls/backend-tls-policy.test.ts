import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { test } from "node:test";
import { p256, p384, sealedTlsSecret } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import {
  configMap,
  endpointSlice,
  gateway,
  gatewayClass,
  grpcRoute,
  grpcRule,
  http,
  httpRoute,
  referenceGrant,
  rule,
  service,
  tlsPolicy,
} from "../sample-objects.ts";
import { applyObjects, deleteObject, partJson, stateOf } from "../testing.ts";
import { translateAll } from "../translate-all.ts";
import { Translated } from "../translated-state.ts";
import { TranslationCache } from "../translation-cache.ts";

const ca = configMap("ca", { "ca.crt": p256.certificate });
const listeners = [http("http", 8080)];
const cluster = "service/default/a/80";
const toA = httpRoute("shop", { rules: [rule("/", [{ name: "a", port: 80 }])] });
const base = [gatewayClass, gateway(listeners), service("a"), toA, ca];

function names(translated: Translated, name = cluster): string[] {
  const { commonTlsContext } = translated.upstreamTls(name) ?? {};
  const context =
    commonTlsContext?.combinedValidationContext?.defaultValidationContext ??
    commonTlsContext?.validationContext;
  return (context?.matchTypedSubjectAltNames ?? []).map(
    ({ sanType, matcher }) => `${sanType === 2 ? "DNS" : sanType === 3 ? "URI" : sanType} ${matcher?.exact}`,
  );
}

test("rules G97 and G99: a policy's target speaks TLS, asks for the hostname, and must prove to be it", () => {
  const translated = Translated.of(...base, tlsPolicy("p", ["a"]));
  const tls = translated.upstreamTls(cluster);
  equal(tls?.sni, "p.example.com");
  deepEqual(names(translated), ["DNS p.example.com"]);
  deepEqual(tls?.commonTlsContext?.alpnProtocols, ["http/1.1"]);
  const { tlsMinimumProtocolVersion, tlsMaximumProtocolVersion } = tls?.commonTlsContext?.tlsParams ?? {};
  deepEqual([tlsMinimumProtocolVersion, tlsMaximumProtocolVersion], [3, 4]);
  deepEqual(translated.routeConditions("shop"), ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"]);
  deepEqual(translated.ancestorConditions("p"), ["Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"]);
});

test("rule G97: clusters of HTTP/2 agree on h2, and those of mirrors speak TLS as well", () => {
  const filters = [{ type: "RequestMirror", requestMirror: { backendRef: { name: "b", port: 80 } } }];
  const mirroring = httpRoute("shop", { rules: [rule("/", [{ name: "c", port: 80 }], { filters })] });
  const objects = [gatewayClass, gateway(listeners), service("a"), service("b"), service("c"), ca];
  const policy = tlsPolicy("p", ["a", "b"]);
  const mirrored = Translated.of(...objects, mirroring, policy);
  equal(mirrored.upstreamTls("service/default/b/80")?.sni, "p.example.com");
  equal(mirrored.upstreamTls("service/default/c/80"), undefined);
  const grpc = grpcRoute("echo", { rules: [grpcRule({ service: "s" }, [{ name: "a", port: 80 }])] });
  const spoken = Translated.of(...objects, grpc, policy).upstreamTls(`${cluster}/h2`);
  deepEqual(spoken?.commonTlsContext?.alpnProtocols, ["h2"]);
});

test("rule G99: with subjectAltNames only those authenticate, any one of them", () => {
  const subjectAltNames = [
    { type: "Hostname", hostname: "*.Internal.example" },
    { type: "URI", uri: "spiffe://example.org/a" },
  ];
  const translated = Translated.of(...base, tlsPolicy("p", ["a"], { subjectAltNames }));
  equal(translated.upstreamTls(cluster)?.sni, "p.example.com");
  deepEqual(names(translated), ["DNS *.internal.example", "URI spiffe://example.org/a"]);
});

test("a rotated CA changes the secret and nothing else", () => {
  const cache = new TranslationCache();
  const state = stateOf([...base, tlsPolicy("p", ["a"])]);
  const before = [...(translateAll(state, cache).groups.get("default/web")?.values() ?? [])];
  const rotated = applyObjects(state, [configMap("ca", { "ca.crt": p384.certificate })]);
  const after = [...(translateAll(rotated, cache).groups.get("default/web")?.values() ?? [])];
  const known = new Set(before.map(({ resource, digest }) => `${resource} ${digest}`));
  const fresh = after.filter(({ resource, digest }) => !known.has(`${resource} ${digest}`));
  deepEqual(
    fresh.map(({ type, resource }) => `${type} ${resource}`),
    ["secret ca/default/ca"],
  );
  const [secret] = fresh;
  ok(secret !== undefined);
  const { validationContext } = partJson(secret) as { validationContext: JsonObject };
  deepEqual(validationContext.trustedCa, { inlineString: p384.certificate });
});

test("rule G98: a policy that is deleted and applied again gives the same bytes, in one change set or in two", () => {
  const policy = tlsPolicy("p", ["a"]);
  const state = stateOf([...base, policy]);
  const bytes = (of: typeof state): string[] =>
    [...(translateAll(of).groups.get("default/web")?.values() ?? [])].map(
      ({ resource, digest }) => `${resource} ${digest}`,
    );
  const without = deleteObject(state, policy);
  notEqual(bytes(without).join(), bytes(state).join());
  deepEqual(bytes(applyObjects(without, [policy])), bytes(state));
});

const conditionsOf = (translated: Translated): string[] => translated.ancestorConditions("p");

/** What a target answers, and that nothing reaches it in plain text. */
function answer(translated: Translated): string {
  deepEqual(translated.names("cluster"), []);
  deepEqual(translated.names("secret"), []);
  return translated.answers().join();
}

test("rule G98: without one good CA certificate the policy is not accepted, and its target answers 500", () => {
  const ref = { group: "", kind: "ConfigMap", name: "other" };
  const refs: [JsonObject, string, JsonObject?][] = [
    [ref, "InvalidCACertificateRef"],
    [ref, "InvalidCACertificateRef", configMap("other", {})],
    [ref, "InvalidCACertificateRef", configMap("other", { "ca.crt": "not PEM" })],
    [ref, "InvalidCACertificateRef", configMap("other", { "ca.crt": p256.certificate }, { namespace: "b" })],
    [{ group: "invalid.io", kind: "InvalidKind", name: "ca" }, "InvalidKind"],
  ];
  for (const [caCertificateRef, reason, object] of refs) {
    const policy = tlsPolicy("p", ["a"], { caCertificateRefs: [caCertificateRef] });
    const translated = Translated.of(...base, policy, ...(object === undefined ? [] : [object]));
    deepEqual(conditionsOf(translated), [
      "Accepted=False NoValidCACertificate",
      `ResolvedRefs=False ${reason}`,
    ]);
    equal(answer(translated), "default/shop/0/0 -> 500");
    deepEqual(translated.routeConditions("shop"), [
      "Accepted=True Accepted",
      "ResolvedRefs=False InvalidBackendTLS",
    ]);
  }
});

test("rule G98: one good CA certificate of several is enough, and the bad one is said", () => {
  const caCertificateRefs = ["missing", "ca"].map((name) => ({ group: "", kind: "ConfigMap", name }));
  const translated = Translated.of(...base, tlsPolicy("p", ["a"], { caCertificateRefs }));
  deepEqual(conditionsOf(translated), [
    "Accepted=True Accepted",
    "ResolvedRefs=False InvalidCACertificateRef",
  ]);
  deepEqual(translated.names("secret"), ["ca/default/ca"]);
});

test("rule G98: a CA certificate that comes or goes is another secret, of the same policy", () => {
  const caCertificateRefs = ["more", "ca"].map((name) => ({ group: "", kind: "ConfigMap", name }));
  const more = configMap("more", { "ca.crt": p384.certificate });
  const without = stateOf([...base, tlsPolicy("p", ["a"], { caCertificateRefs })]);
  const secretOf = (state: typeof without): string | undefined => {
    const combined = new Translated(state).upstreamTls(cluster)?.commonTlsContext?.combinedValidationContext;
    return combined?.validationContextSdsSecretConfig?.name;
  };
  equal(secretOf(without), "ca/default/ca");
  const withMore = applyObjects(without, [more]);
  equal(secretOf(withMore), "ca/default/ca+default/more");
  equal(secretOf(deleteObject(withMore, more)), "ca/default/ca");
});

test("rule G98: what is not known of a policy makes it invalid", () => {
  const wellKnownCACertificates = "example.com/ours";
  const policies = [
    tlsPolicy("p", ["a"], { caCertificateRefs: [], wellKnownCACertificates }),
    tlsPolicy("p", ["a"], { hostname: "*.example.com" }),
    tlsPolicy("p", ["a"], { subjectAltNames: [{ type: "Email", email: "a@example.com" }] }),
    tlsPolicy("p", ["a"], {}, { options: { "routeledger.dev/min-version": "1.3" } }),
  ];
  for (const policy of policies) {
    const translated = Translated.raw([...base, policy]);
    equal(conditionsOf(translated)[0], "Accepted=False Invalid");
    equal(answer(translated), "default/shop/0/0 -> 500");
  }
  const ofOthers = tlsPolicy("p", ["a"], {}, { options: { "example.com/min-version": "1.3" } });
  equal(conditionsOf(Translated.of(...base, ofOthers))[0], "Accepted=True Accepted");
});

test("rule G69: a ConfigMap that is deleted revokes at once, whatever the cache remembers", () => {
  const cache = new TranslationCache();
  const state = stateOf([...base, tlsPolicy("p", ["a"])]);
  const clusters = (of: typeof state): number =>
    [...(translateAll(of, cache).groups.get("default/web")?.values() ?? [])].filter(
      ({ type }) => type === "cluster",
    ).length;
  equal(clusters(state), 1);
  const revoked = deleteObject(state, ca);
  equal(clusters(revoked), 0);
  equal(clusters(applyObjects(revoked, [ca])), 1);
});

test("rule G100: System means the CA certificates of the proxy's machine", () => {
  const validation = { caCertificateRefs: [], wellKnownCACertificates: "System" };
  const translated = Translated.of(...base, tlsPolicy("p", ["a"], validation));
  const context = translated.upstreamTls(cluster)?.commonTlsContext?.validationContext;
  equal(context?.trustedCa?.filename, "/etc/ssl/certs/ca-certificates.crt");
  deepEqual(names(translated), ["DNS p.example.com"]);
  deepEqual(translated.names("secret"), []);
});

test("rule G75: a port that asks for TLS is reached with a policy, and not without one", () => {
  for (const appProtocol of ["https", "HTTPS", "kubernetes.io/wss", "gateway.envoyproxy.io/wss"]) {
    const secure = service("a", { ports: [{ name: "s", port: 80, appProtocol }] });
    const objects = [gatewayClass, gateway(listeners), secure, toA, ca];
    const without = Translated.of(...objects);
    equal(answer(without), "default/shop/0/0 -> 500");
    equal(without.routeConditions("shop")[1], "ResolvedRefs=False UnsupportedProtocol");
    const withPolicy = Translated.of(...objects, tlsPolicy("p", ["a"]));
    equal(withPolicy.upstreamTls(cluster)?.sni, "p.example.com");
    deepEqual(withPolicy.routes()[0]?.route?.upgradeConfigs, []);
  }
});

const client = sealedTlsSecret({ name: "client", ...p256 });

function ofGateway(ref: JsonObject, ...more: JsonObject[]): Translated {
  const tls = { backend: { clientCertificateRef: { group: "", kind: "Secret", ...ref } } };
  const objects = [gatewayClass, gateway(listeners, { tls }), service("a"), service("b"), ca, client];
  const rules = [rule("/", [{ name: "a", port: 80 }]), rule("/b", [{ name: "b", port: 80 }])];
  return Translated.of(...objects, httpRoute("shop", { rules }), tlsPolicy("p", ["a"]), ...more);
}

test("rule G101: a Gateway's client certificate is shown to its TLS backends, and switches TLS on at none", () => {
  const translated = ofGateway({ name: "client" });
  const shown = translated.upstreamTls(cluster)?.commonTlsContext?.tlsCertificateSdsSecretConfigs ?? [];
  deepEqual(
    shown.map(({ name }) => name),
    ["secret/default/client"],
  );
  deepEqual(translated.names("secret"), ["ca/default/ca", "secret/default/client"]);
  equal(translated.upstreamTls("service/default/b/80"), undefined);
  ok(translated.gatewayConditions().includes("ResolvedRefs=True ResolvedRefs"));
});

test("rule G101: a client certificate that cannot be used is said on the Gateway, which stays accepted", () => {
  const broken = sealedTlsSecret({ name: "broken", certificate: p256.certificate, key: p384.key });
  const there = sealedTlsSecret({ name: "client", namespace: "b", ...p256 });
  const refs: [JsonObject, string][] = [
    [{ name: "missing" }, "InvalidClientCertificateRef"],
    [{ name: "broken" }, "InvalidClientCertificateRef"],
    [{ name: "client", kind: "WrongKind" }, "InvalidClientCertificateRef"],
    [{ name: "client", group: "wrong.io" }, "InvalidClientCertificateRef"],
    [{ name: "client", namespace: "b" }, "RefNotPermitted"],
    [{ name: "missing", namespace: "b" }, "RefNotPermitted"],
  ];
  for (const [ref, reason] of refs) {
    const translated = ofGateway(ref, broken, there);
    const conditions = translated.gatewayConditions();
    ok(conditions.includes(`ResolvedRefs=False ${reason}`), conditions.join());
    ok(conditions.includes("Accepted=True Accepted"));
    deepEqual(translated.names("secret"), ["ca/default/ca"]);
  }
  const from = [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace: "default" }];
  const grant = referenceGrant("g", { from, to: [{ group: "", kind: "Secret" }] }, { namespace: "b" });
  deepEqual(ofGateway({ name: "client", namespace: "b" }, there, grant).names("secret"), [
    "ca/default/ca",
    "secret/b/client",
  ]);
});

test("two Gateways share what is equal of a cluster: only the client certificate tells theirs apart", () => {
  const tls = { backend: { clientCertificateRef: { group: "", kind: "Secret", name: "client" } } };
  const second = gateway(listeners, { tls });
  const other = { ...second, metadata: { ...(second.metadata as JsonObject), name: "other" } };
  const parentRefs = [{ name: "web" }, { name: "other" }];
  const both = httpRoute("shop", { parentRefs, rules: [rule("/", [{ name: "a", port: 80 }])] });
  const translated = Translated.of(...base, both, other, client, tlsPolicy("p", ["a"]));
  const shown = (group: string): number =>
    translated.upstreamTls(cluster, group)?.commonTlsContext?.tlsCertificateSdsSecretConfigs.length ?? -1;
  deepEqual([shown("default/web"), shown("default/other")], [0, 1]);
  const endpoints = (group: string): unknown => translated.parts("endpoint", group)[0]?.digest;
  equal(endpoints("default/web"), endpoints("default/other"));
});

test("a route that is translated again gives the same cluster, and says which policy is at fault", () => {
  const policy = tlsPolicy("p", ["a"], {
    caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "gone" }],
  });
  const translated = Translated.of(...base, policy, endpointSlice("a-1", "a"));
  const [parent] = translated.entries("HTTPRoute/default/shop", "parents");
  const message = JSON.stringify(parent);
  match(message, /Service default\/a port 80: BackendTLSPolicy p is not accepted: .*ConfigMap default\/gone/);
});
