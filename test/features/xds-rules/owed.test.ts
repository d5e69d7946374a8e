/** The protocol table, rules 39 to 46: what must be sent again though it did not change, and what waits for nothing. */
import { equal } from "node:assert/strict";
import type { Part } from "@routeledger/xds-model";
import { cluster, endpoints, listener, route, secret, tlsCluster, tlsListener } from "../xds/sample-parts.ts";
import { type Step, scenario } from "../xds/scenario.ts";
import {
  ack,
  act,
  advance,
  as,
  expect,
  nack,
  publish,
  pushed,
  rewarm,
  silence,
  subscribe,
  take,
  unsubscribe,
} from "../xds/scenario-steps.ts";
import { ads, delta, perType, sotw, type Variant } from "../xds/variant.ts";

const onAds = {
  on: ({ services }: Variant) => services === "ads",
  because: "streams of one type know nothing of each other; see rule 41",
};

const changed = { timeoutMs: 2_000 };

/** A client that has the clusters and the endpoints. */
function warm(...names: string[]): Step[] {
  return [
    subscribe("cluster"),
    take(`cluster ${names.join(" ")}`),
    subscribe("endpoint", ...names),
    take(`endpoint ${names.join(" ")}`),
  ];
}

scenario("rule 39, probe 1 and 2a: a changed cluster's unchanged endpoints are sent again, unasked", {
  serves: [cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 1)],
  steps: [
    ...warm("a", "b"),
    publish(cluster("a", changed), cluster("b"), endpoints("a", 1), endpoints("b", 1)),
    ads(
      pushed(sotw([cluster("a", changed), cluster("b")]), delta(cluster("a", changed)), endpoints("a", 1)),
      ack("cluster"),
      ack("endpoint"),
    ),
    // Each type for itself: the client asks on a new stream (rule 41).
    perType(
      take(sotw([cluster("a", changed), cluster("b")]), delta(cluster("a", changed))),
      rewarm("endpoint"),
      take("endpoint a b"),
    ),
    silence(),
  ],
});

scenario("rule 39: going back to the bytes of before owes the endpoints as well", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    ...warm("a"),
    publish(cluster("a", changed), endpoints("a", 1)),
    take("cluster a", "endpoint a"),
    publish(cluster("a"), endpoints("a", 1)),
    take(cluster("a"), endpoints("a", 1)),
  ],
});

scenario("rule 39: endpoints of a new cluster are sent before they are asked for, right after it", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    ...warm("a"),
    publish(cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 1)),
    pushed(sotw("cluster a b"), delta("cluster b"), endpoints("b", 1)),
    ack("cluster"),
    ack("endpoint", { subscribe: ["b"] }),
    act("asked for then, they come once more or not, and no storm", async (player) => {
      const answers = await player.all();
      for (const received of answers) player.client.ack(received);
      equal(answers.length <= 1, true);
    }),
    silence(),
  ],
});

scenario(
  "rule 39: owed endpoints come in a response of their own, so that no rejection of others takes them along",
  {
    ...onAds,
    serves: [cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 1)],
    steps: [
      ...warm("a", "b"),
      publish(cluster("a", changed), cluster("b"), endpoints("a", 1), endpoints("b", 2)),
      expect(sotw("cluster a b"), delta("cluster a"), endpoints("a", 1), endpoints("b", 2)),
      ack("endpoint", { to: 2 }),
      nack("endpoint", { to: 3 }),
      silence(),
    ],
  },
);

scenario("rule 39: endpoints that are owed and change at once are sent in their newest bytes", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    ...warm("a"),
    publish(cluster("a", changed), endpoints("a", 2)),
    take(cluster("a", changed), endpoints("a", 2)),
    publish(cluster("a", { timeoutMs: 3_000 }), endpoints("a", 1)),
    publish(cluster("a", { timeoutMs: 4_000 }), endpoints("a", 3)),
    act("the last cluster is followed by the last endpoints", async (player) => {
      for (const received of await player.all()) player.client.ack(received);
      equal(player.client.memory("endpoint").held.get("a")?.digest, endpoints("a", 3).digest);
      equal(player.client.memory("cluster").held.get("a")?.digest, cluster("a", { timeoutMs: 4_000 }).digest);
    }),
  ],
});

scenario("rule 40: clusters that share endpoints owe them, whichever changes", {
  ...onAds,
  serves: sharing(1_000, 1_000),
  steps: [
    subscribe("cluster"),
    take("cluster one two"),
    subscribe("endpoint", "both"),
    take("endpoint both"),
    publish(sharing(2_000, 1_000)),
    take(sotw("cluster one two"), delta("cluster one"), "endpoint both"),
    publish(sharing(2_000, 2_000)),
    take(sotw("cluster one two"), delta("cluster two"), "endpoint both"),
    publish(sharing(1_000, 1_000)),
    take("cluster one two", "endpoint both"),
  ],
});

scenario(
  "rule 40: endpoints that a cluster of the bootstrap asked for first are sent again with a later cluster",
  {
    ...onAds,
    serves: [cluster("one", { serviceName: "both" }), endpoints("both", 1)],
    steps: [
      subscribe("endpoint", "both"),
      take("endpoint both"),
      subscribe("cluster"),
      take("cluster one", "endpoint both"),
      publish(
        cluster("one", { serviceName: "both" }),
        cluster("two", { serviceName: "both" }),
        endpoints("both", 1),
      ),
      take(sotw("cluster one two"), delta("cluster two"), "endpoint both"),
    ],
  },
);

scenario(
  "rule 41: endpoints on streams of their own: each first request is answered, and no stream knows of another",
  {
    on: ({ services }) => services === "perType",
    because: "an aggregated stream has one stream for all",
    serves: [cluster("a"), endpoints("a", 1)],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      subscribe("endpoint", "a"),
      take("endpoint a"),
      // The changed cluster opens a second stream while the first one lives.
      publish(cluster("a", changed), endpoints("a", 1)),
      take(cluster("a", changed)),
      as("envoy-1 warming", subscribe("endpoint", "a"), take("endpoint a")),
      rewarm("endpoint"),
      take("endpoint a"),
      publish(cluster("a", changed), endpoints("a", 2)),
      take(endpoints("a", 2)),
      as("envoy-1 warming", take(endpoints("a", 2))),
    ],
  },
);

scenario("rule 42: a cluster without endpoints is given an assignment without any", {
  serves: [cluster("a"), endpoints("a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take(endpoints("a")),
    publish(cluster("a", changed), endpoints("a")),
    take(cluster("a", changed), ads(endpoints("a"))),
  ],
});

scenario("rule 42: an assignment that nobody made is answered as one without endpoints, until there is one", {
  serves: [cluster("a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take(endpoints("a")),
    publish(cluster("a"), endpoints("a", 1)),
    take(endpoints("a", 1)),
  ],
});

scenario("rule 42: an assignment outlives its cluster on a stream", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1), route("r", "a")],
  steps: [
    ...warm("a"),
    subscribe("route", "r"),
    take("route r"),
    publish(route("r")),
    expect("route r"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
  ],
});

for (const isUnsubscribed of [true, false]) {
  scenario(
    `rule 43: a listener that returns to its route table is owed it, ${isUnsubscribed ? "dropped" : "watched"} in between`,
    {
      serves: [listener("l", { table: "r" }), route("r"), listener("m", { table: "s" }), route("s")],
      steps: [
        subscribe("listener"),
        take("listener l m"),
        subscribe("route", "r", "s"),
        take("route r s"),
        publish(listener("l"), route("r"), listener("m", { table: "s" }), route("s")),
        take(sotw("listener l m"), delta("listener l")),
        ...(isUnsubscribed ? [unsubscribe("route", "r"), silence()] : []),
        publish(listener("l", { table: "r" }), route("r"), listener("m", { table: "s" }), route("s")),
        ...(isUnsubscribed
          ? [take(sotw("listener l m"), delta("listener l")), subscribe("route", "r"), take("route r")]
          : [take(sotw("listener l m"), delta("listener l"), ads("route r"))]),
      ],
    },
  );
}

scenario(
  "rule 43: a listener that refers to its table by other bytes is owed it; by the same bytes it is not",
  {
    ...onAds,
    serves: [listener("l", { table: "r" }), route("r")],
    steps: [
      subscribe("listener"),
      take("listener l"),
      subscribe("route", "r"),
      take("route r"),
      publish(listener("l", { table: "r", fetchTimeoutMs: 7_000 }), route("r")),
      take("listener l", "route r"),
      publish(listener("l", { table: "r", fetchTimeoutMs: 7_000, idleTimeoutMs: 9_000 }), route("r")),
      take("listener l"),
    ],
  },
);

scenario("rule 43: the secret of a listener or cluster that refers to it by other bytes is owed", {
  ...onAds,
  serves: [tlsListener("l", "s", 5), tlsCluster("c", "s", 5), secret("s")],
  steps: [
    subscribe("cluster"),
    take("cluster c"),
    subscribe("listener"),
    take("listener l"),
    subscribe("secret", "s"),
    take("secret s"),
    publish(tlsListener("l", "s", 6), tlsCluster("c", "s", 5), secret("s")),
    take("listener l", "secret s"),
    publish(tlsListener("l", "s", 6), tlsCluster("c", "s", 6), secret("s")),
    take("cluster c", "secret s"),
    publish(tlsListener("l", "s", 6), tlsCluster("c", "s", 6, 2_000), secret("s")),
    take("cluster c"),
  ],
});

scenario("rule 45: endpoints, route tables and secrets wait for no ACK of clusters or listeners", {
  serves: [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a"), secret("s")],
  steps: [
    subscribe("cluster"),
    expect("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("listener"),
    expect("listener l"),
    subscribe("route", "r"),
    take("route r"),
    subscribe("secret", "s"),
    take("secret s"),
    publish(
      [cluster("a", changed), endpoints("a", 2), secret("s", "2")],
      [listener("l", { table: "r", idleTimeoutMs: 1_000 }), route("r")],
    ),
    take("cluster a", "endpoint a", "listener l", "route r", "secret s"),
  ],
});

scenario("rule 45: endpoints come while the clusters' ACK is withheld for them", {
  ...onAds,
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    ...warm("a"),
    publish(cluster("a", changed), endpoints("a", 1)),
    pushed("cluster a", "endpoint a"),
    ack("endpoint"),
    publish(cluster("a", { timeoutMs: 3_000 }), endpoints("a", 1)),
    pushed("cluster a", "endpoint a"),
    ack("endpoint"),
    ack("cluster"),
    silence(),
  ],
});

scenario(
  "rule 46: clusters that are never ACKed keep nothing else from the client for longer than the gate's time",
  {
    serves: [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a"), route("s")],
    steps: [
      subscribe("cluster"),
      expect("cluster a"),
      subscribe("endpoint", "a"),
      take("endpoint a"),
      subscribe("listener"),
      take("listener l"),
      subscribe("route", "r", "s"),
      // What a listener of this stream newly refers to is owed to it, in a response of its own.
      take(ads("route r", "route s"), perType("route r s")),
      // The new cluster is stuck: neither it nor its endpoints are ever ACKed.
      publish(
        [cluster("a"), endpoints("a", 1), cluster("stuck"), endpoints("stuck", 1)],
        [listener("l", { table: "r" }), route("r", "stuck"), route("s", "a")],
      ),
      act("what does not need the stuck cluster comes at once", async (player) => {
        const named = (await player.all()).filter(({ type }) => type === "route");
        for (const received of named) player.client.ack(received);
        equal(player.client.memory("route").held.get("s")?.digest, route("s", "a").digest);
      }),
      advance(2_000),
      act("all comes when the time is over", async (player) => {
        for (const received of await player.all()) if (received.type === "route") player.client.ack(received);
        equal(player.client.memory("route").held.get("r")?.digest, route("r", "stuck").digest);
      }),
      silence(),
    ],
  },
);

function sharing(firstMs: number, secondMs: number): Part[] {
  return [
    cluster("one", { serviceName: "both", timeoutMs: firstMs }),
    cluster("two", { serviceName: "both", timeoutMs: secondMs }),
    endpoints("both", 1),
  ];
}
