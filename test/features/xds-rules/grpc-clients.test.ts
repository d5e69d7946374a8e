/** The protocol table, rules 60 to 66: where gRPC clients differ from Envoy, with snapshots made by hand. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { unpackAny } from "@routeledger/protos";
import { cluster, endpoints, listener, route } from "../xds/sample-parts.ts";
import { type Scenario, scenario } from "../xds/scenario.ts";
import {
  act,
  advance,
  anotherEdge,
  cut,
  expect,
  first,
  nack,
  publish,
  silence,
  subscribe,
  take,
} from "../xds/scenario-steps.ts";
import { ads, delta, sotw } from "../xds/variant.ts";

const gRpc: Pick<Scenario, "node"> = { node: { userAgentName: "gRPC Node Pure JS" } };

for (const [type, make] of [
  ["cluster", (name: string, change = 0) => cluster(name, { timeoutMs: 1_000 + change })],
  ["listener", (name: string, change = 0) => listener(name, { idleTimeoutMs: 1_000 * (1 + change) })],
] as const) {
  scenario(
    `rule 60: a change to one ${type} of those named is sent with the others named, and with no other`,
    {
      ...gRpc,
      serves: [make("a"), make("b"), make("other")],
      steps: [
        subscribe(type, "a"),
        take(`${type} a`),
        subscribe(type, "b"),
        take(sotw(`${type} a b`), delta(`${type} b`)),
        publish(make("a", 1), make("b"), make("other")),
        take(sotw([make("a", 1), make("b")]), delta(make("a", 1))),
        publish(make("a", 1), make("b"), make("other", 1)),
        silence(),
      ],
    },
  );

  scenario(`rule 61: a gRPC client that names no ${type} gets none, never all`, {
    ...gRpc,
    serves: [make("a")],
    steps: [
      subscribe(type),
      silence(),
      publish(make("a", 1)),
      silence(),
      subscribe(type, "a"),
      take(make("a", 1)),
    ],
  });
}

scenario("rule 60: a listener that is no more is absent among those named", {
  ...gRpc,
  serves: [listener("a"), listener("b")],
  steps: [
    subscribe("listener", "a", "b"),
    take("listener a b"),
    publish(listener("b")),
    take(sotw("listener b"), delta("listener -a")),
    publish(listener("a"), listener("b")),
    take(sotw("listener a b"), delta("listener a")),
  ],
});

scenario("rule 62: what does not exist is answered before the client's timer, and comes after it", {
  ...gRpc,
  steps: [
    subscribe("listener", "late"),
    take(sotw("listener"), delta("listener -late")),
    subscribe("cluster", "late"),
    take(sotw("cluster"), delta("cluster -late")),
    // SotW has no word for a route table or an assignment that does not exist.
    subscribe("route", "late"),
    take(delta("route late")),
    subscribe("endpoint", "late"),
    take(delta("endpoint -late")),
    advance(16_000),
    silence(),
    publish(
      [listener("late", { table: "late" }), route("late", "late")],
      [cluster("late"), endpoints("late", 1)],
    ),
    act("all of it comes", async (player) => {
      for (let turn = await player.all(); turn.length > 0; turn = await player.all())
        for (const received of turn) player.client.ack(received);
      for (const type of ["listener", "route", "cluster", "endpoint"] as const)
        deepEqual([...player.client.memory(type).held.keys()], ["late"], type);
    }),
  ],
});

scenario("rule 63: what was valid in a rejected response goes on, and the bad one is never sent as deleted", {
  ...gRpc,
  serves: [listener("good"), listener("bad")],
  steps: [
    subscribe("listener", "bad", "good"),
    take("listener bad good"),
    publish(listener("good"), listener("bad", { idleTimeoutMs: 1_000 })),
    expect(sotw("listener bad good"), delta("listener bad")),
    nack("listener", { error: "bad: a field is wrong" }),
    act("whatever follows, nothing is deleted", async (player) => {
      for (const received of await player.all()) {
        if (player.variant.protocol === "sotw") deepEqual(received.names, ["bad", "good"]);
        deepEqual(received.removed, []);
        player.client.ack(received);
      }
    }),
    publish(listener("good", { idleTimeoutMs: 2_000 }), listener("bad", { idleTimeoutMs: 1_000 })),
    take(sotw([listener("bad"), listener("good", { idleTimeoutMs: 2_000 })]), delta("listener good")),
    publish(listener("good", { idleTimeoutMs: 2_000 }), listener("bad", { idleTimeoutMs: 3_000 })),
    take(
      sotw([listener("bad", { idleTimeoutMs: 3_000 }), listener("good", { idleTimeoutMs: 2_000 })]),
      delta(listener("bad", { idleTimeoutMs: 3_000 })),
    ),
  ],
});

scenario(
  "rule 64: a stream is ended after a response, or refused before it is accepted, never closed empty",
  {
    ...gRpc,
    serves: [cluster("a")],
    steps: [
      subscribe("cluster", "a"),
      take("cluster a"),
      act("the edge stops", ({ edge }) => edge.stop()),
      act("the stream that was served is told to come back", async ({ client }) => {
        equal((await client.ended("cluster")).code, status.UNAVAILABLE);
      }),
      cut(),
      act("an edge that has read nothing yet", async (player) => {
        player.world.gate.holdReadersAt(0);
        player.edge = await player.world.openEdge();
      }),
      first("cluster"),
      act("a stream that cannot be served is an error, not an end", async ({ client }) => {
        equal((await client.ended("cluster")).code, status.UNAVAILABLE);
      }),
    ],
  },
);

scenario(
  "rule 65: addresses and ConfigSources are sent as they were published; another server's versions mean nothing",
  {
    ...gRpc,
    serves: [cluster("a"), endpoints("a", 1), listener("l", { table: "r", port: 50_051 }), route("r", "a")],
    steps: [
      subscribe("listener", "l"),
      take(listener("l", { table: "r", port: 50_051 })),
      subscribe("cluster", "a"),
      take(cluster("a")),
      act("the cluster's endpoints come by ADS, the listener has its address", ({ client }) => {
        const [sentCluster] = client.response("cluster").resources;
        const [sentListener] = client.response("listener").resources;
        const found = [sentCluster, sentListener].map((sent) => sent && unpackAny(sent)?.message);
        ok(JSON.stringify(found[0]).includes('"ads":{}'), "a cluster whose endpoints come by ADS");
        ok(JSON.stringify(found[1]).includes("50051"), "a listener with the address that it listens on");
      }),
      // A client that falls back to this server from another one shows the other's versions, or none.
      anotherEdge(),
      cut(),
      first("listener", { version: "7", versions: { l: "7" } }),
      take("listener l"),
      first("cluster", { version: "", versions: {} }),
      take("cluster a"),
    ],
  },
);

scenario(
  "rule 66: the way of a gRPC channel: a listener, its table, the cluster, its endpoints, each by name",
  {
    ...gRpc,
    serves: [
      [listener("server.example", { table: "r" }), route("r", "a"), cluster("a"), endpoints("a", 1)],
      [listener("another", { table: "s" }), route("s", "b"), cluster("b"), endpoints("b", 1)],
    ],
    steps: [
      subscribe("listener", "server.example"),
      take("listener server.example"),
      subscribe("route", "r"),
      take("route r"),
      subscribe("cluster", "a"),
      take("cluster a"),
      subscribe("endpoint", "a"),
      take("endpoint a"),
      publish(
        [listener("server.example", { table: "r" }), route("r", "b"), cluster("a"), endpoints("a", 1)],
        [listener("another", { table: "s" }), route("s", "b"), cluster("b"), endpoints("b", 1)],
      ),
      // The client learns of b by its table, and asks then; a gate of its stream ends in time.
      act("the table comes", async (player) => {
        for (const received of await player.all()) player.client.ack(received);
      }),
      advance(2_000),
      act("the table is there", async (player) => {
        for (const received of await player.all()) player.client.ack(received);
        equal(player.client.memory("route").held.get("r")?.digest, route("r", "b").digest);
      }),
      subscribe("cluster", "b"),
      take(sotw("cluster a b", ads("endpoint b")), delta("cluster b", ads("endpoint b"))),
      subscribe("endpoint", "b"),
      act("its endpoints are held", async (player) => {
        for (const received of await player.all()) player.client.ack(received);
        equal(player.client.memory("endpoint").held.get("b")?.digest, endpoints("b", 1).digest);
      }),
    ],
  },
);
