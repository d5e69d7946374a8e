import { p256, p384 } from "@routeledger/config-model/testing";
import type { JsonObject, JsonValue } from "@routeledger/std";
import fc, { type Arbitrary } from "fast-check";
import { backendName, few, some } from "./nasty-route.ts";
import * as values from "./nasty-values.ts";

/** Text of `ca.crt` and `tls.crt`. */
const certificate = fc.constantFrom(
  p256.certificate,
  p256.certificate,
  `${p256.certificate}${p384.certificate}`,
  "",
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
);

const objectName = fc.constantFrom("ca", "ca", "ca", "ca", "ca2", "missing");

export const configMapFields: Arbitrary<JsonObject> = certificate.map((text) => ({
  data: { "ca.crt": text },
}));

export const secretFields: Arbitrary<JsonObject> = fc
  .record({ text: certificate, key: fc.constantFrom(p256.key, p256.key, p384.key, "") })
  .map(({ text, key }) => ({
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": text, "tls.key": key },
  }));

const caCertificateRefs = few(
  some(
    {
      group: fc.constantFrom(...Array<string>(9).fill(""), "example.com"),
      kind: fc.constantFrom(...Array<string>(9).fill("ConfigMap"), "Secret"),
      name: objectName,
    },
    ["group", "kind", "name"],
  ),
  2,
);

const uri = fc.constantFrom("spiffe://example.org/a", "http:", "a:b%20c", `x:${"y".repeat(251)}`);

const subjectAltNames = few(
  fc.oneof(
    values.hostname.map((hostname): JsonObject => ({ type: "Hostname", hostname })),
    uri.map((text): JsonObject => ({ type: "URI", uri: text })),
  ),
  2,
);

/** One of the two must be said. */
function trusted(of: { readonly refs: readonly JsonValue[]; readonly wellKnown: string }): JsonObject {
  return of.refs.length === 0
    ? { wellKnownCACertificates: of.wellKnown }
    : { caCertificateRefs: [...of.refs] };
}

const trust = fc
  .record({ refs: caCertificateRefs, wellKnown: fc.constantFrom("System", "System", "example.com/ours") })
  .map(trusted);

export const policySpec: Arbitrary<JsonObject> = fc
  .record({
    target: fc.record({
      kind: fc.constantFrom("Service", "Service", "Service", "Backend"),
      name: backendName,
      section: fc.constantFrom("", "", "", "http", "other", "none"),
    }),
    checks: trust,
    hostname: fc.oneof(
      { arbitrary: fc.constant("a.example.com"), weight: 4 },
      { arbitrary: values.hostname, weight: 1 },
    ),
    subjectAltNames,
    options: fc.constantFrom<JsonObject>(
      ...Array<JsonObject>(6).fill({}),
      { "example.com/a": "b" },
      { "routeledger.dev/a": "b" },
    ),
  })
  .map(({ target: { kind, name, section }, checks, hostname, subjectAltNames: names, options }) => {
    const group = kind === "Service" ? "" : "gateway.envoyproxy.io";
    const targetRef = { group, kind, name, ...(section === "" ? {} : { sectionName: section }) };
    const validation = { hostname, ...checks, ...(names.length === 0 ? {} : { subjectAltNames: names }) };
    return { targetRefs: [targetRef], validation, options };
  });

/** `spec.tls` of a Backend. */
export const backendTls: Arbitrary<JsonObject> = fc
  .record({
    checks: fc.oneof(
      trust,
      fc.constant<JsonObject>({ insecureSkipVerify: true }),
      fc.constant<JsonObject>({}),
    ),
    more: some({
      sni: values.hostname,
      minVersion: fc.constantFrom("Auto", "1.0", "1.2", "1.3"),
      maxVersion: fc.constantFrom("Auto", "1.2", "1.3"),
      clientCertificateRef: objectName.map((name): JsonObject => ({ name })),
      alpnProtocols: fc.constant<JsonValue>(["h2"]),
    }),
  })
  .map(({ checks, more }) => ({ ...checks, ...more }));

/** `spec.tls` of a Gateway. */
export const gatewayTls: Arbitrary<JsonObject> = fc
  .record({ name: objectName, namespace: fc.constantFrom("default", "default", "other") })
  .map((ref) => ({ backend: { clientCertificateRef: { group: "", kind: "Secret", ...ref } } }));
