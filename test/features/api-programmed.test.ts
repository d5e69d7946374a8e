import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { p256, testKeyring } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import { typeNumbers } from "@routeledger/xds-model";
import { FakeEdge } from "./api/fake-edge.ts";
import { backend, documents, gatewayClass, type RunningApi, withApi } from "./api/running-api.ts";

const { cluster, endpoint, listener, route, secret } = typeNumbers;
const gatewayApi = "gateway.networking.k8s.io/v1";

function object(kind: string, name: string, spec: JsonObject): string {
  return `\n${JSON.stringify({ apiVersion: gatewayApi, kind, metadata: { name, namespace: "shop" }, spec })}\n`;
}

const web = { gatewayClassName: "routeledger", allowedListeners: { namespaces: { from: "Same" } } };
const plain = [{ name: "http", port: 8080, protocol: "HTTP", hostname: "web.io" }];
const set = object("ListenerSet", "team", {
  parentRef: { name: "web" },
  listeners: [{ name: "http", port: 8080, protocol: "HTTP", hostname: "team.io" }],
});
const onSet = object("HTTPRoute", "home", {
  parentRefs: [{ kind: "ListenerSet", name: "team" }],
  rules: [{ backendRefs: [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "local" }] }],
});

/** `status reason` of a condition of an object, or of its first parent. */
async function said({ get, store, logs }: RunningApi, path: string, type: string): Promise<string> {
  const { lastSequence } = await logs.delivery.info();
  await store.deliveries.waitFor(lastSequence, AbortSignal.timeout(10_000));
  const { body } = await get(`/v1/objects/${path}`);
  const status = body.status as { conditions?: JsonObject[]; parents?: { conditions: JsonObject[] }[] };
  const conditions = status.conditions ?? status.parents?.[0]?.conditions ?? [];
  const found = conditions.find((condition) => condition.type === type);
  return `${found?.status} ${found?.reason}`;
}

async function applied({ apply, get }: RunningApi, text: string): Promise<number> {
  const { body } = await apply(text);
  await get(`/v1/revisions/@${body.revision}/delivery?waitMs=20000`);
  return Number(String(body.revision).split(".")[1]);
}

test("rule G109: a ListenerSet and its routes are programmed when proxies of the Gateway have acknowledged them", () =>
  withApi(async (running) => {
    const objects = documents(
      gatewayClass,
      object("Gateway", "web", { ...web, listeners: plain }),
      set,
      backend,
      onSet,
    );
    const sequence = await applied(running, objects);
    const both = async (): Promise<string[]> => [
      await said(running, "listenerset/shop/team", "Programmed"),
      await said(running, "httproute/shop/home", "routeledger.dev/Programmed"),
    ];
    deepEqual(await both(), ["False Pending", "False Pending"]);
    const edge = new FakeEdge(running.logs.delivery);
    await edge.connect();
    for (const type of [cluster, endpoint, listener, route]) {
      deepEqual(await both(), ["False Pending", "False Pending"]);
      await edge.sent(type, sequence, `n${type}`);
      await edge.acked(type, sequence, `n${type}`);
    }
    deepEqual(await both(), ["True Programmed", "True Programmed"]);
  }));

test("rule G109: a Gateway whose certificate no proxy has yet is not programmed", () =>
  withApi(
    async (running) => {
      const tls = { certificateRefs: [{ name: "cert" }] };
      const secure = [{ name: "https", port: 8443, protocol: "HTTPS", tls }];
      const certificate = `\n${JSON.stringify({
        ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls" },
        metadata: { name: "cert", namespace: "shop" },
        stringData: { "tls.crt": p256.certificate, "tls.key": p256.key },
      })}\n`;
      const sequence = await applied(
        running,
        documents(gatewayClass, certificate, object("Gateway", "web", { ...web, listeners: secure })),
      );
      const edge = new FakeEdge(running.logs.delivery);
      await edge.connect();
      for (const type of [listener, route]) {
        await edge.sent(type, sequence, `n${type}`);
        await edge.acked(type, sequence, `n${type}`);
      }
      equal(await said(running, "gateway/shop/web", "Programmed"), "False Pending");
      await edge.sent(secret, sequence, "n5");
      await edge.acked(secret, sequence, "n5");
      equal(await said(running, "gateway/shop/web", "Programmed"), "True Programmed");
    },
    { options: { sealingKeys: { keyring: testKeyring } } },
  ));

test("status names a policy that is not accepted, by the Gateway at which it is not", () =>
  withApi(async (running) => {
    const policy = object("BackendTLSPolicy", "tls", {
      targetRefs: [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "local" }],
      validation: {
        hostname: "a.io",
        caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "missing" }],
      },
    });
    const objects = documents(
      gatewayClass,
      object("Gateway", "web", { ...web, listeners: plain }),
      set,
      backend,
      onSet,
    );
    await applied(running, documents(objects, policy));
    const { body } = await running.get("/v1/status");
    const problems = (body.problems as JsonObject[]).filter(({ ref }) => (ref as JsonObject).name === "tls");
    deepEqual(
      problems.map(({ where, condition, reason }) => `${where} ${condition} ${reason}`),
      [
        "parent Gateway shop/web Accepted NoValidCACertificate",
        "parent Gateway shop/web ResolvedRefs InvalidCACertificateRef",
      ],
    );
  }));
