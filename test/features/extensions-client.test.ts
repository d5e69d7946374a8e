/** The client of extension servers beside real ones, over real sockets: what they answer, and how they are reached. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ServerCredentials } from "@grpc/grpc-js";
import { codec, type MessageName, withMessages } from "@routeledger/protos";
import { concatBytes, fromHex } from "@routeledger/std";
import type { ResourceQuestion } from "@routeledger/translation/extensions";
import type { ExtensionService } from "@routeledger/translator/extensions";
import { answerOf, clientOf, clusterQuestion, failure, onPort } from "./extensions/asked.ts";
import { type Behaviour, ExtensionServer, unchanged } from "./extensions/extension-server.ts";
import { authority, first, foreign, gateway } from "./xds/certificates.ts";

/** A field that no version of Envoy's API has. */
const unknownField = fromHex("faff0f03616263");
const nothing = new Uint8Array(0);
const extensionResources = ['{"kind":"Widget"}'];

function encoded<Name extends MessageName>(
  type: Name,
  message: Parameters<ReturnType<typeof codec<Name>>["encode"]>[0],
) {
  return concatBytes([codec(type).encode(message), unknownField]);
}

const questions: readonly ResourceQuestion[] = [
  {
    ...{ hook: "Route", resource: encoded("envoy.config.route.v3.Route", { name: "r" }), extensionResources },
    ...{ hostnames: ["a.example"], extensionPolicies: [] },
  },
  { hook: "VirtualHost", resource: encoded("envoy.config.route.v3.VirtualHost", { name: "v" }) },
  {
    hook: "HTTPListener",
    resource: encoded("envoy.config.listener.v3.Listener", { name: "l" }),
    extensionResources,
  },
  {
    hook: "Cluster",
    resource: encoded("envoy.config.cluster.v3.Cluster", { name: "c" }),
    extensionResources,
  },
  {
    hook: "Endpoints",
    resource: encoded("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: "c" }),
  },
];

test("each hook calls its method; the answer comes back byte for byte, unknown fields included", async (t) => {
  const added = fromHex("f2ff0f0161");
  const server = await ExtensionServer.start(t, ({ request, answer }) => {
    // Field 1 of each request and of each answer is the resource, whose length is below 128.
    const resource = request.subarray(2, 2 + (request[1] ?? 0));
    answer(answerOf(concatBytes([added, resource])));
  });
  const client = clientOf(t, onPort(server.port));
  for (const question of questions) {
    deepEqual(await client.askResource(question), {
      kind: "answer",
      answer: concatBytes([added, question.resource]),
    });
  }
  deepEqual(server.called, [
    "PostRouteModify",
    "PostVirtualHostModify",
    "PostHTTPListenerModify",
    "PostClusterModify",
    "PostEndpointsModify",
  ]);
});

test("an absent resource, and an equal one, are unchanged", async (t) => {
  const server = await ExtensionServer.start(t, unchanged);
  const client = clientOf(t, onPort(server.port));
  for (const question of questions) {
    server.behaviour = unchanged;
    deepEqual(await client.askResource(question), { kind: "unchanged" });
    server.behaviour = ({ answer }) => answer(answerOf(question.resource));
    deepEqual(await client.askResource(question), { kind: "unchanged" });
  }
});

test("the translation hook gets all lists and gives back those that were asked about", async (t) => {
  const cluster = (name: string) => encoded("envoy.config.cluster.v3.Cluster", { name });
  const secret = encoded("envoy.extensions.transport_sockets.tls.v3.Secret", { name: "s" });
  let asked: Uint8Array = nothing;
  const server = await ExtensionServer.start(t, ({ request, answer }) => {
    asked = request;
    const clusters = withMessages(nothing, 1, [cluster("a"), cluster("b")]);
    answer(withMessages(withMessages(clusters, 2, [secret]), 4, [nothing]));
  });
  const client = clientOf(t, onPort(server.port));
  const outcome = await client.askTranslation({
    ...{
      hook: "Translation",
      extensionResources,
      resources: { clusters: [cluster("a")], secrets: [secret] },
    },
  });
  const request = codec("envoygateway.extension.PostTranslateModifyRequest").decode(asked);
  deepEqual(
    [request.clusters.map(({ name }) => name), request.secrets.map(({ name }) => name), request.routes],
    [["a"], ["s"], []],
  );
  deepEqual(outcome, {
    kind: "answer",
    answer: { clusters: [cluster("a"), cluster("b")], secrets: [secret] },
  });
  deepEqual(server.called, ["PostTranslateModify"]);
});

test("a unix socket, a name of this machine, and an IPv6 address are reached", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-extension-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "extension.sock");
  await ExtensionServer.start(t, unchanged, { address: `unix:${path}` });
  const { port } = await ExtensionServer.start(t, unchanged, { address: "127.0.0.1:0" });
  const six = await ExtensionServer.start(t, unchanged, { address: "[::1]:0" });
  const services: ExtensionService[] = [
    { unix: { path } },
    { fqdn: { hostname: "localhost", port } },
    { ip: { address: "::1", port: six.port } },
  ];
  for (const service of services) {
    deepEqual(await clientOf(t, service).askResource(clusterQuestion()), { kind: "unchanged" });
  }
});

const pairOf = ({ cert, key }: { readonly cert: string; readonly key: string }) => ({
  cert_chain: Buffer.from(cert),
  private_key: Buffer.from(key),
});
/** What is refused is refused again, so once is enough. */
const retry = { maxAttempts: 1 };
const own = { certificate: gateway.cert, key: gateway.key };

test("TLS: the server's certificate must be of the authority, and of its address or hostname", async (t) => {
  const credentials = ServerCredentials.createSsl(null, [pairOf(first)], false);
  const { port } = await ExtensionServer.start(t, unchanged, { credentials });
  const ask = (tls: ExtensionService["tls"], hostname?: string) =>
    clientOf(t, { ...onPort(port), retry, tls, hostname }).askResource(clusterQuestion());
  deepEqual(await ask({ certificate: authority }), { kind: "unchanged" });
  deepEqual(await ask({ certificate: authority }, "localhost"), { kind: "unchanged" });
  match(
    failure(await ask({ certificate: authority }, "elsewhere.example")).message,
    /UNAVAILABLE: .*altnames/,
  );
  match(failure(await ask({ certificate: foreign.cert })).message, /UNAVAILABLE: .*certificate/);
  equal(failure(await ask(undefined)).code, "UNAVAILABLE");
});

test("mTLS: the client shows its certificate; without one, or with a foreign one, it is refused", async (t) => {
  const credentials = ServerCredentials.createSsl(Buffer.from(authority), [pairOf(first)], true);
  const { port } = await ExtensionServer.start(t, unchanged, { credentials });
  const ask = (clientCertificate?: typeof own) =>
    clientOf(t, { ...onPort(port), retry, tls: { certificate: authority, clientCertificate } }).askResource(
      clusterQuestion(),
    );
  deepEqual(await ask(own), { kind: "unchanged" });
  equal(failure(await ask()).code, "UNAVAILABLE");
  equal(failure(await ask({ certificate: foreign.cert, key: foreign.key })).code, "UNAVAILABLE");
});

test("settings that cannot be used say which", async (t) => {
  const message = async (service: ExtensionService): Promise<string> => {
    const { code, message, retryable } = failure(await clientOf(t, service).askResource(clusterQuestion()));
    deepEqual([code, retryable], ["UNUSABLE_SETTINGS", false]);
    return message;
  };
  match(await message({}), /service names 0 of fqdn, ip and unix: exactly one is needed$/);
  match(await message({ ...onPort(1), unix: { path: "/x" } }), /service names 2 of fqdn, ip and unix/);
  match(await message({ unix: { path: "x" } }), /service\.unix\.path "x" is not absolute$/);
  match(
    await message({ ...onPort(1), tls: { certificate: "no PEM" } }),
    /certificateRef holds no PEM certificate/,
  );
  const broken = { certificate: gateway.cert, key: "no PEM" };
  match(
    await message({ ...onPort(1), tls: { certificate: authority, clientCertificate: broken } }),
    /clientCertificateRef holds no pair of certificate and key/,
  );
  const mixed = { certificate: gateway.cert, key: first.key };
  match(
    await message({ ...onPort(1), tls: { certificate: authority, clientCertificate: mixed } }),
    /clientCertificateRef holds no pair of certificate and key/,
  );
  for (const port of [0, 99_999, Number.NaN, 1.5]) {
    match(await message(onPort(port)), /service\.ip\.port \S+ is no port: 1 to 65535$/);
  }
  match(
    await message({ ip: { address: "localhost", port: 1 } }),
    /service\.ip\.address "localhost" is no IP address$/,
  );
  for (const hostname of ["", "a b", "a/b", "a:1", "[::1]"]) {
    match(await message({ fqdn: { hostname, port: 1 } }), /service\.fqdn\.hostname ".*" is no host name$/);
  }
});

test("a lying server's answers are failures that say what is wrong", async (t) => {
  const server = await ExtensionServer.start(t, unchanged);
  const client = clientOf(t, onPort(server.port));
  const lie = async (bytes: Uint8Array): Promise<string> => {
    server.behaviour = ({ answer }) => answer(bytes);
    const { code, message } = failure(await client.askResource(clusterQuestion()));
    equal(code, "INVALID_ANSWER");
    return message;
  };
  const renamed = codec("envoy.config.cluster.v3.Cluster").encode({ name: "mine" });
  equal(
    await lie(answerOf(renamed)),
    'ask extension ext PostClusterModify for "web": INVALID_ANSWER: the answer names "mine" instead of "web": a resource keeps its name',
  );
  match(await lie(answerOf(nothing)), /the answer names "" instead of "web"/);
  match(await lie(fromHex("0aff")), /the answer is no protobuf message: field 1 has no end$/);
  match(await lie(answerOf(fromHex("0a0577"))), /the answer holds no envoy\.config\.cluster\.v3\.Cluster: /);
  match(await lie(Buffer.from("<html>502 Bad Gateway</html>")), /the answer is no protobuf message: /);
  deepEqual(server.called.length, 5, "a lie is not asked again within a call");
});

test("an answer of 64 MiB is refused before it is read, and the next one is answered on the same connection", async (t) => {
  const large = codec("envoy.config.cluster.v3.Cluster").encode({
    name: "web",
    altStatName: "x".repeat(64 << 20),
  });
  const server = await ExtensionServer.start(t, ({ answer }) => answer(answerOf(large)));
  const client = clientOf(t, onPort(server.port));
  const { code, message, retryable } = failure(await client.askResource(clusterQuestion()));
  deepEqual([code, retryable], ["ANSWER_TOO_LARGE", true]);
  match(message, /the answer is larger than maxMessageSize, 4194304 bytes \(671\d+ bytes\)$/);
  server.behaviour = unchanged;
  deepEqual(await client.askResource(clusterQuestion()), { kind: "unchanged" });
});

test("maxMessageSize bounds answers and questions to the byte", async (t) => {
  const sized = (bytes: number): Uint8Array => {
    const head = codec("envoy.config.cluster.v3.Cluster").encode({
      name: "web",
      altStatName: "x".repeat(200),
    });
    return concatBytes([
      head,
      fromHex("faff0f"),
      Uint8Array.of(bytes - head.length - 4),
      new Uint8Array(bytes - head.length - 4),
    ]);
  };
  const resource = sized(300);
  const server = await ExtensionServer.start(t, ({ answer }) => answer(answerOf(resource)));
  const exact = answerOf(resource).length;
  const ask = (maxMessageBytes: number) =>
    clientOf(t, onPort(server.port), { maxMessageBytes }).askResource(clusterQuestion());
  deepEqual(await ask(exact), { kind: "answer", answer: resource });
  equal(failure(await ask(exact - 1)).code, "ANSWER_TOO_LARGE");
  server.called.length = 0;
  const { code } = failure(
    await clientOf(t, onPort(server.port), { maxMessageBytes: 8 }).askResource(clusterQuestion()),
  );
  deepEqual([code, server.called], ["QUESTION_TOO_LARGE", []]);
});

test("a server without the hook is UNIMPLEMENTED; what a hook throws comes with the server's words", async (t) => {
  const failing: Behaviour = ({ fail }) => fail(12, "no such hook");
  const server = await ExtensionServer.start(t, failing);
  const client = clientOf(t, onPort(server.port));
  const missing = failure(await client.askResource(clusterQuestion()));
  deepEqual([missing.code, missing.retryable], ["UNIMPLEMENTED", true]);
  server.behaviour = ({ fail }) => fail(3, "widget lacks\na size");
  const refused = failure(await client.askResource(clusterQuestion()));
  match(refused.message, /for "web": INVALID_ARGUMENT: widget lacks a size$/);
  ok(!refused.message.includes("\n"));
});
