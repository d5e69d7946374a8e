import type { JsonObject } from "@routeledger/std";
import {
  type Authority,
  type Certificate,
  makeAuthority,
  makeClientCertificate,
  makeServerCertificate,
} from "./certificates.ts";

const infra = "gateway-conformance-infra";
const webBackend = "gateway-conformance-web-backend";
const appBackend = "gateway-conformance-app-backend";

/** What the suite's own Go code makes beside base.yaml: Secrets with certificates, ConfigMaps with authorities. */
export interface SuiteObjects {
  readonly objects: readonly JsonObject[];
  /** @param name `namespace/name` of a Secret @throws where there is none */
  certificate(name: string): Certificate;
  /** PEM. @param name `namespace/name` of a ConfigMap */
  authority(name: string): string;
}

/** Of the names that the manifests of the suite refer to (its utils/suite/suite.go, `Setup`); new ones each time. */
export function makeSuiteObjects(): SuiteObjects {
  const checks = makeAuthority();
  const validity = makeAuthority();
  const perPort = makeAuthority();
  const authorities: Readonly<Record<string, Authority>> = {
    [`${infra}/mismatch-ca-certificate`]: makeAuthority(),
    [`${infra}/tls-checks-ca-certificate`]: checks,
    [`${infra}/tls-validity-checks-ca-certificate`]: validity,
    [`${infra}/tls-validity-checks-per-port-ca-certificate`]: perPort,
    [`${webBackend}/web-backend-cm`]: makeAuthority(),
  };
  const checked = ["abc.example.com", "spiffe://abc.example.com/test-identity", "other.example.com"];
  const certificates: Readonly<Record<string, Certificate>> = {
    [`${webBackend}/certificate`]: makeServerCertificate(["*"]),
    [`${infra}/tls-validity-checks-certificate`]: makeServerCertificate(["*", "*.org", "*.wildcard.org"]),
    [`${infra}/tls-validity-checks-client-certificate`]: makeClientCertificate(validity),
    [`${infra}/tls-validity-checks-per-port-client-certificate`]: makeClientCertificate(perPort),
    [`${infra}/tls-checks-certificate`]: makeServerCertificate(checked, checks),
    [`${infra}/tls-checks-client-certificate`]: makeClientCertificate(checks),
    [`${infra}/tls-passthrough-checks-certificate`]: makeServerCertificate(["abc.example.com"], checks),
    [`${appBackend}/tls-passthrough-checks-certificate`]: makeServerCertificate(["abc.example.com"], checks),
    [`${infra}/tls-terminate-checks-certificate`]: makeServerCertificate(["tls.example.com"], checks),
  };
  return {
    objects: [
      ...Object.entries(authorities).map(([name, { certificate }]) => configMap(name, certificate)),
      ...Object.entries(certificates).map(([name, certificate]) => secret(name, certificate)),
    ],
    certificate: (name) => found(certificates, name),
    authority: (name) => found(authorities, name).certificate,
  };
}

function found<T>(all: Readonly<Record<string, T>>, name: string): T {
  const one = all[name];
  if (one === undefined) throw new Error(`one of the suite's own objects, got ${name}`);
  return one;
}

function metadataOf(name: string): JsonObject {
  const [namespace = "", own = ""] = name.split("/");
  return { namespace, name: own };
}

/** @param name `namespace/name` @param authority PEM */
export function configMap(name: string, authority: string): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: metadataOf(name), data: { "ca.crt": authority } };
}

function secret(name: string, { certificate, key }: Certificate): JsonObject {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const data = { "tls.crt": base64(certificate), "tls.key": base64(key) };
  return { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata: metadataOf(name), data };
}
