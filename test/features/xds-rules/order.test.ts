/** The protocol table, rules 47 to 52: make before break. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256Hex } from "@routeledger/std";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { applied, defaultGroup } from "../xds/edge-world.ts";
import { cluster, endpoints, fences, listener, route, secret, tlsCluster } from "../xds/sample-parts.ts";
import { type Expected, type Player, type Step, scenario } from "../xds/scenario.ts";
import {
  ack,
  act,
  advance,
  expect,
  nack,
  pause,
  publish,
  pushed,
  resume,
  silence,
  subscribe,
  take,
  unsubscribe,
} from "../xds/scenario-steps.ts";
import { delta, sotw, type Variant } from "../xds/variant.ts";

const onAds = {
  on: ({ services }: Variant) => services === "ads",
  because: "there is no order between streams, and none knows of another",
};

const graceMs = 60_000;
const gateMs = 2_000;

/** All four types of a small configuration, asked for and taken. */
function whole(...parts: Part[]): Step[] {
  const namesOf = (type: string) =>
    parts.filter((part) => part.type === type).map(({ resource }) => resource);
  return [
    subscribe("cluster"),
    takeAll(),
    subscribe("endpoint", ...namesOf("endpoint")),
    takeAll(),
    subscribe("listener"),
    takeAll(),
    subscribe("route", ...namesOf("route")),
    takeAll(),
  ];
}

/** ACKs whatever comes. */
function takeAll(): Step {
  return act("take what comes", (player) => drained(player));
}

async function drained(player: Player): Promise<void> {
  for (const received of await player.all()) player.client.ack(received);
}

const first = [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a")];

scenario("rule 47: one commit is written clusters, endpoints, listeners, route tables, removals, each time", {
  ...onAds,
  serves: [edition(0)],
  steps: [
    ...whole(...edition(0)),
    act("thirty commits, each with something of every type", async (player) => {
      for (let change = 1; change <= 30; change++) {
        await player.publish(edition(change));
        const order = (await player.all()).map((received) => {
          player.client.ack(received);
          return received.type;
        });
        deepEqual(order, ["cluster", "endpoint", "listener", "route", "listener"], `change ${change}`);
      }
    }),
  ],
});

scenario("rule 47: removals come after all additions", {
  ...onAds,
  serves: [first, listener("old"), cluster("b"), endpoints("b", 1)],
  steps: [
    ...whole(...first, endpoints("b", 1)),
    publish(
      [
        cluster("a", { timeoutMs: 2_000 }),
        endpoints("a", 1),
        listener("l", { table: "r", idleTimeoutMs: 1 }),
      ],
      [route("r", "a"), cluster("b"), endpoints("b", 1)],
    ),
    take(
      sotw("cluster a b", "endpoint a", "listener l old", "listener l"),
      delta("cluster a", "endpoint a", "listener l", "listener -old"),
    ),
  ],
});

scenario(
  "rule 48: a table waits for a new cluster whose endpoints were not before it, until the clusters are ACKed",
  {
    ...onAds,
    serves: [cluster("a"), endpoints("a", 1), route("r", "a")],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      subscribe("route", "r"),
      take("route r"),
      // Nobody asks for endpoints here, so those of b are not sent.
      publish(cluster("a"), endpoints("a", 1), cluster("b"), endpoints("b", 1), route("r", "b")),
      expect(sotw("cluster a b"), delta("cluster b")),
      advance(gateMs - 1),
      silence(),
      ack("cluster"),
      take(route("r", "b")),
    ],
  },
);

scenario("rule 48: a table waits for a new cluster that needs a secret which the client lacks", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1), route("r", "a"), route("s", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("route", "r", "s"),
    take("route r s"),
    publish(
      [cluster("a"), endpoints("a", 1), tlsCluster("t", "key"), secret("key")],
      [route("r", "t"), route("s")],
    ),
    // Only what names it waits (rule 15).
    expect(sotw("cluster a t"), delta("cluster t"), route("s")),
    ack("route"),
    subscribe("secret", "key"),
    expect("secret key"),
    ack("secret"),
    take(route("r", "t")),
  ],
});

scenario("rule 48: a table waits for a new cluster that checks health", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("a"), endpoints("a", 1), checkedCluster("h"), endpoints("h", 1), route("r", "h")),
    expect(sotw("cluster a h"), delta("cluster h"), "endpoint h"),
    ack("endpoint"),
    silence(),
    ack("cluster"),
    take(route("r", "h")),
  ],
});

scenario("rule 48 and 46: a table waits for the gate's time and no longer, also where nothing is ACKed", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("a"), endpoints("a", 1), cluster("b"), endpoints("b", 1), route("r", "b")),
    expect(sotw("cluster a b"), delta("cluster b")),
    advance(gateMs - 1),
    silence(),
    advance(1),
    take(route("r", "b")),
  ],
});

scenario("rule 48: a table that waits gives way to a newer one that needs nothing", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("a"), endpoints("a", 1), cluster("b"), endpoints("b", 1), route("r", "b")),
    expect(sotw("cluster a b"), delta("cluster b")),
    publish(cluster("a"), endpoints("a", 1), cluster("b"), endpoints("b", 1), route("r")),
    take(route("r")),
    advance(gateMs),
    silence(),
  ],
});

const newTarget = [cluster("a"), tlsCluster("t", "key"), secret("key")];

scenario(
  "rule 48: a listener whose own routes name a new cluster waits, other listeners do not, and then it comes",
  {
    ...onAds,
    serves: [cluster("a"), listener("l", { target: "a" }), listener("m")],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      subscribe("listener"),
      take("listener l m"),
      publish(newTarget, listener("l", { target: "t" }), listener("m", { idleTimeoutMs: 5_000 })),
      expect(
        sotw<Expected>("cluster a t", [
          listener("l", { target: "a" }),
          listener("m", { idleTimeoutMs: 5_000 }),
        ]),
        delta("cluster t", "listener m"),
      ),
      ack("listener"),
      silence(),
      advance(gateMs),
      take(
        sotw([listener("l", { target: "t" }), listener("m", { idleTimeoutMs: 5_000 })]),
        delta(listener("l", { target: "t" })),
      ),
    ],
  },
);

scenario("rule 48: clusters, endpoints and tables that go in one flush wait for nothing", {
  ...onAds,
  serves: [first],
  steps: [
    ...whole(...first),
    publish(
      [cluster("a"), endpoints("a", 1), cluster("b"), endpoints("b", 1)],
      [listener("l", { table: "r" }), route("r", "b")],
    ),
    pushed(sotw("cluster a b"), delta("cluster b"), "endpoint b", "route r"),
  ],
});

scenario("rule 49: a cluster goes when the table that dropped it is ACKed and the grace is over", {
  ...onAds,
  serves: [cluster("a"), cluster("b"), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("b"), route("r", "b")),
    expect("route r"),
    advance(graceMs),
    silence(),
    ack("route"),
    take(sotw("cluster b"), delta("cluster -a")),
  ],
});

scenario("rule 49: until then SotW goes on sending it, and says that it is not the snapshot", {
  ...onAds,
  serves: [cluster("a"), cluster("b"), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("b", { timeoutMs: 2_000 }), route("r", "b")),
    take(sotw("cluster a b"), delta("cluster b"), "route r"),
    sotw(
      act("the version says so", ({ client }) => {
        ok(client.response("cluster").version.includes("+"), client.response("cluster").version);
      }),
    ),
    advance(graceMs),
    take(sotw("cluster b"), delta("cluster -a")),
    sotw(
      act("now it is the snapshot", ({ client }) => {
        ok(!client.response("cluster").version.includes("+"), client.response("cluster").version);
      }),
    ),
  ],
});

scenario("rule 49: a cluster that a listener's change dropped stays for the grace, whatever is ACKed", {
  ...onAds,
  serves: [first],
  steps: [
    ...whole(...first),
    publish(listener("l")),
    take("listener l"),
    advance(graceMs - 1),
    silence(),
    advance(1),
    silence(),
    // The old listener has drained: its table is watched no more.
    unsubscribe("route", "r"),
    take(sotw("cluster"), delta("cluster -a")),
  ],
});

scenario("rule 49: a cluster stays while a table that names it was rejected, or is not answered", {
  ...onAds,
  serves: [cluster("a"), cluster("b"), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("b"), route("r", "b")),
    expect("route r"),
    nack("route"),
    advance(10 * graceMs),
    silence(),
    publish(cluster("b"), route("r")),
    take(route("r"), sotw("cluster b"), delta("cluster -a")),
  ],
});

scenario("rule 49: clusters on a stream of their own go when the grace is over", {
  on: ({ services }) => services === "perType",
  because: "an aggregated stream sees the ACK of the tables",
  serves: [cluster("a"), cluster("b"), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("route", "r"),
    take("route r"),
    publish(cluster("b"), route("r", "b")),
    take("route r"),
    advance(graceMs - 1),
    silence(),
    advance(1),
    take(sotw("cluster b"), delta("cluster -a")),
  ],
});

scenario("rule 50: a cluster that comes back within the grace was never gone", {
  serves: [cluster("a"), cluster("b")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    publish(cluster("b")),
    silence(),
    advance(graceMs - 1_000),
    publish(cluster("a"), cluster("b")),
    advance(2 * graceMs),
    silence(),
    publish(cluster("b")),
    advance(graceMs - 1),
    silence(),
    advance(1),
    take(sotw("cluster b"), delta("cluster -a")),
  ],
});

scenario("rule 50: a cluster that comes back with other bytes is a change, not a removal", {
  serves: [cluster("a"), cluster("b")],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    publish(cluster("b")),
    silence(),
    publish(cluster("a", { timeoutMs: 2_000 }), cluster("b")),
    take(sotw([cluster("a", { timeoutMs: 2_000 }), cluster("b")]), delta(cluster("a", { timeoutMs: 2_000 }))),
    advance(2 * graceMs),
    silence(),
  ],
});

scenario("rule 51: whatever a slow client misses, the endpoints that it gets fit the clusters before them", {
  ...onAds,
  serves: [paddedEdition(0)],
  steps: [
    subscribe("cluster"),
    take("cluster a z"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    pause(),
    act("two hundred commits", async (player) => {
      for (let change = 1; change <= 200; change++) await player.publish(paddedEdition(change));
    }),
    resume(),
    act(
      "each assignment is of the change of the clusters before it, and the last is the last",
      async (player) => {
        let clusters = 0;
        let endpointsSeen = 0;
        while (endpointsSeen < 200) {
          const received = await player.client.next();
          if (received === undefined)
            throw new Error(`the last edition, got ${clusters} and ${endpointsSeen}`);
          player.client.ack(received);
          const value = received.resources.find(({ name }) => name === "a")?.value ?? new Uint8Array();
          const change = changeOf(sha256Hex(value));
          if (received.type === "cluster") clusters = change;
          else equal(change, clusters, "the change of the endpoints");
          if (received.type === "endpoint") endpointsSeen = change;
        }
      },
    ),
    silence(),
  ],
});

scenario("rule 52: a thousand publications that come at once are pushed a few times, and the last one is", {
  serves: [cluster("a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    act("a thousand publications", async ({ world, edge }) => {
      world.gate.holdReadersAt(1);
      for (let change = 1; change <= 1_000; change++) {
        await world.publisher.publish(defaultGroup, [numbered(change), ...fences]);
      }
      world.gate.open();
      await applied(edge, 1_001);
    }),
    act("one to ten responses", async (player) => {
      player.learn(Array.from({ length: 1_000 }, (_, index) => numbered(index + 1)));
      const answers = await player.all();
      for (const received of answers) player.client.ack(received);
      ok(answers.length >= 1 && answers.length <= 10, `1 to 10 responses, got ${answers.length}`);
      equal(player.client.memory("cluster").held.get("a")?.digest, numbered(1_000).digest);
    }),
  ],
});

function numbered(change: number): Part {
  return cluster("a", { timeoutMs: 1_000 + change });
}

/** Something of every type that says which change made it, and a listener that the next change lacks. */
function edition(change: number): Part[] {
  return [
    ...[cluster("a", { timeoutMs: 1_000 + change }), endpoints("a", 1 + change)],
    ...[listener("l", { table: "r", idleTimeoutMs: 1_000 * (1 + change) }), listener(`only-${change}`)],
    route("r", change % 2 ? "a" : undefined),
  ];
}

/** A cluster and its endpoints, of which both say the change that made them, and what fills the socket. */
function paddedEdition(change: number): Part[] {
  const padding = partOf("cluster", "z", { altStatName: `${change}-${"x".repeat(20_000)}` });
  return [cluster("a", { timeoutMs: 10_000 + change }), endpoints("a", 1_000 + change), padding];
}

const changesOfDigests = new Map(
  Array.from({ length: 201 }, (_, change) =>
    paddedEdition(change).map(({ digest }) => [digest, change] as const),
  ).flat(),
);

function changeOf(digest: string): number {
  const change = changesOfDigests.get(digest);
  ok(change !== undefined, "bytes of some change");
  return change;
}

/** An EDS cluster with active health checks. */
function checkedCluster(name: string): Part {
  return partOf("cluster", name, {
    type: "EDS",
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: "V3" } },
    healthChecks: [
      {
        timeout: { seconds: 1 },
        interval: { seconds: 1 },
        unhealthyThreshold: { value: 1 },
        healthyThreshold: { value: 1 },
        httpHealthCheck: { path: "/" },
      },
    ],
  });
}
