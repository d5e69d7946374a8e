/** The protocol table, rules 26 to 37: delta. */
import { deepEqual, equal } from "node:assert/strict";
import { type Part, type ResourceType, resourceTypes } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { cluster, endpoints, listener, route, secret } from "../xds/sample-parts.ts";
import { scenario } from "../xds/scenario.ts";
import {
  ack,
  act,
  advance,
  anotherEdge,
  cut,
  expect,
  first,
  nack,
  publish,
  reconnect,
  request,
  silence,
  subscribe,
  take,
  unsubscribe,
} from "../xds/scenario-steps.ts";
import { ads, delta, perType, sotw, type Variant } from "../xds/variant.ts";

const onDelta = {
  on: ({ protocol }: Variant) => protocol === "delta",
  because: "SotW has no such request",
};

const samples: Readonly<Record<ResourceType, Part>> = {
  cluster: partOf("cluster", "a"),
  endpoint: endpoints("a", 1),
  listener: listener("a"),
  route: route("a"),
  secret: secret("a"),
  extensionConfig: partOf("extensionConfig", "a"),
};

for (const type of resourceTypes) {
  scenario(`rule 26, probe 2b: a ${type} that is held and asked for again is answered, each time`, {
    ...onDelta,
    serves: Object.values(samples),
    steps: [
      subscribe(type, "a"),
      take(samples[type]),
      subscribe(type, "a"),
      take(samples[type]),
      request(type, { subscribe: ["a"], unsubscribe: ["a"] }),
      take(samples[type]),
    ],
  });
}

scenario("rule 26: the wildcard, asked for again, is answered with everything", {
  ...onDelta,
  serves: [cluster("a"), cluster("b")],
  steps: [subscribe("cluster", "*"), take("cluster a b"), subscribe("cluster", "*"), take("cluster a b")],
});

scenario("rule 28: names count in an ACK, in a NACK, and beside a stale nonce", {
  serves: ["a", "b", "c", "d"].map((name) => route(name)),
  steps: [
    subscribe("route", "a"),
    expect("route a"),
    ack("route", { subscribe: ["b"] }),
    expect("route b"),
    nack("route", { subscribe: ["c"] }),
    expect("route c"),
    ack("route", { to: 1, subscribe: ["d"], unsubscribe: ["a"] }),
    expect("route d"),
    publish(route("a", "x"), route("b"), route("c"), route("d")),
    silence(),
  ],
});

scenario("rule 29: a secret that is missing is removed by name at once, and comes when it is there", {
  ...onDelta,
  serves: [secret("held")],
  steps: [
    subscribe("secret", "held", "missing"),
    take("secret held -missing"),
    publish(secret("held"), secret("missing")),
    take("secret missing"),
  ],
});

scenario("rule 29: a route table that is missing is one that answers 404, until it is there", {
  ...onDelta,
  serves: [listener("l", { table: "r" })],
  steps: [
    subscribe("route", "r"),
    take(partOf("route", "r")),
    publish(listener("l", { table: "r" }), route("r")),
    take(route("r")),
  ],
});

scenario("rule 30, probe 8: names that were dropped beside a wildcard are told apart", {
  serves: [cluster("a"), cluster("b")],
  steps: [
    subscribe("cluster", "*", "a", "ghost"),
    take(sotw("cluster a b"), delta("cluster a b -ghost")),
    unsubscribe("cluster", "a", "ghost"),
    delta(take("cluster a -ghost")),
    silence(),
    unsubscribe("cluster", "phantom"),
    sotw(silence()),
    silence(),
    publish(cluster("a", { timeoutMs: 2_000 }), cluster("b")),
    take(sotw("cluster a b"), delta("cluster a")),
  ],
});

scenario("rule 30: a name that is dropped without a wildcard is not answered", {
  ...onDelta,
  serves: [route("a"), route("b")],
  steps: [
    subscribe("route", "a", "b"),
    take("route a b"),
    unsubscribe("route", "a", "phantom"),
    silence(),
    publish(route("a", "x"), route("b")),
    silence(),
  ],
});

for (const isWildcard of [true, false]) {
  scenario(
    `rule 31: a reconnect ${isWildcard ? "with the wildcard" : "by names"}: what is equal is skipped, what is other is sent, what is gone is removed`,
    {
      ...onDelta,
      serves: [cluster("gone"), cluster("same"), cluster("other")],
      steps: [
        subscribe("cluster", ...(isWildcard ? [] : ["gone", "same", "other"])),
        take("cluster gone other same"),
        cut(),
        publish(cluster("same"), cluster("other", { timeoutMs: 2_000 })),
        act("the grace passes while nobody is there", ({ world }) => world.clock.advance(120_000)),
        anotherEdge({ stopFormer: true }),
        first("cluster", isWildcard ? { subscribe: [] } : {}),
        act(
          "the other is sent; the gone one is removed when the grace of this edge is over",
          async (player) => {
            const sent = await player.all();
            for (const received of sent) player.client.ack(received);
            deepEqual(
              sent.flatMap(({ names }) => names),
              ["other"],
            );
          },
        ),
        advance(60_000),
        act("it is removed by now", async (player) => {
          for (const received of await player.all()) player.client.ack(received);
          const { held } = player.client.memory("cluster");
          deepEqual([...held.keys()].sort(), ["other", "same"]);
        }),
      ],
    },
  );
}

scenario("rule 31: a cluster or listener of which the edge knows nothing is removed at once", {
  ...onDelta,
  serves: [cluster("a"), listener("l")],
  steps: [
    first("cluster", { versions: { a: "0.1-0000000000000000", never: "0.1-0000000000000000" } }),
    take("cluster a", "cluster -never"),
    first("listener", { versions: { l: "old", never: "old" } }),
    take("listener l", "listener -never"),
  ],
});

scenario("rule 31: endpoints are sent whatever version is shown, without a request for clusters", {
  ...onDelta,
  serves: [cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 1)],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("endpoint", "a", "b"),
    take("endpoint a b"),
    cut(),
    first("endpoint"),
    take("endpoint a b"),
  ],
});

scenario(
  "rule 31: a route table or secret of a listener that is sent again is sent, though its version is shown",
  {
    ...onDelta,
    serves: [listener("l", { table: "r" }), route("r")],
    steps: [
      subscribe("listener"),
      take("listener l"),
      subscribe("route", "r"),
      take("route r"),
      cut(),
      publish(listener("l", { table: "r", fetchTimeoutMs: 7_000 }), route("r")),
      first("listener"),
      first("route"),
      ads(take("listener l", "route r")),
      // Of another stream nobody knows what it sends: a route table that is held is current.
      perType(take("listener l")),
    ],
  },
);

scenario("rule 31: a cluster whose endpoints are asked for and that does not exist is removed by name", {
  on: ({ protocol, services }) => protocol === "delta" && services === "ads",
  because: "on a stream of its own nothing is known of clusters",
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    first("cluster", { versions: {} }),
    take("cluster a"),
    first("endpoint", { subscribe: ["a", "rejected"] }),
    act("the endpoints of a come; the other is gone, and so is its cluster", async (player) => {
      const sent = await player.all();
      for (const received of sent) player.client.ack(received);
      deepEqual(
        sent.map(({ summary }) => summary),
        ["endpoint a", "endpoint -rejected", "cluster -rejected"],
      );
    }),
  ],
});

scenario("rule 32: another edge serves the same versions, and sends nothing again that is held", {
  serves: [cluster("a"), cluster("b"), listener("l")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("listener"),
    take("listener l"),
    anotherEdge({ stopFormer: true }),
    reconnect(),
    take(sotw("cluster a b", "listener l"), delta("cluster", "listener")),
    act("the versions are the same", ({ client }) => {
      equal(client.response("cluster", 2).version, client.response("cluster", 1).version);
      equal(client.response("listener", 2).version, client.response("listener", 1).version);
    }),
  ],
});

scenario("rule 33: a first wildcard request that is up to date is answered with nothing", {
  ...onDelta,
  serves: [cluster("a"), listener("l")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("listener"),
    take("listener l"),
    reconnect(),
    take("cluster", "listener"),
  ],
});

scenario("rule 34: an extension config is never removed by name from a client that may hold it", {
  serves: [partOf("extensionConfig", "e"), partOf("extensionConfig", "f")],
  steps: [
    subscribe("extensionConfig", "e", "f"),
    take("extensionConfig e f"),
    publish(partOf("extensionConfig", "f")),
    silence(),
    advance(120_000),
    silence(),
    subscribe("extensionConfig", "e"),
    delta(
      act("asked for, it is sent while it is there, and never called removed", async (player) => {
        for (const received of await player.all()) {
          deepEqual(received.removed, []);
          player.client.ack(received);
        }
      }),
    ),
  ],
});

scenario("rule 34: nothing is removed that was never sent nor asked for", {
  ...onDelta,
  serves: [cluster("a"), cluster("b"), secret("s")],
  steps: [
    subscribe("cluster", "a"),
    take("cluster a"),
    subscribe("secret"),
    publish(cluster("a")),
    advance(120_000),
    silence(),
  ],
});

scenario("rule 35: endpoints are taken away by an assignment without any", {
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    publish(cluster("a"), endpoints("a")),
    take(endpoints("a")),
  ],
});

scenario("rule 35: an assignment that leaves with its cluster is not removed by name", {
  serves: [cluster("a"), endpoints("a", 1), cluster("b"), endpoints("b", 1)],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("endpoint", "a", "b"),
    take("endpoint a b"),
    publish(cluster("b"), endpoints("b", 1)),
    silence(),
    advance(120_000),
    take(sotw("cluster b"), delta("cluster -a")),
    unsubscribe("endpoint", "a"),
    silence(),
  ],
});

scenario("rule 36: a route table that is deleted while a listener names it becomes one that answers 404", {
  serves: [listener("l", { table: "r" }), route("r", "a")],
  steps: [
    subscribe("listener"),
    take("listener l"),
    subscribe("route", "r"),
    take("route r"),
    publish(listener("l", { table: "r" })),
    act("removed never; either kept or replaced by an empty one", async (player) => {
      for (const received of await player.all()) {
        deepEqual([received.names, received.removed], [["r"], []]);
        player.client.ack(received);
      }
    }),
    advance(120_000),
    act("still never removed", async (player) => {
      for (const received of await player.all()) {
        deepEqual([received.names, received.removed], [["r"], []]);
        player.client.ack(received);
      }
    }),
    publish(listener("l", { table: "r" }), route("r", "b")),
    take(route("r", "b")),
  ],
});

scenario("rule 36: a table that a draining listener may still name is not removed with that listener", {
  serves: [listener("l", { table: "r" }), route("r", "a")],
  steps: [
    subscribe("listener"),
    take("listener l"),
    subscribe("route", "r"),
    take("route r"),
    publish(),
    take(sotw("listener"), delta("listener -l")),
    advance(120_000),
    silence(),
  ],
});

scenario(
  "rule 31: a cluster that does not exist is removed once, however many types are asked for afterwards",
  {
    on: ({ protocol, services }) => protocol === "delta" && services === "ads",
    because: "on a stream of its own nothing is known of clusters",
    serves: [cluster("a"), endpoints("a", 1), listener("l")],
    steps: [
      first("cluster"),
      take("cluster a"),
      first("endpoint", { subscribe: ["a", "rejected"] }),
      take("endpoint a", "endpoint -rejected", "cluster -rejected"),
      first("listener"),
      take("listener l"),
      first("route", { subscribe: ["r"] }),
      take("route r"),
    ],
  },
);
