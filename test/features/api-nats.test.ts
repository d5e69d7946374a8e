import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeConfigEvent } from "@routeledger/config-model";
import { createNatsStreams, openNatsEventLogs } from "@routeledger/event-log-nats";
import { type JsonObject, revision } from "@routeledger/std";
import { connect, headers, type NatsConnection, RequestStrategy } from "nats";
import { startNatsServer } from "../nats/nats-server.ts";
import { gatewayClass, outcomes, type RunningApi, withApi } from "./api/running-api.ts";

test("two apis on NATS answer each request on the bus once, and each reads what the other wrote", () =>
  withTwoApis(async ({ apis: [first, second], client }) => {
    await client.served(2);
    const said = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        client.ask("apply", { objects: [service(index)], actor: "loader" }),
      ),
    );
    const revisions = said.map(({ body }) => String(body.revision));
    assert.equal(new Set(revisions).size, 40, "each became one event");
    assert.ok(said.every(({ error }) => error === undefined));
    assert.deepEqual(await client.answered(), { apply: 40 }, "and was answered once");
    for (const { get } of [first, second]) {
      const { body } = await get("/v1/objects/services?namespace=shop");
      assert.equal((body.items as JsonObject[]).length, 40);
    }
    const deleted = await client.ask("delete", { refs: [{ kind: "svc", namespace: "shop", name: "s7" }] });
    assert.equal(deleted.error, undefined);
    const gone = await client.ask("get", { kind: "svc", namespace: "shop", name: "s7" });
    assert.deepEqual(gone.error, { code: "404", description: 'services "s7" not found' });
    assert.equal((gone.body.error as JsonObject).code, "notFound");
  }));

test("P1: two apis on NATS that race lose nothing, and a precondition holds against the other's writes", () =>
  withTwoApis(async ({ apis: [first, second] }) => {
    const counter = (value: number) =>
      `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "counter", "namespace": "shop"}, "spec": {"ports": [{"port": ${value}}]}}`;
    let last = String((await first.post("/v1/apply", counter(1))).body.revision);
    const accepted = [1];
    for (let round = 2; round <= 15; round++) {
      const [left, right] = await Promise.all(
        [first, second].map(({ post }, index) =>
          post("/v1/apply", counter(100 * round + index), { "if-match": `"${last}"` }),
        ),
      );
      const won = [left!, right!].flatMap((answer, index) =>
        answer.status === 200 ? [{ answer, index }] : [],
      );
      assert.equal(won.length, 1, "one of two that stand on the same revision");
      const [winner] = won;
      last = String(winner?.answer.body.revision);
      accepted.push(100 * round + (winner?.index ?? 0));
      const loser = winner?.index === 0 ? right! : left!;
      assert.match(JSON.stringify(outcomes(loser)), /refused/);
    }
    const { body } = await second.get("/v1/log?object=service/counter&namespace=shop");
    assert.equal((body.events as JsonObject[]).length, accepted.length);
    const shown = (await first.get("/v1/objects/service/shop/counter")).body;
    const { generation } = shown.metadata as { generation: number };
    assert.equal(generation, accepted.length);
    assert.equal(((shown.spec as JsonObject).ports as { port: number }[])[0]?.port, accepted.at(-1));
  }));

test("with NATS gone requests say so and may be asked again; when it is back they are answered, by the same process", () =>
  withTwoApis(async ({ apis: [first], server }) => {
    assert.equal((await first.post("/v1/apply", gatewayClass)).status, 200);
    // The store has it now.
    assert.equal((await first.get("/v1/head")).body.head, "1.1");
    await server.kill();
    const refused = await fetch(`http://${first.api.address}/v1/apply`, {
      method: "POST",
      headers: { "content-type": "application/yaml" },
      body: gatewayClass.replace("routeledger", "other"),
    });
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    const { error } = (await refused.json()) as { error: JsonObject };
    assert.match(String(error.code), /^(log\.unreachable|outcomeUnknown)$/);
    assert.ok(error.hint, "it says what to do");
    const head = await first.get("/v1/head");
    assert.equal(head.status, 503);
    assert.match(JSON.stringify(head.body), /up to @1\.1: that moment can be asked for/);
    const held = await first.get("/v1/objects/gatewayclass/_/routeledger?at=@1.1");
    assert.equal(held.status, 200, "what the store has can be read");
    assert.equal((await first.get("/v1/proxies")).status, 200);
    assert.equal((await fetch(`http://${first.api.address}/livez`)).status, 200);
    assert.equal((await fetch(`http://${first.api.address}/readyz`)).status, 503);
    await server.spawn();
    await server.ready();
    let answer = await first.post("/v1/apply", service(1));
    while (answer.status === 503) answer = await first.post("/v1/apply", service(1));
    assert.deepEqual(outcomes(answer), { "Service/s1": "created" });
    const kept = await first.get("/v1/objects/gatewayclass/_/routeledger");
    assert.equal(kept.status, 200);
  }));

test("an api stops while NATS is gone", () =>
  withTwoApis(async ({ apis: [first], client, server }) => {
    await client.served(2);
    await server.kill();
    await first.api.stop();
    await assert.rejects(fetch(`http://${first.api.address}/livez`));
  }));

test("a store's confirmation is an event between the changes of both apis, in nobody's term", () =>
  withTwoApis(async ({ apis: [first, second] }) => {
    const storeId = "0123456789abcdef0123456789abcdef";
    const applied = await first.post("/v1/apply", service(0));
    const [confirmed] = await Promise.all([
      first.api.door.confirm({ storeId, config: revision(1, 1), xds: revision(1, 0) }),
      ...Array.from({ length: 5 }, (_, index) => second.post("/v1/apply", service(index))),
    ]);
    const { kind, term, actor, source } = confirmed;
    assert.deepEqual(
      { kind, term, actor, source },
      { kind: "StoreConfirmed", term: 0, actor: "api-1", source: "store" },
    );
    const { fact } = decodeConfigEvent(confirmed);
    assert.deepEqual(fact, { type: "storeConfirmed", storeId, config: revision(1, 1), xds: revision(1, 0) });
    const { body } = await second.get("/v1/log?all=true");
    const kinds = (body.events as JsonObject[]).map((event) => event.kind);
    assert.equal(kinds.filter((name) => name === "StoreConfirmed").length, 1);
    assert.equal(kinds.length, 6, "the first service was there already");
    assert.match(String(applied.body.revision), /^1\.1$/);
  }));

interface TwoApis {
  readonly apis: readonly [RunningApi, RunningApi];
  readonly client: BusClient;
  readonly server: Awaited<ReturnType<typeof startNatsServer>>["servers"][number];
}

/** Two apis with a store each, on one nats-server of their own. */
async function withTwoApis(use: (both: TwoApis) => Promise<void>): Promise<void> {
  const servers = await startNatsServer();
  const server = servers.servers[0]!;
  const options = (name: string) => ({ servers: [server.url], name });
  try {
    await createNatsStreams({ ...options("test"), replicas: 1 });
    await withNatsApi(options("api-1"), (first) =>
      withNatsApi(options("api-2"), async (second) => {
        const connection = await connect({ servers: server.url });
        try {
          await use({ apis: [first, second], client: new BusClient(connection), server });
        } finally {
          await connection.close();
        }
      }),
    );
  } finally {
    await servers.dispose();
  }
}

async function withNatsApi(
  options: Parameters<typeof openNatsEventLogs>[0],
  use: (running: RunningApi) => Promise<void>,
): Promise<void> {
  const logs = await openNatsEventLogs(options);
  try {
    await withApi(use, { translator: false, logs, options: { name: options.name, bus: logs.bus } });
  } finally {
    await logs.close();
  }
}

/** A program that lives on NATS and knows nothing of HTTP. */
class BusClient {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Waits until so many processes serve the api. */
  async served(count: number): Promise<void> {
    for (let found = 0; found < count; ) {
      found = 0;
      for await (const _ of await this.#connection.services
        .client({ strategy: RequestStrategy.Timer, maxWait: 200 })
        .ping("routeledger-api")) {
        found += 1;
      }
    }
  }

  async ask(endpoint: string, request: object) {
    const message = await this.#connection.request(`routeledger.api.${endpoint}`, JSON.stringify(request), {
      timeout: 10_000,
      headers: headers(),
    });
    const code = message.headers?.get("Nats-Service-Error-Code");
    const description = message.headers?.get("Nats-Service-Error") ?? "";
    return { body: message.json<JsonObject>(), error: code ? { code, description } : undefined };
  }

  /** How many requests the processes answered together, by endpoint. */
  async answered(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const stats = await this.#connection.services
      .client({ strategy: RequestStrategy.Timer, maxWait: 500 })
      .stats("routeledger-api");
    for await (const { endpoints = [] } of stats) {
      for (const { name, num_requests: requests } of endpoints) {
        if (requests > 0) counts[name] = (counts[name] ?? 0) + requests;
      }
    }
    return counts;
  }
}

function service(index: number): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `s${index}`, namespace: "shop" },
    spec: { ports: [{ port: 8080 }] },
  };
}
