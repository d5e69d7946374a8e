/** The protocol table, rules 67 to 74: robustness, scale, visibility. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256Hex } from "@routeledger/std";
import { type Part, type ResourceType, resourceTypes } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { until } from "../xds/edge-world.ts";
import { cluster, endpoints, listener, route, secret } from "../xds/sample-parts.ts";
import { scenario } from "../xds/scenario.ts";
import {
  act,
  advance,
  anotherEdge,
  answerAll,
  as,
  cut,
  ends,
  expect,
  first,
  nack,
  pause,
  publish,
  resume,
  silence,
  subscribe,
  take,
} from "../xds/scenario-steps.ts";
import { delta, sotw } from "../xds/variant.ts";

scenario(
  "rule 67: before an edge has read what the log holds, its streams fail with UNAVAILABLE, never empty",
  {
    serves: [cluster("a")],
    steps: [
      act("an edge that has read nothing yet", async (player) => {
        player.world.gate.holdReadersAt(0);
        player.edge = await player.world.openEdge();
        equal(player.edge.ready, false);
      }),
      subscribe("cluster"),
      ends("cluster", "UNAVAILABLE", /the edge is not ready yet/),
      act("it reads the log", async ({ edge, world }) => {
        world.gate.open();
        await edge.becameReady;
      }),
      cut(),
      first("cluster"),
      take("cluster a"),
    ],
  },
);

scenario(
  "rule 68: a client that does not read delays nobody, and then gets the newest state in a few responses",
  {
    serves: [large(0)],
    steps: [
      as("slow", subscribe("cluster"), take("cluster large"), pause()),
      subscribe("cluster"),
      take("cluster large"),
      act("two hundred commits, each taken at once by the other client", async (player) => {
        for (let change = 1; change <= 200; change++) {
          await player.publish([large(change)]);
          await player.responses([large(change)], true);
        }
      }),
      as(
        "slow",
        resume(),
        act("a few responses, of which the last is the newest", async (player) => {
          const taken = await player.all();
          ok(taken.length < 50, `fewer than 50 responses, got ${taken.length}`);
          const newest = taken.at(-1)?.resources[0]?.value ?? new Uint8Array();
          equal(sha256Hex(newest), large(200).digest);
        }),
      ),
    ],
  },
);

const hundredThousand = Array.from({ length: 100_000 }, (_, index) => `${"long-name-".repeat(6)}${index}`);

scenario("rule 69: a request may hold 100,000 names", {
  serves: [endpoints("held", 1)],
  steps: [
    act("asks for 100,000 names of which one exists", ({ client }) =>
      client.request("endpoint", { subscribe: [...hundredThousand, "held"] }),
    ),
    act("it is answered", async (player) => {
      // Beside other streams a large response arrives when the windows of its own let it.
      let taken = await player.all();
      while (taken.length === 0) taken = await player.all();
      const [answer, ...others] = [...taken, ...(await player.all())];
      deepEqual(answer?.names, ["held"]);
      equal(answer?.removed.length, player.variant.protocol === "delta" ? 100_000 : 0);
      deepEqual(others, []);
    }),
  ],
});

const odd = withUnknownField(cluster("c000"));
const fiveHundred = [
  odd,
  ...Array.from({ length: 499 }, (_, index) => cluster(`c${String(index + 1).padStart(3, "0")}`)),
];

scenario("rule 70: what is sent is what the log holds, byte for byte, and no more than what changed", {
  serves: [fiveHundred],
  steps: [
    subscribe("cluster"),
    take(fiveHundred),
    publish(fiveHundred.with(7, cluster("c007", { timeoutMs: 5_000 }))),
    take(
      sotw(fiveHundred.with(7, cluster("c007", { timeoutMs: 5_000 }))),
      delta(cluster("c007", { timeoutMs: 5_000 })),
    ),
  ],
});

scenario(
  "rule 72: what is wanted, sent, ACKed and rejected is told apart, and a NACK names what was rejected",
  {
    serves: [cluster("a"), endpoints("a", 1)],
    steps: [
      subscribe("cluster"),
      take("cluster a"),
      publish(cluster("a", { timeoutMs: 2_000 }), endpoints("a", 1)),
      expect("cluster a"),
      act("sent and not answered", (player) => {
        const [before, now] = [1, 2].map((ordinal) => player.client.response("cluster", ordinal).version);
        const { wanted, sent, acked, rejected } = stateOf(player.edge.proxies(), "cluster");
        deepEqual([wanted, sent, acked, rejected], [now, now, before, ""]);
      }),
      nack("cluster", { error: "cluster a: no" }),
      act("rejected, in the client's words, with the resource and its revision", async (player) => {
        await player.settle();
        const now = player.client.response("cluster", 2);
        equal(stateOf(player.edge.proxies(), "cluster").rejected, now.version);
        player.world.clock.advance(1_000);
        await until(async () => (await player.world.deliveries()).some(({ nacked }) => nacked !== undefined));
        const nacked = (await player.world.deliveries()).find(
          (delivery) => delivery.nacked !== undefined,
        )?.nacked;
        deepEqual([nacked?.message, nacked?.nonce, nacked?.culprits], ["cluster a: no", now.nonce, ["a"]]);
      }),
    ],
  },
);

const many = Array.from({ length: 100 }, (_, index) => `n${String(index).padStart(2, "0")}`);
const makers: Readonly<Partial<Record<ResourceType, (name: string, change: number) => Part>>> = {
  cluster: (name, change) => cluster(name, { timeoutMs: 1_000 + change }),
  endpoint: (name, change) => endpoints(name, 1 + change),
  listener: (name, change) => listener(name, { idleTimeoutMs: 1_000 * (1 + change) }),
  route: (name, change) => route(name, `c${change}`),
  secret: (name, change) => secret(name, String(change)),
};

for (const type of resourceTypes) {
  const make = makers[type];
  if (make === undefined) continue;
  const bad = make("n42", 1);
  const others = (change: number) => many.filter((name) => name !== "n42").map((name) => make(name, change));

  for (const error of ["n42: it is bad", "something in here is bad"]) {
    scenario(`rule 73: one bad ${type} of a hundred is left out, the others go on ("${error}")`, {
      serves: [others(0), make("n42", 0)],
      steps: [
        subscribe(type, ...many),
        answerAll({ atMost: 2 }),
        publish(others(1), bad),
        answerAll({ bad: [bad], error, atMost: 110 }),
        holdsNewest(type, [...others(1), make("n42", 0)]),
        publish(others(2), bad),
        answerAll({ bad: [bad], error, atMost: 2 }),
        holdsNewest(type, [...others(2), make("n42", 0)]),
        advance(3_600_000),
        silence(),
        publish(others(2), make("n42", 3)),
        answerAll({ bad: [bad], error, atMost: 2 }),
        holdsNewest(type, [...others(2), make("n42", 3)]),
      ],
    });
  }
}

scenario("rule 73: a new stream is offered the rejected content once more", {
  serves: [route("a"), route("b")],
  steps: [
    subscribe("route", "a", "b"),
    take("route a b"),
    publish(route("a", "bad"), route("b")),
    expect("route a"),
    nack("route"),
    silence(),
    cut(),
    first("route"),
    answerAll({ bad: [route("a", "bad")], atMost: 4 }),
    silence(),
  ],
});

scenario("rule 74: two edges serve the same bytes in the same versions", {
  serves: [cluster("a"), endpoints("a", 1), listener("l", { table: "r" }), route("r", "a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    subscribe("listener"),
    take("listener l"),
    anotherEdge(),
    as("envoy-2", subscribe("cluster"), take("cluster a"), subscribe("listener"), take("listener l")),
    act("versions are equal", (player) => {
      for (const type of ["cluster", "listener"] as const) {
        const [one, two] = ["envoy-1", "envoy-2"].map((name) => player.clientNamed(name).response(type));
        equal(one?.version, two?.version);
        deepEqual(one?.resources, two?.resources);
      }
    }),
  ],
});

scenario("rule 74: a proxy that comes to an edge which lags is told nothing until the edge has caught up", {
  serves: [cluster("a")],
  steps: [
    subscribe("cluster"),
    take("cluster a"),
    publish(cluster("a", { timeoutMs: 2_000 })),
    take(cluster("a", { timeoutMs: 2_000 })),
    act("an edge that reads only the first of the log", async (player) => {
      player.world.gate.hideBehind(1);
      await player.anotherEdge();
    }),
    cut(),
    first("cluster"),
    act("the deadline passes", async ({ world, edge }) => {
      await until(() => edge.proxies().length > 0);
      world.clock.advance(1_000);
    }),
    act(
      "nothing was sent when the edge reads on; whatever had been would come first",
      async ({ world, edge }) => {
        await until(() =>
          edge.proxies().some(({ nodeId, types }) => nodeId === "envoy-1" && types.length > 0),
        );
        equal(
          stateOf(
            edge.proxies().filter(({ nodeId }) => nodeId === "envoy-1"),
            "cluster",
          ).sent,
          "",
        );
        world.gate.open();
      },
    ),
    act("what comes is not older", async (player) => {
      const received = await player.client.next();
      equal(received?.version, player.client.response("cluster", 2).version);
    }),
  ],
});

/** All of these are held, in these bytes. */
function holdsNewest(type: ResourceType, parts: readonly Part[]) {
  return act(`holds ${parts.length} of type ${type}, each in the bytes that it should`, ({ client }) => {
    const { held } = client.memory(type);
    const wrong = parts.filter(({ resource, digest }) => held.get(resource)?.digest !== digest);
    deepEqual(
      wrong.map(({ resource }) => resource),
      [],
    );
  });
}

function stateOf(
  proxies: readonly { readonly types: readonly { readonly type: ResourceType }[] }[],
  wanted: ResourceType,
) {
  const found = proxies.flatMap(({ types }) => types).find(({ type }) => type === wanted);
  ok(found !== undefined, `a stream of type ${wanted}`);
  return found as { type: ResourceType; wanted: string; sent: string; acked: string; rejected: string };
}

/** Fills the socket. */
function large(change: number): Part {
  return partOf("cluster", "large", { altStatName: `${change}-${"x".repeat(20_000)}` });
}

/** The same cluster with a field that no descriptor has. */
function withUnknownField(part: Part): Part {
  const bytes = Buffer.concat([part.bytes, Uint8Array.from([0xfa, 0xff, 0x03, 2, 0x68, 0x69])]);
  return { ...part, bytes, digest: sha256Hex(bytes) };
}
