/** TLS to backends: a real Envoy, and a backend that says how it was spoken to. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { DevProcess } from "../features/cli/dev-process.ts";
import { type Answer, HttpProbe } from "../features/cli/http-probe.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { authority, backend, client, stranger } from "./tls/backend-certificates.ts";
import { type SeenByBackend, TlsBackend } from "./tls/tls-backend.ts";

let dataFolder: string;
let dev: DevProcess;
let tls: TlsBackend;
let port: number;
let probe: HttpProbe;

const gatewayApi = "gateway.networking.k8s.io/v1";

function object(kind: string, name: string, fields: JsonObject, apiVersion = gatewayApi): JsonObject {
  return { apiVersion, kind, metadata: { name, namespace: "default" }, ...fields };
}

function configMap(name: string, certificate: string): JsonObject {
  return object("ConfigMap", name, { data: { "ca.crt": certificate } }, "v1");
}

function gateway(more: JsonObject = {}): JsonObject {
  const listeners = [{ name: "http", protocol: "HTTP", port }];
  return object("Gateway", "web", { spec: { gatewayClassName: "routeledger", listeners, ...more } });
}

/** A Service whose one endpoint is the backend, and the policy of its name. */
function service(name: string, appProtocol = "https"): JsonObject[] {
  const ports = [{ name: "tls", port: 443, appProtocol }];
  const slice = object(
    "EndpointSlice",
    `${name}-1`,
    {
      addressType: "IPv4",
      ports: [{ name: "tls", port: tls.port }],
      endpoints: [{ addresses: ["127.0.0.1"] }],
    },
    "discovery.k8s.io/v1",
  );
  const labels = { "kubernetes.io/service-name": name };
  return [
    object("Service", name, { spec: { ports } }, "v1"),
    { ...slice, metadata: { ...(slice.metadata as JsonObject), labels } },
  ];
}

function policy(name: string, validation: JsonObject): JsonObject {
  const caCertificateRefs = [{ group: "", kind: "ConfigMap", name: "ca" }];
  const targetRefs = [{ group: "", kind: "Service", name }];
  const spec = { targetRefs, validation: { hostname: "abc.example.com", caCertificateRefs, ...validation } };
  return object("BackendTLSPolicy", name, { spec });
}

function backendObject(name: string, own: JsonObject, hostname?: string): JsonObject {
  const ip = { address: "127.0.0.1", port: tls.port };
  const endpoints: JsonObject[] = [hostname === undefined ? { ip } : { fqdn: { hostname, port: tls.port } }];
  return object("Backend", name, { spec: { endpoints, tls: own } }, "gateway.envoyproxy.io/v1alpha1");
}

const toService = (name: string): JsonObject => ({ name, port: 443 });
const toBackend = (name: string): JsonObject => ({ group: "gateway.envoyproxy.io", kind: "Backend", name });

/** A route with a rule `/<name>` for each backend. */
function route(...refs: JsonObject[]): JsonObject {
  const rules = refs.map((ref) => ({
    matches: [{ path: { type: "PathPrefix", value: `/${ref.name}` } }],
    backendRefs: [ref],
  }));
  return object("HTTPRoute", "shop", { spec: { parentRefs: [{ name: "web" }], rules } });
}

async function cli(args: string[], objects: readonly JsonObject[] = []): Promise<void> {
  const stdin = objects.map((one) => `${JSON.stringify(one)}\n`).join("---\n");
  const done = await runCli(args, { server: await dev.apiUrl(), stdin });
  equal(done.code, 0, done.stderr);
}

const apply = (...objects: JsonObject[]): Promise<void> => cli(["apply", "-f", "-", "--wait"], objects);

function seenIn({ status, body }: Answer): SeenByBackend {
  equal(status, 200, body);
  return JSON.parse(body) as SeenByBackend;
}

const statusOf = async (name: string): Promise<number> => (await probe.get(`/${name}`)).status;

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-backend-tls-"));
  tls = await TlsBackend.start();
  port = await freePort();
  dev = new DevProcess({ dataFolder });
  probe = new HttpProbe(port);
  // Without --wait: no proxy is there before the Gateway.
  await cli(
    ["apply", "-f", "-"],
    [gateway(), configMap("ca", authority), ...service("plain", "http"), route(toService("plain"))],
  );
  await dev.saw(/gateway default\/web: serving/);
  await probe.until(({ status }) => status === 200, "/plain");
});

after(async () => {
  await dev.end("SIGTERM");
  probe.close();
  tls.close();
  await rm(dataFolder, { recursive: true, force: true });
});

test("rule G99: who has no certificate of the CA for the name gets no request", async () => {
  const policies: [string, JsonObject, number][] = [
    ["good", {}, 200],
    ["wrong-host", { hostname: "xyz.example.com" }, 503],
    ["wildcard", { hostname: "one.wild.example.com" }, 200],
    ["too-deep", { hostname: "one.two.wild.example.com" }, 503],
    [
      "uri",
      {
        hostname: "xyz.example.com",
        subjectAltNames: [{ type: "URI", uri: "spiffe://example.org/backend" }],
      },
      200,
    ],
    ["wrong-uri", { subjectAltNames: [{ type: "URI", uri: "spiffe://example.org/other" }] }, 503],
    [
      "any-name",
      {
        subjectAltNames: [
          { type: "Hostname", hostname: "no.io" },
          { type: "Hostname", hostname: "abc.example.com" },
        ],
      },
      200,
    ],
    ["wildcard-name", { subjectAltNames: [{ type: "Hostname", hostname: "*.wild.example.com" }] }, 200],
    ["wrong-ca", { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "stranger" }] }, 503],
    ["system", { caCertificateRefs: [], wellKnownCACertificates: "System" }, 503],
    ["missing-ca", { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "none" }] }, 500],
  ];
  const before = tls.seen.length;
  await apply(
    configMap("stranger", stranger),
    ...policies.flatMap(([name, validation]) => [...service(name), policy(name, validation)]),
    route(...policies.map(([name]) => toService(name))),
  );
  for (const [name, , status] of policies) equal(await statusOf(name), status, name);
  const good = seenIn(await probe.get("/good"));
  deepEqual(good, {
    transport: "TLSv1.3",
    sni: "abc.example.com",
    alpn: "http/1.1",
    httpVersion: "1.1",
    client: "",
  });
  equal(seenIn(await probe.get("/uri")).sni, "xyz.example.com");
  const since = tls.seen.slice(before);
  ok(since.length >= 7);
  deepEqual(
    since.filter(({ transport }) => transport === "plain"),
    [],
  );
});

test("rule G97: HTTP/2 to a backend over TLS, and a mirror that is encrypted", async () => {
  const filters = [{ type: "RequestMirror", requestMirror: { backendRef: toService("good") } }];
  const mirrored = route(toService("h2"));
  const [rule] = (mirrored.spec as { rules: JsonObject[] }).rules;
  await apply(...service("h2", "kubernetes.io/h2c"), policy("h2", {}), {
    ...mirrored,
    spec: { ...(mirrored.spec as JsonObject), rules: [{ ...rule, filters }] },
  });
  const before = tls.seen.length;
  const { alpn, httpVersion } = seenIn(await probe.get("/h2"));
  deepEqual([alpn, httpVersion], ["h2", "2.0"]);
  while (tls.seen.length < before + 2) await new Promise((resolve) => setImmediate(resolve));
  deepEqual(
    tls.seen
      .slice(before)
      .map((seen) => seen.alpn)
      .sort(),
    ["h2", "http/1.1"],
  );
});

test("a CA that is rotated counts for new connections, and one that is deleted fails closed at once", async () => {
  await apply(route(toService("good"), toService("wrong-ca")));
  equal(await statusOf("wrong-ca"), 503);
  await apply(configMap("stranger", authority));
  await probe.until(({ status }) => status === 200, "/wrong-ca");
  await cli(["delete", "configmap", "stranger", "--wait"]);
  equal(await statusOf("wrong-ca"), 500);
  equal(await statusOf("good"), 200);
});

test("rule 39: a policy that is deleted and applied again is in force when its proxy says so, and nothing waits", async () => {
  await apply(...service("flip"), policy("flip", {}), route(toService("flip")));
  const before = tls.seen.length;
  for (let flip = 0; flip < 2; flip++) {
    await cli(["delete", "backendtlspolicy", "flip", "--wait"]);
    equal(await statusOf("flip"), 500);
    await apply(policy("flip", {}));
    equal(await statusOf("flip"), 200);
  }
  const transports = tls.seen.slice(before).map(({ transport }) => transport);
  deepEqual(transports, ["TLSv1.3", "TLSv1.3"]);
});

test("rule G101: a Gateway shows its certificate to TLS backends", async () => {
  const data = { "tls.crt": client.certificate, "tls.key": client.key };
  const clientCertificateRef = { group: "", kind: "Secret", name: "client" };
  await apply(
    object("Secret", "client", { type: "kubernetes.io/tls", stringData: data }, "v1"),
    gateway({ tls: { backend: { clientCertificateRef } } }),
    route(toService("good"), toService("plain")),
  );
  await probe.until(({ status, body }) => status === 200 && JSON.parse(body).client === "client", "/good");
  equal(seenIn(await probe.get("/plain")).transport, "plain");
  const foreign = { "tls.crt": backend.certificate, "tls.key": backend.key };
  await apply(object("Secret", "client", { type: "kubernetes.io/tls", stringData: foreign }, "v1"));
  // The old connections stay: a rotation closes none.
  equal(await statusOf("good"), 200);
});

test("a Backend with TLS of its own is asked for the request's host, or for nothing at all", async () => {
  const ca = { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "ca" }] };
  await apply(
    backendObject("by-host", ca),
    backendObject("by-sni", { ...ca, sni: "two.wild.example.com" }),
    backendObject("unchecked", { insecureSkipVerify: true }),
    backendObject("by-name", { ...ca, sni: "abc.example.com" }, "localhost"),
    route(...["by-host", "by-sni", "unchecked", "by-name"].map(toBackend)),
  );
  const asked = async (name: string, host: string): Promise<string> => {
    const answer = await probe.get(`/${name}`, { host });
    return answer.status === 200 ? seenIn(answer).sni : String(answer.status);
  };
  equal(await asked("by-host", "abc.example.com"), "abc.example.com");
  equal(await asked("by-host", "xyz.example.com"), "503");
  equal(await asked("by-sni", "xyz.example.com"), "two.wild.example.com");
  equal(await asked("unchecked", "xyz.example.com"), "xyz.example.com");
  equal(await asked("by-name", "xyz.example.com"), "abc.example.com");
});
