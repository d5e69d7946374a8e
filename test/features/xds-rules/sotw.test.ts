/** The protocol table, rules 16 to 25: state of the world. */
import { equal } from "node:assert/strict";
import { until } from "../xds/edge-world.ts";
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
  publish,
  pushed,
  reconnect,
  request,
  rewarm,
  silence,
  subscribe,
  take,
  times,
  unsubscribe,
} from "../xds/scenario-steps.ts";
import { ads, delta, perType, sotw, type Variant } from "../xds/variant.ts";

const onSotw = {
  on: ({ protocol }: Variant) => protocol === "sotw",
  because: "delta has rules of its own for this",
};

const hundred = Array.from({ length: 100 }, (_, index) => `c${String(index).padStart(2, "0")}`);

scenario("rule 16: a change to one of a hundred clusters or listeners is sent with all of them", {
  ...onSotw,
  serves: [hundred.map((name) => cluster(name)), hundred.map((name) => listener(name))],
  steps: [
    subscribe("cluster"),
    take(`cluster ${hundred.join(" ")}`),
    subscribe("listener"),
    take(`listener ${hundred.join(" ")}`),
    publish(
      hundred.map((name) => cluster(name, { timeoutMs: name === "c07" ? 2_000 : 1_000 })),
      hundred.map((name) => listener(name, name === "c09" ? { idleTimeoutMs: 1_000 } : {})),
    ),
    take(
      hundred.map((name) => cluster(name, { timeoutMs: name === "c07" ? 2_000 : 1_000 })),
      hundred.map((name) => listener(name, name === "c09" ? { idleTimeoutMs: 1_000 } : {})),
    ),
  ],
});

scenario("rule 16: a listener that is no more is absent, and nothing else", {
  ...onSotw,
  serves: [listener("a"), listener("b"), listener("c")],
  steps: [
    subscribe("listener"),
    take("listener a b c"),
    publish(listener("a"), listener("c")),
    take("listener a c"),
    publish(),
    take("listener"),
  ],
});

scenario("rule 17: of a hundred assignments the one that changed is sent, and never an empty response", {
  ...onSotw,
  serves: [hundred.map((name) => endpoints(name, 1))],
  steps: [
    subscribe("endpoint", ...hundred),
    take(`endpoint ${hundred.join(" ")}`),
    publish(hundred.map((name) => endpoints(name, name === "c33" ? 2 : 1))),
    take(endpoints("c33", 2)),
    publish(hundred.slice(1).map((name) => endpoints(name, name === "c33" ? 2 : 1))),
    silence(),
  ],
});

scenario(
  "rule 18 and 33: the first requests for clusters and for listeners are answered, also with nothing",
  {
    serves: [],
    steps: [
      subscribe("cluster"),
      take("cluster"),
      subscribe("listener"),
      take("listener"),
      publish(cluster("b")),
      take("cluster b"),
    ],
  },
);

scenario("rule 19 and 28: a stale nonce is owed no answer, but the names beside it count", {
  serves: [endpoints("a", 1), endpoints("b", 1)],
  steps: [
    subscribe("endpoint", "a"),
    expect("endpoint a"),
    publish(endpoints("a", 2), endpoints("b", 1)),
    expect(endpoints("a", 2)),
    publish(endpoints("a", 3), endpoints("b", 1)),
    expect(endpoints("a", 3)),
    ack("endpoint", { to: 1, subscribe: ["b"] }),
    expect(endpoints("b", 1)),
    ack("endpoint", { to: 2 }),
    ack("endpoint", { to: 1 }),
    request("endpoint", { nonce: "never given" }),
    silence(),
    ack("endpoint", { to: 3 }),
    ack("endpoint", { to: 4 }),
    ack("endpoint", { to: 1, unsubscribe: ["b"] }),
    publish(endpoints("a", 3), endpoints("b", 2)),
    silence(),
  ],
});

scenario("rule 20: a name that is added is sent, though the version is unchanged", {
  ...onSotw,
  serves: [endpoints("a", 1), endpoints("b", 1)],
  steps: [
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("endpoint", "b"),
    take("endpoint b"),
    act("one version, two nonces", ({ client }) => {
      equal(client.response("endpoint", 1).version, client.response("endpoint", 2).version);
    }),
  ],
});

for (const [type, parts] of [
  ["endpoint", [endpoints("x", 1), endpoints("y", 2)]],
  ["route", [route("x"), route("y")]],
  ["secret", [secret("x"), secret("y")]],
] as const) {
  scenario(
    `rule 21 and 27, probe 3 and 4: a ${type} that was dropped and asked for again is sent, though unchanged`,
    {
      serves: [parts],
      steps: [
        subscribe(type, "x", "y"),
        take(parts),
        unsubscribe(type, "y"),
        silence(),
        subscribe(type, "y"),
        take(parts[1]),
        unsubscribe(type, "x", "y"),
        silence(),
        subscribe(type, "x", "y"),
        take(parts),
      ],
    },
  );
}

for (const [type, make] of [
  ["cluster", (name: string) => cluster(name)],
  ["listener", (name: string) => listener(name)],
] as const) {
  const all = ["a", "b", "c"].map(make);
  scenario(`rule 22 and 37: the four steps of the wildcard, of type ${type}`, {
    serves: [all],
    steps: [
      // 1: nothing named is everything.
      subscribe(type),
      take(all),
      // 2: the wildcard, said, beside a name.
      sotw(subscribe(type, "*", "a"), take(all)),
      delta(subscribe(type, "a"), take(`${type} a`)),
      // 3: the wildcard goes, the name stays.
      unsubscribe(type, "*"),
      act("no more than the name is asked for", async (player) => {
        for (const received of await player.all()) {
          equal(received.summary, `${type} a`);
          player.client.ack(received);
        }
      }),
      publish(all.slice(0, 1), changed(type, "b"), all.slice(2)),
      silence(),
      publish(changed(type, "a"), changed(type, "b"), all.slice(2)),
      take(changed(type, "a")),
      // 4: no name is nothing, from now on.
      unsubscribe(type, "a"),
      act("an empty list is everything no more", async (player) => {
        for (const { names } of await player.all()) equal(names.length, 0);
      }),
      publish(all),
      silence(),
      subscribe(type),
      silence(),
    ],
  });

  scenario(
    `rule 22 and 37: a ${type} that is named at first ends the legacy wildcard; \`*\` brings everything`,
    {
      serves: [all],
      steps: [
        subscribe(type, "b"),
        take(`${type} b`),
        subscribe(type, "*"),
        sotw(take(all)),
        delta(
          act("what was not sent comes, b again or not", async (player) => {
            for (const received of await player.all()) player.client.ack(received);
            equal([...player.client.memory(type).held.keys()].sort().join(" "), "a b c");
          }),
        ),
        publish(all.slice(0, 2), changed(type, "c")),
        take(sotw([...all.slice(0, 2), changed(type, "c")]), delta(changed(type, "c"))),
      ],
    },
  );
}

scenario(
  "rule 23, probe 10: the first request of a stream for endpoints is answered, whatever version it shows",
  {
    serves: [cluster("a"), endpoints("a", 1)],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      subscribe("endpoint", "a"),
      take("endpoint a"),
      cut(),
      first("endpoint"),
      take("endpoint a"),
      anotherEdge({ stopFormer: true }),
      cut(),
      first("endpoint"),
      take("endpoint a"),
      act("it is the same version", ({ client }) => {
        equal(client.response("endpoint", 3).version, client.response("endpoint", 1).version);
      }),
    ],
  },
);

scenario(
  "rule 23, probe 10: the first request is answered when there is something only later, at the version it shows",
  {
    serves: [cluster("a"), endpoints("a", 1)],
    steps: [
      subscribe("endpoint", "a"),
      take("endpoint a"),
      cut(),
      act("an edge that has read nothing yet", async (player) => {
        player.world.gate.hideBehind(0);
        await player.anotherEdge({ stopFormer: true });
      }),
      first("endpoint"),
      act("then it reads the log", async ({ edge, world }) => {
        await until(() => edge.proxies().length > 0);
        world.gate.open();
      }),
      take("endpoint a"),
      act("it is the same version", ({ client }) => {
        equal(client.response("endpoint", 2).version, client.response("endpoint", 1).version);
      }),
    ],
  },
);

scenario(
  "rule 24, probe 1: a repeated request is answered once, and once more after the interval, however often it comes",
  {
    ...onSotw,
    serves: [endpoints("a", 1), endpoints("b", 1)],
    steps: [
      subscribe("endpoint", "a", "b"),
      take("endpoint a b"),
      request("endpoint"),
      take("endpoint a b"),
      times(9, request("endpoint")),
      silence(),
      advance(1_000),
      take("endpoint a b"),
      advance(10_000),
      silence(),
      request("endpoint"),
      take("endpoint a b"),
    ],
  },
);

scenario(
  "rule 24, probe 1: the repeated request after a changed cluster is answered once, by what was owed",
  {
    serves: [cluster("a"), endpoints("a", 1)],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      subscribe("endpoint", "a"),
      take("endpoint a"),
      publish(cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)),
      pushed(cluster("a", { timeoutMs: 2_000 }), ads("endpoint a")),
      // An Envoy that warms the cluster asks before it has taken the answer.
      rewarm("endpoint"),
      perType(take("endpoint a")),
      ads(ack("endpoint")),
      silence(),
    ],
  },
);

scenario("rule 25: a type of which a response is not ACKed is sent the newest, or what depends on it waits", {
  serves: [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("listener"),
    take("listener l"),
    subscribe("route", "r"),
    take("route r"),
    publish(
      [cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)],
      [listener("l", { table: "r" }), route("r", "a")],
    ),
    pushed(cluster("a", { timeoutMs: 2_000 })),
    publish(
      [cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1), cluster("b"), endpoints("b", 1)],
      [listener("l", { table: "r" }), route("r", "b")],
    ),
    act("the new cluster comes, and no table that names it before it", async (player) => {
      const { variant } = player;
      const order = (await player.all()).map(({ type, names }) => `${type} ${names}`);
      const shown = order.findIndex((entry) => entry.startsWith("cluster") && entry.includes("b"));
      equal(shown >= 0, true, `cluster b is sent: ${order.join("; ")}`);
      const table = order.indexOf("route r");
      if (variant.services === "ads") equal(table < 0 || table > shown, true, order.join("; "));
    }),
  ],
});

scenario("rule 23 and 31: a client that comes back to the same content is sent what it needs and no more", {
  serves: [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("endpoint", "a"),
    take("endpoint a"),
    subscribe("listener"),
    take("listener l"),
    subscribe("route", "r"),
    take("route r"),
    reconnect(),
    take(
      sotw("cluster a", "endpoint a", "listener l", "route r"),
      delta("cluster", "endpoint a", "listener"),
    ),
  ],
});

function changed(type: "cluster" | "listener", name: string) {
  return type === "cluster" ? cluster(name, { timeoutMs: 2_000 }) : listener(name, { idleTimeoutMs: 1_000 });
}
