/** The protocol table, rules 1 to 15: what holds for SotW and delta alike. */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { defaultGroup, until } from "../xds/edge-world.ts";
import { cluster, endpoints, listener, route, secret } from "../xds/sample-parts.ts";
import { scenario } from "../xds/scenario.ts";
import {
  ack,
  act,
  answerAll,
  as,
  ends,
  expect,
  holds,
  nack,
  pause,
  publish,
  request,
  resume,
  silence,
  subscribe,
  take,
  times,
  unsubscribe,
} from "../xds/scenario-steps.ts";
import { ads, delta, perType, sotw } from "../xds/variant.ts";

const unknownType = "type.googleapis.com/foo.Bar";

scenario("rule 1: every type is served, on every service", {
  serves: [
    [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a")],
    [partOf("secret", "s"), partOf("extensionConfig", "e")],
  ],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("listener"),
    take("listener l"),
    subscribe("route", "r"),
    take("route r"),
    subscribe("secret", "s"),
    take("secret s"),
    subscribe("extensionConfig", "e"),
    take("extensionConfig e"),
  ],
});

scenario(
  "rule 1: a request without a type ends an aggregated stream, and means the type of a service of one type",
  {
    serves: [cluster("a")],
    steps: [
      request("cluster", { typeUrl: "" }),
      ads(ends("cluster", "INVALID_ARGUMENT")),
      perType(take("cluster a"), request("cluster", { typeUrl: "", subscribe: ["a"] }), take("cluster a")),
    ],
  },
);

scenario("rule 1: another type on a service of one type ends the stream", {
  on: ({ services }) => services === "perType",
  because: "an aggregated stream takes all types",
  serves: [cluster("a")],
  steps: [
    request("cluster", { typeUrl: "type.googleapis.com/envoy.config.listener.v3.Listener" }),
    ends("cluster", "INVALID_ARGUMENT"),
  ],
});

scenario("rule 2: a first request without a node id ends the stream", {
  serves: [cluster("a")],
  node: { id: "" },
  steps: [subscribe("cluster"), ends("cluster", "INVALID_ARGUMENT", /node/)],
});

scenario(
  "rule 2: the first request says the node, later ones need not, and may say it with other parameters",
  {
    serves: [cluster("a"), endpoints("a", 1)],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      request("cluster", {
        node: {
          id: "envoy-1",
          cluster: defaultGroup,
          dynamicParameters: { [unknownType]: { params: { k: "v" } } },
        },
      }),
      silence(),
      publish(cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)),
      take("cluster a"),
    ],
  },
);

scenario("rule 3: two streams of one node id share nothing", {
  serves: [endpoints("a", 1), endpoints("b", 1)],
  steps: [
    subscribe("endpoint", "a"),
    take("endpoint a"),
    as("envoy-1 again", subscribe("endpoint", "b"), take("endpoint b")),
    publish(endpoints("a", 2), endpoints("b", 1)),
    take(endpoints("a", 2)),
    as("envoy-1 again", silence()),
    publish(endpoints("a", 2), endpoints("b", 2)),
    silence(),
    as("envoy-1 again", take(endpoints("b", 2)), nack("endpoint", { to: 1 })),
    unsubscribe("endpoint", "a"),
    publish(endpoints("a", 3), endpoints("b", 3)),
    silence(),
    as("envoy-1 again", take(endpoints("b", 3))),
  ],
});

scenario("rule 4: of 1,000 responses no two have the same nonce", {
  edge: { requestsPerSecond: 10_000 },
  serves: [route("r"), route("s")],
  steps: [
    act("two names come and go 500 times each", async ({ client }) => {
      const nonces = new Set<string>();
      for (let turn = 0; turn < 1_000; turn++) {
        const names = [turn % 2 ? "r" : "s"];
        client.request("route", { subscribe: names });
        const received = await client.next();
        if (received === undefined) throw new Error(`a response in turn ${turn}`);
        nonces.add(received.nonce);
        client.ack(received, { unsubscribe: names });
      }
      equal(nonces.size, 1_000);
    }),
  ],
});

scenario("rule 5: a NACK is known by its error alone, also where it shows the version and names of before", {
  serves: [route("a"), route("b")],
  steps: [
    subscribe("route", "a"),
    take("route a"),
    subscribe("route", "b"),
    expect("route b"),
    nack("route"),
    silence(),
    act("the edge says that it was rejected, not that it was ACKed", ({ edge, client }) => {
      const state = edge
        .proxies()
        .flatMap(({ types }) => types)
        .find(({ type }) => type === "route");
      equal(state?.rejected, client.response("route").version);
    }),
    publish(route("a"), route("b", "c")),
    take(route("b", "c")),
  ],
});

scenario("rule 6, probe 6: what was rejected is not sent again, however often it is rejected", {
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    subscribe("cluster"),
    expect("cluster a"),
    times(10, nack("cluster", { to: 1 }), silence()),
    publish(cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)),
    take(cluster("a", { timeoutMs: 2_000 })),
  ],
});

scenario("rule 6: names that a NACK carries count", {
  serves: [endpoints("a", 1), endpoints("b", 1)],
  steps: [
    subscribe("endpoint", "a"),
    expect("endpoint a"),
    nack("endpoint", { subscribe: ["b"] }),
    take("endpoint b"),
    publish(endpoints("a", 2), endpoints("b", 2)),
    take("endpoint a b"),
  ],
});

scenario(
  "rule 7, probe 11: what was rejected beside a bad resource is sent again, and the bad one when it changes",
  {
    serves: [endpoints("a", 1), endpoints("b", 1)],
    steps: [
      subscribe("endpoint", "a", "b"),
      take("endpoint a b"),
      publish(endpoints("a", 2), endpoints("b", 2)),
      expect([endpoints("a", 2), endpoints("b", 2)]),
      nack("endpoint"),
      answerAll({ bad: [endpoints("a", 2)], atMost: 3, orNone: true }),
      publish(endpoints("a", 3), endpoints("b", 2)),
      answerAll({ bad: [endpoints("a", 2)], atMost: 2 }),
      holds(endpoints("a", 3), endpoints("b", 2)),
    ],
  },
);

const rejectable = [
  ["endpoint", endpoints("a", 1), endpoints("a", 2), endpoints("b", 1)],
  ["route", route("a"), route("a", "x"), route("b")],
  ["secret", secret("a"), secret("a", "2"), secret("b")],
] as const;

for (const [type, good, bad, other] of rejectable) {
  scenario(`rule 7: a rejected ${type} makes what else was under way be sent again, and is not sent itself`, {
    serves: [good, other],
    steps: [
      subscribe(type, "a"),
      take(good),
      publish(bad, other),
      expect(bad),
      subscribe(type, "b"),
      expect(other),
      nack(type, { to: 2 }),
      expect(other),
      ack(type, { to: 3 }),
      ack(type, { to: 4 }),
      silence(),
      publish(good, other),
      take(good),
    ],
  });
}

scenario("rule 8: endpoints of the good clusters of a rejected response are answered", {
  serves: [cluster("a"), cluster("bad"), endpoints("a", 1), endpoints("bad", 2)],
  steps: [
    subscribe("cluster"),
    expect("cluster a bad"),
    subscribe("endpoint", "a"),
    take(ads("endpoint a bad"), perType("endpoint a")),
    nack("cluster", { error: "cluster bad: whatever" }),
    answerAll({ bad: [cluster("bad")], error: "cluster bad: whatever", atMost: 3, orNone: true }),
    subscribe("endpoint", "bad"),
    take("endpoint bad"),
  ],
});

scenario("rule 9: content that is equal is not sent, in whatever order it comes", {
  serves: [cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 2)],
  steps: [
    subscribe("cluster"),
    take("cluster a b"),
    subscribe("endpoint", "a", "b"),
    take("endpoint a b"),
    times(
      10,
      publish(cluster("b"), endpoints("a", 1), cluster("a"), endpoints("b", 2)),
      publish(endpoints("b", 2), endpoints("a", 1), cluster("a"), cluster("b")),
    ),
    silence(),
    publish(cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 3)),
    take(endpoints("b", 3)),
    publish(cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 2)),
    act("a version comes back with its content, the revision apart", async (player) => {
      const [again] = await player.responses([endpoints("b", 2)], true);
      const digestOf = (version = "") => version.split("-")[1];
      equal(digestOf(again?.version), digestOf(player.client.response("endpoint", 1).version));
    }),
  ],
});

scenario("rule 10: a name that is wanted twice is sent once", {
  serves: [cluster("a"), cluster("b"), endpoints("a", 1), endpoints("b", 1)],
  steps: [
    subscribe("cluster", "*", "a", "b", "a"),
    take("cluster a b"),
    request("endpoint", { subscribe: ["a", "a", "b", "a"] }),
    take("endpoint a b"),
    request("endpoint", { subscribe: ["a", "ghost"], unsubscribe: ["ghost"] }),
    act("once more, or not at all, and never in both lists", async (player) => {
      // That nothing is in a response twice is looked at in every response (received.ts).
      for (const received of await player.all()) {
        ok(
          received.names.every((name) => name === "a" || name === "b"),
          received.summary,
        );
        player.client.ack(received);
      }
    }),
  ],
});

scenario("rule 11: names that a client dropped while it did not read are not written to it any more", {
  serves: [large(0), endpoints("a", 1), endpoints("b", 1)],
  on: ({ services }) => services === "ads",
  because: "xds-slow-reader.test.ts fills the socket of one type, here others of the stream fill it",
  steps: [
    subscribe("cluster"),
    take("cluster large"),
    subscribe("endpoint", "a", "b"),
    take("endpoint a b"),
    pause(),
    ...Array.from({ length: 50 }, (_, change) =>
      publish(large(change + 1), endpoints("a", 1), endpoints("b", 1)),
    ),
    publish(large(50), endpoints("a", 2), endpoints("b", 2)),
    unsubscribe("endpoint", "b"),
    subscribe("secret"),
    act("the edge has taken that", ({ edge }) =>
      until(() => edge.proxies()[0]?.types.some(({ type }) => type === "secret") ?? false),
    ),
    resume(),
    act("clusters come, then the endpoints that are wanted still", async (player) => {
      const written = await player.all();
      deepEqual(
        written.filter(({ type }) => type === "endpoint").map(({ summary }) => summary),
        ["endpoint a"],
      );
    }),
  ],
});

scenario("rule 11: a type whose names are all dropped is not written any more", {
  serves: [cluster("a"), endpoints("a", 1)],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    unsubscribe("endpoint", "a"),
    publish(cluster("a", { timeoutMs: 2_000 }), endpoints("a", 2)),
    take("cluster a"),
  ],
});

scenario("rule 12, probe 12: a type that is not served is not answered, and the stream lives on", {
  on: ({ services }) => services === "ads",
  because: "a service of one type takes no other type",
  serves: [cluster("a")],
  steps: [
    subscribe(unknownType, "thing"),
    silence(),
    subscribe("cluster"),
    take("cluster a"),
    request(unknownType, { subscribe: ["other"], unsubscribe: ["thing"] }),
    silence(),
    publish(cluster("a", { timeoutMs: 2_000 })),
    take("cluster a"),
  ],
});

for (const type of ["endpoint", "route", "secret", "extensionConfig"] as const) {
  scenario(
    `rule 13, probe 9: a first request of type ${type} without names wants nothing, and ends nothing`,
    {
      serves: [endpoints("a", 1), route("a"), secret("a"), partOf("extensionConfig", "a")],
      steps: [
        subscribe(type),
        silence(),
        publish(
          endpoints("a", 2),
          route("a", "x"),
          secret("a", "2"),
          partOf("extensionConfig", "a", { typedConfig: {} }),
        ),
        silence(),
        subscribe(type, "a"),
        take(`${type} a`),
        unsubscribe(type, "a"),
        silence(),
      ],
    },
  );
}

for (const [type, made] of [
  ["cluster", cluster("ghost")],
  ["endpoint", endpoints("ghost", 1)],
  ["listener", listener("ghost")],
  ["route", route("ghost", "a")],
  ["secret", secret("ghost")],
  ["extensionConfig", partOf("extensionConfig", "ghost")],
] as const) {
  scenario(
    `rule 14 and 29, probe 7: a ${type} that is missing stays subscribed; delta is told at once that it is missing`,
    {
      steps: [
        subscribe(type, "ghost"),
        take(
          // SotW says it where a response is whole (rule 18); of a route table, by one that answers 404 (rule 36).
          sotw(...(type === "cluster" || type === "listener" ? [type] : [])),
          delta(type === "route" ? "route ghost" : `${type} -ghost`),
        ),
        publish(made),
        take(made),
      ],
    },
  );
}

scenario("rule 15, probe 5a: an assignment that nobody asked for withholds nothing, nor does its removal", {
  serves: [endpoints("a", 1), endpoints("extra", 2)],
  steps: [
    subscribe("endpoint", "a"),
    take("endpoint a"),
    publish(endpoints("a", 3)),
    take(endpoints("a", 3)),
    publish(endpoints("a", 4), endpoints("extra", 5)),
    take(endpoints("a", 4)),
  ],
});

scenario("rule 15, probe 5b: names that exist are sent when others do not, and those when they do", {
  serves: [endpoints("a", 1), endpoints("extra", 2)],
  steps: [
    subscribe("endpoint", "a", "b"),
    take(sotw("endpoint a"), delta("endpoint a -b")),
    publish(endpoints("a", 1), endpoints("b", 2)),
    take(endpoints("b", 2)),
  ],
});

/** Fills the socket. */
function large(change: number): Part {
  return partOf("cluster", "large", { altStatName: `${change}-${"x".repeat(20_000)}` });
}
