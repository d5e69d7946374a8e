import { createPrivateKey } from "node:crypto";
import type { JsonObject } from "@routeledger/std";
import { authority, first, second } from "../xds/certificates.ts";
import type { Canaries } from "./canaries.ts";

/** Stands beside the canaries where everybody may see it: who looks in the right places finds it. */
export const publicMarker = "marker-everybody-may-see-it";

const gatewayApi = "gateway.networking.k8s.io/v1";

function object(kind: string, name: string, fields: JsonObject, apiVersion = gatewayApi): JsonObject {
  const annotations = { "example.org/marker": publicMarker };
  return { apiVersion, kind, metadata: { name, namespace: "default", annotations }, ...fields };
}

function secret(name: string, fields: JsonObject): JsonObject {
  return object("Secret", name, fields, "v1");
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The private key of a PEM text: its lines, and the number that it is. */
function plantKey(canaries: Canaries, name: string, pem: string): string {
  const lines = pem.split("\n").filter((line) => line.length >= 16 && !line.startsWith("-"));
  for (const [index, line] of lines.entries()) canaries.plant(`${name}, line ${index + 1}`, line);
  const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
  canaries.plant(`${name}, its number`, new Uint8Array(Buffer.from(d, "base64url")));
  return pem;
}

/** Secrets of a Gateway and of nobody, all valid. */
export function secretsWith(canaries: Canaries): JsonObject[] {
  const plant = (name: string) => canaries.plant(name, `canary-${name}-${"0123456789".repeat(40)}`);
  const key = plantKey(canaries, "tls.key", first.key);
  const lastApplied = { "kubectl.kubernetes.io/last-applied-configuration": plant("annotation") };
  const opaque = secret("opaque", { data: { password: base64(plant("data")) } });
  return [
    secret("client", {
      type: "kubernetes.io/tls",
      // As some tools write it: the key beside the certificate, too.
      data: { "tls.crt": base64(`${first.cert}${key}`), "tls.key": base64(key) },
    }),
    { ...opaque, metadata: { ...(opaque.metadata as JsonObject), annotations: lastApplied } },
    secret("text", { stringData: { password: plant("stringData") } }),
    secret("bad", {
      type: "kubernetes.io/tls",
      stringData: { "tls.crt": plant("tls.crt"), "tls.key": plantKey(canaries, "bad tls.key", second.key) },
    }),
  ];
}

/** Input of which nothing is taken, a text each: YAML, and what should have been. */
export function refusedWith(canaries: Canaries): string[] {
  const plant = (name: string) => canaries.plant(name, `canary-refused-${name}-0123456789abcdef`);
  const head = "apiVersion: v1\nkind: Secret\nmetadata: {name: refused, namespace: default}\n";
  return [
    `${head}type: kubernetes.io/tls\nstringData: {tls.crt: ${plant("type")}}\n`,
    `${head}stringDate: {password: ${plant("typo")}}\n`,
    `${head}data: {password: ${plant("base64")}!}\n`,
    `${head}data: ${plant("text")}\n`,
    `${head}data: {password: [${plant("list")}]}\n`,
    `${head}stringData: {password: *${plant("alias")}}\n`,
    `${head}stringData: {password: !${plant("tag")}! x}\n`,
    `${head}stringData:\n  password: "x"\n ${plant("indent")}\n`,
    `${head}sealedData: {password: ${plant("token")}}\nfacts: {}\n`,
    plant("bare"),
  ];
}

/** A Gateway that shows its client certificate to a TLS backend: so the Secret goes to its proxies. */
export function gatewayObjects(port: number): JsonObject[] {
  const clientCertificateRef = { group: "", kind: "Secret", name: "client" };
  const listeners = [{ name: "http", protocol: "HTTP", port }];
  const rules = [{ backendRefs: [{ name: "shop", port: 443 }] }];
  const caCertificateRefs = [{ group: "", kind: "ConfigMap", name: "ca" }];
  const slice = object(
    "EndpointSlice",
    "shop-1",
    { addressType: "IPv4", ports: [{ name: "tls", port: 9 }], endpoints: [{ addresses: ["127.0.0.1"] }] },
    "discovery.k8s.io/v1",
  );
  const labels = { "kubernetes.io/service-name": "shop" };
  return [
    object("Gateway", "web", {
      spec: { gatewayClassName: "routeledger", listeners, tls: { backend: { clientCertificateRef } } },
    }),
    object("HTTPRoute", "shop", { spec: { parentRefs: [{ name: "web" }], rules } }),
    object("Service", "shop", { spec: { ports: [{ name: "tls", port: 443 }] } }, "v1"),
    { ...slice, metadata: { ...(slice.metadata as JsonObject), labels } },
    object("ConfigMap", "ca", { data: { "ca.crt": authority } }, "v1"),
    object("BackendTLSPolicy", "shop", {
      spec: {
        targetRefs: [{ group: "", kind: "Service", name: "shop" }],
        validation: { hostname: "shop.example.org", caCertificateRefs },
      },
    }),
  ];
}
