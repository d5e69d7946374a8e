/** Extension servers and the log: real translators, real sockets; what is asked, recorded and published. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ServerCredentials, status } from "@grpc/grpc-js";
import { sealedSecret, sealedTlsSecret, testKeyring } from "@routeledger/config-model/testing";
import { codec, type MessageTypes } from "@routeledger/protos";
import {
  addsHeader,
  ExtendedLogs,
  eventually,
  extendedRoute,
  extensionObject,
  header,
} from "./extensions/extended-world.ts";
import { type Behaviour, ExtensionServer, stuck } from "./extensions/extension-server.ts";
import { endpointSlice, gateway, gatewayClass, service } from "./translator/sample-objects.ts";
import { SignalBus } from "./translator/signal-bus.ts";
import { authority, first, gateway as gatewayPair } from "./xds/certificates.ts";

const base = [gatewayClass, gateway, service("a"), service("b"), endpointSlice("a", "10.0.0.1"), header];
const refuses: Behaviour = (call) => call.fail(status.INVALID_ARGUMENT, "not today");
const blue = [
  "default/shop/0/0 -> service/default/a/80 +x-by=one",
  "default/shop/1/0 -> service/default/a/80",
];

type Route = MessageTypes["envoy.config.route.v3.Route"];

function encodeAnswer(route: Route): Uint8Array {
  return codec("envoygateway.extension.PostRouteModifyResponse").encode({ route });
}

async function world(test: TestContext, behaviour: Behaviour, more = {}) {
  const server = await ExtensionServer.start(test, behaviour);
  const logs = new ExtendedLogs(test);
  await logs.author.apply(
    ...base,
    extensionObject(server.port, ["Route"], more),
    extendedRoute("shop", "shop.com"),
  );
  const translator = await logs.start();
  return { server, logs, translator };
}

const routesAre = (logs: ExtendedLogs, expected: readonly string[], host = "shop.com") =>
  eventually(
    () => logs.routes(host),
    (seen) => JSON.stringify(seen) === JSON.stringify(expected),
  );

test("rule E1, E5: an answer is an event, and is published; a replay without the server gives the same", async (t) => {
  const { server, logs } = await world(t, addsHeader("one"));
  deepEqual(await routesAre(logs, blue), blue);
  deepEqual(server.called, ["PostRouteModify"]);
  equal((await logs.kinds()).filter((kind) => kind === "ExtensionAnswers").length, 1);
  server.stop();
  const { differences } = await logs.replayed();
  deepEqual(differences, []);
});

test("rule E3, E7: the last answer survives the translator that heard it", async (t) => {
  const { server, logs, translator } = await world(t, addsHeader("one"));
  deepEqual(await routesAre(logs, blue), blue);
  server.stop();
  await translator.stop();
  await logs.author.apply(extendedRoute("shop", "shop.com", "b"));
  await logs.start();
  const key = "gateway.networking.k8s.io/HTTPRoute/default/shop";
  const said = await eventually(
    () => logs.status(key),
    (seen) => seen.includes("UNAVAILABLE"),
  );
  match(said, /"reason":"UNAVAILABLE".*"type":"routeledger.dev\/Extended"/);
  deepEqual(await logs.routes("shop.com"), blue);
});

test("rule E10: a server that comes back is asked by itself, and nobody touches an object", async (t) => {
  const { server, logs } = await world(t, refuses, { failureMode: "failClosed" });
  const broken = ["default/shop/0/0 -> 500", "default/shop/1/0 -> service/default/a/80"];
  deepEqual(await routesAre(logs, broken), broken);
  const before = await logs.kinds();
  await eventually(
    async () => server.called.length,
    (calls) => calls >= 3,
  );
  deepEqual(await logs.kinds(), before, "the same failure again is no event");
  server.behaviour = addsHeader("one");
  deepEqual(await routesAre(logs, blue), blue);
  equal(new Set(await logs.kinds()).has("ChangeSet"), true);
  equal((await logs.kinds()).filter((kind) => kind === "ChangeSet").length, 1);
});

test("rule E4: a stuck server delays only what it governs, and only until the deadline", async (t) => {
  const { logs } = await world(t, stuck);
  const others = ["default/shop/1/0 -> service/default/a/80"];
  deepEqual(await logs.routes("shop.com"), others, "published at once");
  const failed = ["default/shop/0/0 -> 500", ...others];
  deepEqual(await routesAre(logs, failed), failed);
  match(await logs.status("routeledger.dev/Extension//headers"), /DEADLINE_EXCEEDED/);
});

for (const [name, behaviour] of lies()) {
  test(`rule E7: an answer that ${name} is a failure, and costs its own route alone`, async (t) => {
    const { logs } = await world(t, behaviour);
    const failed = ["default/shop/0/0 -> 500", "default/shop/1/0 -> service/default/a/80"];
    deepEqual(await routesAre(logs, failed), failed);
    match(
      await logs.status("routeledger.dev/Extension//headers"),
      /"reason":"(INVALID_ANSWER|ANSWER_TOO_LARGE|RESOURCE_EXHAUSTED)"/,
    );
  });
}

function lies(): [string, Behaviour][] {
  const answering =
    (route: Parameters<typeof encodeAnswer>[0]): Behaviour =>
    (call) =>
      call.answer(encodeAnswer(route));
  return [
    ["is no protobuf", (call) => call.answer(new Uint8Array([0xff, 0xff]))],
    ["renames", answering({ name: "other", match: { prefix: "/" }, directResponse: { status: 200 } })],
    [
      "is refused by Envoy's field rules",
      answering({ name: "default/shop/0/0", directResponse: { status: 200 } }),
    ],
    ["is 64 MiB long", (call) => call.answer(new Uint8Array(64 * 1024 * 1024))],
  ];
}

test("rule E2: an Extension of another address is called there, and what changes nothing asks nothing", async (t) => {
  const { server, logs } = await world(t, addsHeader("one"));
  deepEqual(await routesAre(logs, blue), blue);
  const second = await ExtensionServer.start(t, addsHeader("two"));
  await logs.author.apply(extensionObject(second.port, ["Route"]), service("c"));
  await logs.author.apply(extendedRoute("shop", "shop.com", "b"));
  const green = [
    "default/shop/0/0 -> service/default/b/80 +x-by=two",
    "default/shop/1/0 -> service/default/a/80",
  ];
  deepEqual(await routesAre(logs, green), green);
  deepEqual([server.called.length, second.called.length], [1, 1]);
});

test("checkpoints hold what extensions said: a translator that begins there serves the same", async (t) => {
  const { server, logs, translator } = await world(t, addsHeader("one"));
  deepEqual(await routesAre(logs, blue), blue);
  await translator.stop();
  const second = await logs.start({ checkpointEveryRevisions: 1 });
  await logs.author.apply(service("d"));
  await eventually(
    () => logs.kinds(),
    (kinds) => kinds.includes("Catalog"),
  );
  await second.stop();
  server.stop();
  await logs.author.apply(service("e"));
  await logs.start();
  deepEqual(await routesAre(logs, blue), blue);
  ok((await logs.kinds()).includes("CheckpointClosed"));
});

test("only the translator that leads asks", async (t) => {
  const server = await ExtensionServer.start(t, addsHeader("one"));
  const logs = new ExtendedLogs(t);
  await logs.author.apply(
    ...base,
    extensionObject(server.port, ["Route"]),
    extendedRoute("shop", "shop.com"),
  );
  const bus = new SignalBus();
  for (const name of ["a", "b", "c"])
    await logs.start({ name, signals: bus.join(name), takeoverAfterMs: 50 });
  deepEqual(await routesAre(logs, blue), blue);
  await logs.author.apply(extendedRoute("shop", "shop.com", "b"));
  const green = [
    "default/shop/0/0 -> service/default/b/80 +x-by=one",
    "default/shop/1/0 -> service/default/a/80",
  ];
  deepEqual(await routesAre(logs, green), green);
  deepEqual(server.called, ["PostRouteModify", "PostRouteModify"]);
});

test("a server is called over TLS with the certificates that the Extension names, and says what is wrong with them", async (t) => {
  const credentials = ServerCredentials.createSsl(
    Buffer.from(authority),
    [{ private_key: Buffer.from(first.key), cert_chain: Buffer.from(first.cert) }],
    true,
  );
  const server = await ExtensionServer.start(t, addsHeader("one"), { credentials });
  const ref = (name: string) => ({ name, namespace: "default" });
  const service = {
    ip: { address: "127.0.0.1", port: server.port },
    tls: { certificateRef: ref("authority"), clientCertificateRef: ref("client") },
  };
  const logs = new ExtendedLogs(t);
  await logs.author.apply(
    ...base,
    extensionObject(0, ["Route"], { service }),
    extendedRoute("shop", "shop.com"),
  );
  await logs.start({ keyring: () => testKeyring });
  const key = "routeledger.dev/Extension//headers";
  const said = await eventually(
    () => logs.status(key),
    (seen) => seen.includes("UNUSABLE_SETTINGS"),
  );
  match(said, /service\.tls\.certificateRef: Secret default\/authority does not exist/);
  await logs.author.apply(
    sealedSecret({ name: "authority", data: { "ca.crt": authority } }),
    sealedTlsSecret({ name: "client", certificate: gatewayPair.cert, key: gatewayPair.key }),
  );
  deepEqual(await routesAre(logs, blue), blue);
  match(await logs.status(key), /"status":"True","type":"routeledger.dev\/Answering"/);
});
