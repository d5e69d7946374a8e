/** gRPC over TLS, to the proxy and from it to the backend. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { DevProcess } from "../features/cli/dev-process.ts";
import { freePort } from "../features/cli/named-backend.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { type GrpcBackend, startSecureGrpcBackend } from "./grpc/grpc-backend.ts";
import { GrpcCaller } from "./grpc/grpc-caller.ts";
import { authority, backend as pair, stranger } from "./tls/backend-certificates.ts";

const host = "abc.example.com";
const gatewayApi = "gateway.networking.k8s.io/v1";

let dataFolder: string;
let dev: DevProcess;
let backend: GrpcBackend;
let grpc: GrpcCaller;

function object(apiVersion: string, kind: string, name: string, fields: object, labels = {}): object {
  return { apiVersion, kind, metadata: { name, namespace: "default", labels }, ...fields };
}

/** A Service whose one endpoint is the backend, and the policy of its name, which trusts `ca`. */
function service(name: string, ca: string): object[] {
  const ports = [{ name: "grpc", port: backend.port }];
  const endpoints = [{ addresses: ["127.0.0.1"] }];
  const labels = { "kubernetes.io/service-name": name };
  const slice = { addressType: "IPv4", ports, endpoints };
  const caCertificateRefs = [{ group: "", kind: "ConfigMap", name }];
  const targetRefs = [{ group: "", kind: "Service", name }];
  return [
    object("v1", "Service", name, { spec: { ports: [{ name: "grpc", port: 443 }] } }),
    object("discovery.k8s.io/v1", "EndpointSlice", name, slice, labels),
    object("v1", "ConfigMap", name, { data: { "ca.crt": ca } }),
    object(gatewayApi, "BackendTLSPolicy", name, {
      spec: { targetRefs, validation: { hostname: host, caCertificateRefs } },
    }),
  ];
}

/** A rule for a method. */
function rule(method: string, name: string): object {
  return { matches: [{ method: { method } }], backendRefs: [{ name, port: 443 }] };
}

async function apply(objects: readonly object[]): Promise<void> {
  const stdin = objects.map((one) => `${JSON.stringify(one)}\n`).join("---\n");
  const applied = await runCli(["apply", "-f", "-"], { server: await dev.apiUrl(), stdin });
  assert.equal(applied.code, 0, applied.stderr);
}

before(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "routeledger-grpc-tls-"));
  backend = await startSecureGrpcBackend("secure", pair);
  const port = await freePort();
  dev = new DevProcess({ dataFolder });
  grpc = new GrpcCaller(port, host, authority);
  const tls = { certificateRefs: [{ name: "pair" }] };
  const listeners = [{ name: "https", protocol: "HTTPS", port, hostname: host, tls }];
  const text = { "tls.crt": pair.certificate, "tls.key": pair.key };
  const rules = [rule("Echo", "trusted"), rule("EchoTwo", "strange"), rule("Talk", "broken")];
  await apply([
    object("v1", "Secret", "pair", { type: "kubernetes.io/tls", stringData: text }),
    object(gatewayApi, "Gateway", "web", { spec: { gatewayClassName: "routeledger", listeners } }),
    ...service("trusted", authority),
    ...service("strange", stranger),
    ...service("broken", "no certificate"),
    object(gatewayApi, "GRPCRoute", "shop", { spec: { parentRefs: [{ name: "web" }], rules } }),
  ]);
});

after(async () => {
  await dev.end("SIGTERM");
  grpc.close();
  backend.close();
  await rm(dataFolder, { recursive: true, force: true });
});

test("rule G93, G97: a call comes over TLS and goes on over TLS, in HTTP/2 by ALPN on both sides", async () => {
  const answer = await grpc.until(({ code }) => code === status.OK, "/shop.Cart/Echo");
  assert.equal(answer.echoes[0]?.backend, "secure");
});

test("rule G98: a backend that the policy does not trust is UNAVAILABLE, never plain text", async () => {
  const calls = backend.calls.length;
  for (const path of ["/shop.Cart/EchoTwo", "/shop.Cart/Talk"])
    assert.equal((await grpc.call(path)).code, status.UNAVAILABLE, path);
  assert.equal(backend.calls.length, calls);
});
