import type { JsonObject } from "@routeledger/std";
import type { RuleCase } from "./rule-cases.ts";

/** Of Backend, BackendTLSPolicy, Gateway, GatewayClass and ListenerSet. */
export function apiRuleCases(): RuleCase[] {
  return [...backendCases(), ...backendTlsCases(), ...policyCases(), ...gatewayCases(), ...listenerCases()];
}

const IP = { ip: { address: "10.0.0.1", port: 80 } };
const FQDN = { fqdn: { hostname: "a.example", port: 80 } };
const UNIX = { unix: { path: "/run/a" } };
const CA = { group: "", kind: "ConfigMap", name: "ca" };

function backend(at: string, message: string, refused: JsonObject, accepted: JsonObject): RuleCase {
  return { kind: "Backend", at, message, refused, accepted };
}

function backendCases(): RuleCase[] {
  const endpoints = (...list: JsonObject[]) => ({ endpoints: list });
  return [
    backend(
      "spec",
      "DynamicResolver type cannot have endpoints",
      { type: "DynamicResolver", endpoints: [IP] },
      { type: "DynamicResolver" },
    ),
    {
      ...backend(
        "spec",
        "DynamicResolver type cannot use autoSNI",
        { type: "DynamicResolver", tls: { autoSNIFromEndpointHostname: true } },
        { type: "DynamicResolver", tls: { autoSNIFromEndpointHostname: false } },
      ),
      beside: ["Invalid spec"],
    },
    backend(
      "spec",
      "when autoSNIFromEndpointHostname is enabled",
      { endpoints: [IP], tls: { autoSNIFromEndpointHostname: true } },
      { endpoints: [{ ...IP, hostname: "a.example" }], tls: { autoSNIFromEndpointHostname: true } },
    ),
    backend("spec.endpoints", "fqdn addresses cannot be mixed", endpoints(FQDN, IP), endpoints(UNIX, IP)),
    {
      ...backend(
        "spec.endpoints[0]",
        "one of fqdn, ip or unix must",
        endpoints({ zone: "z" }),
        endpoints({ ...IP, zone: "z" }),
      ),
      beside: ["Invalid spec.endpoints[0]"],
    },
    backend(
      "spec.endpoints[0]",
      "only one of fqdn, ip or unix",
      endpoints({ ...IP, ...UNIX }),
      endpoints(IP),
    ),
    backend(
      "spec.endpoints[0].unix.path",
      "unix domain socket path must not exceed 108",
      endpoints({ unix: { path: `/${"😀".repeat(108)}` } }),
      endpoints({ unix: { path: `/${"😀".repeat(107)}` } }),
    ),
  ];
}

function backendTlsCases(): RuleCase[] {
  const tls = (fields: JsonObject) => ({ endpoints: [FQDN], tls: fields });
  return [
    backend(
      "spec.tls",
      "must not contain both CACertificateRefs",
      tls({ caCertificateRefs: [CA], wellKnownCACertificates: "System" }),
      tls({ caCertificateRefs: [CA] }),
    ),
    backend(
      "spec.tls",
      "must not contain either CACertificateRefs",
      tls({ caCertificateRefs: [CA], insecureSkipVerify: true }),
      tls({ caCertificateRefs: [CA], insecureSkipVerify: false }),
    ),
    backend(
      "spec.tls",
      "sni and autoSNIFromEndpointHostname",
      tls({ sni: "a.example", autoSNIFromEndpointHostname: true }),
      tls({ sni: "a.example", autoSNIFromEndpointHostname: false }),
    ),
    backend(
      "spec.tls",
      "setting ciphers has no effect",
      tls({ minVersion: "1.3", ciphers: ["A"] }),
      tls({ minVersion: "1.2", ciphers: ["A"] }),
    ),
    backend(
      "spec.tls",
      "minVersion must be smaller or equal",
      tls({ minVersion: "1.3", maxVersion: "1.2" }),
      tls({ minVersion: "1.2", maxVersion: "1.2" }),
    ),
  ];
}

function policyCases(): RuleCase[] {
  const targets = (message: string, refused: JsonObject[], accepted: JsonObject[]): RuleCase => {
    const spec = (targetRefs: JsonObject[]) => ({
      targetRefs: targetRefs.map((ref) => ({ group: "", kind: "Service", name: "s", ...ref })),
      validation: { hostname: "a.example", wellKnownCACertificates: "System" },
    });
    return {
      kind: "BackendTLSPolicy",
      at: "spec.targetRefs",
      message,
      refused: spec(refused),
      accepted: spec(accepted),
    };
  };
  const validation = (at: string, message: string, refused: JsonObject, accepted: JsonObject): RuleCase => {
    const spec = (fields: JsonObject) => ({
      targetRefs: [{ group: "", kind: "Service", name: "s" }],
      validation: { hostname: "a.example", ...fields },
    });
    return { kind: "BackendTLSPolicy", at, message, refused: spec(refused), accepted: spec(accepted) };
  };
  const name = (message: string, refused: JsonObject, accepted: JsonObject) => {
    const names = (entry: JsonObject) => ({ wellKnownCACertificates: "System", subjectAltNames: [entry] });
    return validation("spec.validation.subjectAltNames[0]", message, names(refused), names(accepted));
  };
  const hostname = { type: "Hostname", hostname: "a.example" };
  const uri = { type: "URI", uri: "spiffe://a.example/b" };
  return [
    targets("sectionName must be specified", [{}, { sectionName: "a" }], [{}, { name: "t" }]),
    targets(
      "sectionName must be unique",
      [{ sectionName: "a" }, { sectionName: "a" }],
      [{ sectionName: "a" }, { sectionName: "b" }],
    ),
    validation(
      "spec.validation",
      "must not contain both CACertificateRefs",
      { wellKnownCACertificates: "System", caCertificateRefs: [CA] },
      { caCertificateRefs: [CA] },
    ),
    validation(
      "spec.validation",
      "must specify either CACertificateRefs",
      {},
      { wellKnownCACertificates: "System" },
    ),
    name("SubjectAltName element must contain Hostname", { type: "Hostname" }, hostname),
    name("SubjectAltName element must not contain Hostname", { ...uri, hostname: "a.example" }, uri),
    name("SubjectAltName element must contain URI", { type: "URI" }, uri),
    name("SubjectAltName element must not contain URI", { ...hostname, uri: uri.uri }, hostname),
  ];
}

const HTTP = { name: "http", port: 80, protocol: "HTTP" };
const CERTIFICATES = [{ name: "cert" }];

function gatewayCases(): RuleCase[] {
  const gateway = (at: string, message: string, refused: JsonObject, accepted: JsonObject): RuleCase => {
    const spec = (fields: JsonObject) => ({ gatewayClassName: "c", listeners: [HTTP], ...fields });
    return { kind: "Gateway", at, message, refused: spec(refused), accepted: spec(accepted) };
  };
  const addresses = (...list: JsonObject[]) => ({ addresses: list });
  const annotated = (key: string) => ({ infrastructure: { annotations: { [key]: "x" } } });
  const perPort = (...ports: number[]) => ({
    tls: { frontend: { default: {}, perPort: ports.map((port) => ({ port, tls: {} })) } },
  });
  const ip = (value: string) => ({ type: "IPAddress", value });
  const host = (value: string) => ({ type: "Hostname", value });
  return [
    gateway(
      "spec.addresses",
      "IPAddress values must be unique",
      addresses(ip("10.0.0.1"), ip("10.0.0.1")),
      addresses(ip("10.0.0.1"), ip("10.0.0.2")),
    ),
    gateway(
      "spec.addresses",
      "Hostname values must be unique",
      addresses(host("a.example"), host("a.example")),
      addresses(host("a.example"), host("b.example")),
    ),
    gateway(
      "spec.addresses[0]",
      "Hostname value must be empty or contain only valid",
      addresses(host("A_b")),
      addresses(host("a-b")),
    ),
    gateway(
      "spec.infrastructure.annotations",
      "Annotation keys must be in the form",
      annotated("-a"),
      annotated("a.b/c"),
    ),
    gateway(
      "spec.infrastructure.annotations",
      "If specified, the annotation key's prefix",
      annotated(`${"a".repeat(253)}/b`),
      annotated(`${"a".repeat(252)}/b`),
    ),
    {
      ...gateway(
        "spec.tls.frontend.perPort",
        "Port for TLS configuration must be unique",
        perPort(443, 443),
        perPort(443, 444),
      ),
      beside: ["Duplicate spec.tls.frontend.perPort[1]"],
    },
    {
      kind: "Gateway",
      at: "status.addresses[0]",
      message: "Hostname value must only contain valid characters",
      refused: addresses(host("A_b")),
      accepted: addresses(host("a-b")),
    },
    {
      kind: "GatewayClass",
      at: "spec.controllerName",
      message: "Value is immutable",
      existing: { controllerName: "a.example/b" },
      refused: { controllerName: "a.example/c" },
      accepted: { controllerName: "a.example/b", description: "changed" },
    },
  ];
}

function listenerCases(): RuleCase[] {
  const listeners = (message: string, refused: JsonObject[], accepted: JsonObject[]): RuleCase => {
    const spec = (list: JsonObject[]) => ({
      gatewayClassName: "c",
      listeners: list.map((fields) => ({ ...HTTP, ...fields })),
    });
    return {
      kind: "Gateway",
      at: "spec.listeners",
      message,
      refused: spec(refused),
      accepted: spec(accepted),
    };
  };
  const set = (...list: JsonObject[]) => ({
    parentRef: { name: "g" },
    listeners: list.map((fields) => ({ ...HTTP, ...fields })),
  });
  const tls = { certificateRefs: CERTIFICATES };
  return [
    listeners("tls must not be specified for protocols", [{ tls }], [{ tls, protocol: "HTTPS" }]),
    listeners(
      "tls mode must be Terminate for protocol HTTPS",
      [{ tls: { mode: "Passthrough" }, protocol: "HTTPS" }],
      [{ tls, protocol: "HTTPS" }],
    ),
    listeners("tls mode must be set for protocol TLS", [{ protocol: "TLS" }], [{ tls, protocol: "TLS" }]),
    listeners(
      "hostname must not be specified for protocols",
      [{ protocol: "TCP", hostname: "a.example" }],
      [{ protocol: "TCP" }],
    ),
    {
      ...listeners("Listener name must be unique", [{}, { port: 81 }], [{}, { port: 81, name: "b" }]),
      beside: ["Duplicate spec.listeners[1]"],
    },
    listeners(
      "Combination of port, protocol and hostname",
      [{}, { name: "b" }],
      [{}, { name: "b", hostname: "a.example" }],
    ),
    {
      ...listeners(
        "certificateRefs or options must be specified",
        [{ protocol: "HTTPS", tls: { certificateRefs: [], options: {} } }],
        [{ protocol: "HTTPS", tls: { options: { "a.example/b": "c" } } }],
      ),
      at: "spec.listeners[0].tls",
    },
    {
      kind: "ListenerSet",
      at: "spec.listeners",
      message: "Combination of port, protocol and hostname",
      refused: set({}, { name: "b" }),
      accepted: set({}, { name: "b", port: 81 }),
    },
  ];
}
