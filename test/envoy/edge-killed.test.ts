/** Edges are killed under real Envoys, with TLS both ways, while traffic moves; no request is lost. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import { seededRandom } from "../faults/seeded-random.ts";
import { endpoints } from "../features/xds/sample-parts.ts";
import { edsCluster, httpListener, perTypeSource, routesTo, unbuildableCluster } from "./edge/envoy-parts.ts";
import { faultsOf, variants } from "./edge/envoy-world.ts";
import { KilledFleet, type Member } from "./edge/killed-fleet.ts";

const seed = Number(process.env.SEED ?? 1);
const rounds = Number(process.env.ENVOY_ROUNDS ?? 2);

const members = [
  ...variants.map((variant) => ({ ...variant, isPerType: false })),
  ...variants
    .filter(({ version }) => version === "1.40.0")
    .map((variant) => ({ ...variant, name: `${variant.name}, a service for each type`, isPerType: true })),
];

test(`P4, P5, rule 67 and rule 73: edges are killed in turn while traffic moves and one cluster is bad, ${rounds} times, seed ${seed}, and no request is lost`, async (t) => {
  const random = seededRandom(seed);
  const fleet = await KilledFleet.start(t, members, (member) => parts(member, { targets: ["c0"] }));
  const loads = fleet.members.map((member) => ({ member, load: fleet.load(member, "/") }));
  await Promise.all(loads.map(({ load }) => load.more(10)));
  let move = 0;
  for (let round = 0; round < rounds; round++) {
    for (const edge of fleet.edges) {
      move++;
      const target = `c${move}`;
      const former = `c${move - 1}`;
      await publishAll(fleet, (member) =>
        // Between the streams of several services there is no order: the new cluster first, the route later.
        member.isPerType ? { targets: [former, target] } : { targets: [target] },
      );
      // Nothing to wait for: the point is that it dies at a moment that nobody chose.
      await new Promise((resolve) => setTimeout(resolve, random() * 30));
      await edge.kill();
      await untilHosts(fleet, target);
      await publishAll(fleet, () => ({ targets: [target, former] }));
      await untilTraffic(fleet, target);
      await publishAll(fleet, () => ({ targets: [target] }));
      await edge.start();
    }
  }
  await publishAll(fleet, () => ({ targets: [`c${move}`], isBad: false }));
  for (const { member, load } of loads) {
    const { envoy, name } = member;
    await envoy.until(`removal of all that left, ${name}`, async () => (await dynamicClusters(member)) === 2);
    await load.more(10);
    ok(load.hasOnly("200"), `${name}: only 200, got ${JSON.stringify(load.counts)}`);
    const { rejected = 0, ...others } = await faultsOf(envoy);
    deepEqual(others, { timedOut: 0, cachedAssignments: 0, warming: 0 }, name);
    // Each stream offers the bad one once, and at most once more when it changes.
    const streams = 1 + fleet.edges.length * rounds;
    ok(rejected >= 1 && rejected <= 2 * streams, `${name}: rejected once a stream, got ${rejected}`);
    equal(await envoy.stat("http.l.downstream_rq_5xx"), 0, name);
    t.diagnostic(`${name}: ${JSON.stringify(load.counts)}, rejected ${rejected}`);
  }
});

interface Choices {
  /** Clusters; the first one has the traffic. */
  readonly targets: readonly string[];
  /** Another cluster cannot be built. Default true. */
  readonly isBad?: boolean;
}

function parts(member: Omit<Member, "envoy">, { targets, isBad = true }: Choices): Part[] {
  const { port, backendPort, protocol, isPerType } = member;
  const source = isPerType ? { source: perTypeSource(protocol) } : {};
  const [target = ""] = targets;
  return [
    httpListener("l", { port, table: "r", ...source }),
    routesTo("r", { "/": target }),
    isBad ? unbuildableCluster("bad") : edsCluster("bad", source),
    ...targets.map((name) => edsCluster(name, source)),
    ...["bad", ...targets].map((name) => endpoints(name, backendPort)),
  ];
}

async function publishAll(fleet: KilledFleet, choices: (member: Member) => Choices): Promise<void> {
  for (const member of fleet.members) await fleet.publish(member, parts(member, choices(member)));
}

async function untilHosts({ members: all }: KilledFleet, target: string): Promise<void> {
  for (const { envoy, name } of all) {
    await envoy.until(`hosts of ${target}, ${name}`, async () =>
      (await envoy.ask("/clusters")).includes(`\n${target}::127.`),
    );
  }
}

async function untilTraffic({ members: all }: KilledFleet, target: string): Promise<void> {
  for (const { envoy, name } of all) {
    await envoy.until(
      `traffic to ${target}, ${name}`,
      async () => (await envoy.stat(`cluster.${target}.upstream_rq_200`)) > 0,
    );
  }
}

/** How many clusters it has besides the one that reaches the edges. */
async function dynamicClusters({ envoy }: Member): Promise<number> {
  return (await envoy.stat("cluster_manager.active_clusters")) - 1;
}
