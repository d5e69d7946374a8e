/**
 * Story 2 as it is elsewhere: an extension server fails, every connection manager gets a table that answers 500 instead of
 * the reference to its own, and on recovery a server that answers what changed and nothing else sends one table of two.
 * Envoy waits 3 s for tables here instead of 15; the resources are otherwise those that the objects are translated to.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import { bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { type Protocol, protocols } from "../../features/xds/raw-client.ts";
import { openRememberingStream } from "../../simulation/world/naive-server.ts";
import { EnvoyWorld, faultsOf, noFaults, startBackend } from "../edge/envoy-world.ts";
import { TestEnvoy } from "../edge/test-envoy.ts";
import { NaiveServer } from "./naive-server.ts";
import { type Host, hosts } from "./recovery-objects.ts";
import { recoveryParts } from "./recovery-parts.ts";
import { TimedLoad } from "./timed-load.ts";

const fetchTimeoutSeconds = 3;
/** How exactly Envoy keeps its timeout, and a busy machine answers, milliseconds. */
const toleranceMs = 1_000;
/** Answers in a row of a host after which it is so. */
const inRow = 10;

const [first, second] = hosts;
/** Whose route is changed between the steps, and whose is not. */
const before = { [first]: 0, [second]: 0 };
const broken = { [first]: 1, [second]: 0 };
const healed = { [first]: 2, [second]: 0 };

type Edits = Readonly<Record<Host, number>>;

/** An Envoy and what serves it. */
interface Served {
  readonly envoy: TestEnvoy;
  readonly port: number;
  publish(edits: Edits, isFailedClosed: boolean): Promise<void>;
}

describe("listeners leave their route tables and return to them", { concurrency: 2 }, () => {
  for (const protocol of protocols) {
    test(`rules 21 and 27, ${protocol}: a server that remembers what a proxy dropped leaves a host without its routes until they change`, async (t) => {
      const { server, ...served } = await naive(t, protocol);
      const { envoy, publish } = served;
      const [changed, unchanged] = await failed(t, served);
      await drained(envoy);
      await envoy.until("the dropped tables", async () => hasDropped(server, protocol));
      const fromMs = performance.now();
      await publish(healed, false);
      await Promise.all([changed.untilOnly("200", inRow), unchanged.untilOnly("404", inRow)]);
      for (const load of [changed, unchanged]) {
        const waitedMs = (load.answers.findLast(({ status }) => status === "500")?.endedMs ?? 0) - fromMs;
        t.diagnostic(`the listener waited ${waitedMs.toFixed(0)} ms`);
        const timeoutMs = fetchTimeoutSeconds * 1_000;
        ok(
          waitedMs > timeoutMs - 200 && waitedMs < timeoutMs + toleranceMs,
          `${timeoutMs} ms, got ${waitedMs}`,
        );
      }
      equal((await faultsOf(envoy)).timedOut, 1);
      // Whatever else changes, it stays so.
      await publish({ ...healed, [first]: 3 }, false);
      await untilApplied(envoy, first, 3);
      await unchanged.untilOnly("404", inRow);
      await publish({ [first]: 3, [second]: 1 }, false);
      await unchanged.untilOnly("200", inRow);
      equal(changed.errorsSince(fromMs + fetchTimeoutSeconds * 1_000 + toleranceMs).length, 0);
    });

    for (const gap of ["longer than the old listener's drain", "while the old listener drains"]) {
      test(`rule 43, ${protocol}: with an edge and the same resources every host is good again at once, after a gap ${gap}`, async (t) => {
        const served = await ours(t, protocol);
        const { envoy, publish } = served;
        const loads = await failed(t, served);
        if (gap.startsWith("longer")) await drained(envoy);
        else ok((await draining(envoy)) > 0, "an old listener that drains");
        const fromMs = performance.now();
        await publish(healed, false);
        await Promise.all(loads.map((load) => load.untilOnly("200", inRow)));
        for (const load of loads) {
          const restoredMs = Math.max(0, (load.errorsSince(fromMs).at(-1)?.endedMs ?? fromMs) - fromMs);
          t.diagnostic(`good again after ${restoredMs.toFixed(0)} ms`);
          ok(restoredMs < toleranceMs, `within ${toleranceMs} ms, got ${restoredMs}`);
          deepEqual(new Set(load.answers.map(({ status }) => status)), new Set(["200", "500"]));
        }
        deepEqual(await faultsOf(envoy), noFaults);
      });
    }
  }
});

/** The load of each host, when all is answered 500. */
async function failed(t: TestContext, { port, publish }: Served): Promise<[TimedLoad, TimedLoad]> {
  const [changed, unchanged] = hosts.map((host) => TimedLoad.ofNewcomers(port, host)) as [
    TimedLoad,
    TimedLoad,
  ];
  t.after(() => Promise.all([changed.stop(), unchanged.stop()]));
  await Promise.all([changed.untilOnly("200", inRow), unchanged.untilOnly("200", inRow)]);
  await publish(broken, true);
  await Promise.all([changed.untilOnly("500", inRow), unchanged.untilOnly("500", inRow)]);
  return [changed, unchanged];
}

/** Listeners and filter chains that were replaced and still serve their connections. */
async function draining(envoy: TestEnvoy): Promise<number> {
  const [listeners, chains] = await Promise.all([
    envoy.stat("listener_manager.total_listeners_draining"),
    envoy.stat("listener_manager.total_filter_chains_draining"),
  ]);
  return listeners + chains;
}

async function drained(envoy: TestEnvoy): Promise<void> {
  await envoy.until("end of the drain", async () => (await draining(envoy)) === 0);
}

/** Resolves when Envoy has that change of a host's route. */
async function untilApplied(envoy: TestEnvoy, host: Host, edit: number): Promise<void> {
  await envoy.until(`change ${edit} of ${host}`, async () => {
    const dump = JSON.parse(await envoy.ask("/config_dump?resource=dynamic_route_configs"));
    const tables = (dump.configs as { readonly route_config: { readonly name: string } }[]).map(
      ({ route_config }) => route_config,
    );
    const table = tables.find(({ name }) => name.endsWith(`/${host}`));
    return JSON.stringify(table ?? {}).includes(`"key":"x-edit","value":"${edit}"`);
  });
}

/** The server was told that no listener needs a route table: in delta by name, in SotW by what is left of the names. */
function hasDropped({ requests }: NaiveServer, protocol: Protocol): boolean {
  const asked = requests.filter(({ type }) => type === "route");
  if (protocol === "sotw") return asked.at(-1)?.names.length === 0;
  return new Set(asked.flatMap(({ unsubscribed }) => unsubscribed)).size === hosts.length;
}

async function naive(t: TestContext, protocol: Protocol): Promise<Served & { readonly server: NaiveServer }> {
  const [port = 0, serverPort = 0] = await freePorts(2);
  const backendPort = await startBackend(t);
  const parts = (edits: Edits, isFailedClosed: boolean): Part[] =>
    recoveryParts({ port, backendPort, edits, isFailedClosed, fetchTimeoutSeconds });
  const server = await NaiveServer.start(protocol, serverPort, parts(before, false), openRememberingStream);
  t.after(() => server.stop());
  const edges = [{ host: "127.0.0.1", port: serverPort }];
  const started = bootstrap({ gateway: "default/web", nodeId: "envoy-1", edges, protocol });
  const envoy = await TestEnvoy.start(defaultEnvoyVersion, started);
  t.after(() => envoy.stop());
  await envoy.untilReady();
  return { envoy, port, server, publish: async (...change) => server.publish(parts(...change)) };
}

async function ours(t: TestContext, protocol: Protocol): Promise<Served> {
  const variant = { version: defaultEnvoyVersion, protocol };
  const world = await EnvoyWorld.start(t, variant, ({ port, backendPort }) =>
    recoveryParts({ port, backendPort, edits: before, isFailedClosed: false, fetchTimeoutSeconds }),
  );
  const { envoy, port, backendPort } = world;
  const publish = (edits: Edits, isFailedClosed: boolean): Promise<void> =>
    world.publish(recoveryParts({ port, backendPort, edits, isFailedClosed, fetchTimeoutSeconds }));
  return { envoy, port, publish };
}
