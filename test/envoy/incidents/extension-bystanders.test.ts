/** P7 and story 2: of 200 routes a hook governs 3. What befalls these is nothing to the others. */
import { deepEqual } from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import type { JsonObject } from "@routeledger/std";
import { gateways } from "../../cluster/cluster-objects.ts";
import type { Mode } from "../../features/extensions/switchable-extension.ts";
import { answerOf } from "../edge/load.ts";
import { ChangedParts } from "./changed-parts.ts";
import { hosts, servedBy, servedByFilter } from "./recovery-objects.ts";
import { RecoveryWorld } from "./recovery-world.ts";
import { TimedLoad } from "./timed-load.ts";

/** In clear, in one table with all the others. */
const governed = "three.example";
const others = Array.from({ length: 197 }, (_, index) => `other-${index + 1}.example`);
/** Between two requests of a connection, milliseconds: each of the others is asked some times in a round. */
const paceMs = 2;

const modes: readonly Mode[] = ["refusing", "stuck", "renaming", "flapping"];

test(`P7: of 200 routes the hook governs 3; the other ${others.length} never see a wrong answer, and their bytes never change`, async (t) => {
  const world = await RecoveryWorld.start(t, { hooks: ["Route"], failureMode: "failClosed" });
  const { cluster, extension } = world;
  await world.apply(route(governed, [servedByFilter]), ...others.map((host) => route(host, [])));
  const loads = gateways.map((name) => loadOfAll(cluster.ports[name]));
  t.after(() => Promise.all(loads.map((load) => load.stop())));
  const served = gateways.map((name) => loadOf(cluster.ports[name], governed));
  t.after(() => Promise.all(served.map((load) => load.stop())));
  const governedAnswer = (status: string): Promise<unknown> =>
    Promise.all([world.until(status), ...served.map((load) => load.untilOnly(status, 20))]);
  await governedAnswer("200");
  await Promise.all(loads.map((load) => load.untilOnly("200", 2 * others.length)));
  const parts = await ChangedParts.from(cluster.nats.url);
  const fromMs = performance.now();
  for (const mode of modes) {
    await extension.become(mode);
    await world.apply(servedBy(mode));
    // Of a server that answers every other time one cannot say what is seen when.
    if (mode !== "flapping") await governedAnswer("500");
    await Promise.all(loads.map((load) => load.untilOnly("200", 2 * others.length)));
    await extension.become("healthy");
    await governedAnswer("200");
  }
  for (const load of loads) {
    deepEqual(load.errorsSince(fromMs), [], "wrong answers of the others");
    t.diagnostic(`${load.answers.length} answers`);
  }
  world.checkAnswers("200", "500");
  await world.checkEnvoys();
  const changed = await parts.now();
  const changing = gateways.flatMap((name) => [
    `route http/${cluster.ports[name]} three_example`,
    ...hosts.map((host) => `route https/${world.ports[name]}/${host} ${host.replace(".", "_")}`),
  ]);
  deepEqual(changed, changing.sort());
});

/** Says in the header `x-route` whose it is. */
function route(host: string, filters: readonly JsonObject[]): JsonObject {
  const set = [{ name: "x-route", value: host }];
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: host, namespace: "default" },
    spec: {
      parentRefs: gateways.map((name) => ({ name, sectionName: "http" })),
      hostnames: [host],
      rules: [
        {
          filters: [{ type: "ResponseHeaderModifier", responseHeaderModifier: { set } }, ...filters],
          backendRefs: [{ group: "gateway.envoyproxy.io", kind: "Backend", name: "blue" }],
        },
      ],
    },
  };
}

/** All others in turn. An answer that is not the route's own is wrong. */
function loadOfAll(port: number): TimedLoad {
  const agent = new Agent({ keepAlive: true });
  let next = 0;
  const ask = async (): Promise<string> => {
    const host = others[next++ % others.length]!;
    const { status, headers } = await answerOf({ port, host, agent });
    return status === "200" && headers["x-route"] === host ? status : `${status} of ${host}`;
  };
  return new TimedLoad("the others", ask, { agent, paceMs });
}

function loadOf(port: number, host: string): TimedLoad {
  const agent = new Agent({ keepAlive: true });
  return new TimedLoad(host, async () => (await answerOf({ port, host, agent })).status, { agent });
}
