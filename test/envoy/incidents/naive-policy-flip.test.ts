/**
 * Story 1 as it is elsewhere: a server that answers what changed and nothing else, and a real Envoy. Envoy waits 3 s for
 * endpoints here instead of 15; the resources are otherwise those that the objects are translated to.
 */
import { equal, ok } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import { bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { freePorts } from "../../conformance/free-ports.ts";
import { type Protocol, protocols } from "../../features/xds/raw-client.ts";
import { EnvoyWorld, faultsOf, noFaults } from "../edge/envoy-world.ts";
import { TestEnvoy } from "../edge/test-envoy.ts";
import { TlsBackend } from "../tls/tls-backend.ts";
import { flipped } from "./flip-objects.ts";
import { flipParts } from "./flip-parts.ts";
import { NaiveServer } from "./naive-server.ts";
import { TimedLoad } from "./timed-load.ts";

const fetchTimeoutSeconds = 3;
/** How exactly Envoy keeps its timeout, and a busy machine answers, milliseconds. */
const toleranceMs = 1_000;

/** An Envoy and what serves it, with the policy at first. */
interface Served {
  readonly envoy: TestEnvoy;
  readonly port: number;
  publish(hasPolicy: boolean): Promise<void>;
}

describe("a policy that is deleted and applied again", { concurrency: 2 }, () => {
  for (const protocol of protocols) {
    test(`rule 39, ${protocol}: a server that answers only what changed leaves traffic failing for initial_fetch_timeout, here ${fetchTimeoutSeconds} s`, async (t) => {
      const { envoy, restoredMs } = await flipOf(t, await naive(t, protocol));
      const timeoutMs = fetchTimeoutSeconds * 1_000;
      t.diagnostic(`good again after ${restoredMs.toFixed(0)} ms`);
      ok(
        restoredMs > timeoutMs - 100 && restoredMs < timeoutMs + toleranceMs,
        `${timeoutMs} ms, got ${restoredMs}`,
      );
      // Once when the policy went, once when it came back: Envoy then took the endpoints that it had.
      const { timedOut, cachedAssignments } = await faultsOf(envoy);
      equal(timedOut, 2);
      equal(cachedAssignments, 2);
    });

    test(`rule 39, ${protocol}: with an edge and the same resources it is good again at once`, async (t) => {
      const { envoy, restoredMs } = await flipOf(t, await ours(t, protocol));
      t.diagnostic(`good again after ${restoredMs.toFixed(0)} ms`);
      ok(restoredMs < toleranceMs, `within ${toleranceMs} ms, got ${restoredMs}`);
      equal(JSON.stringify(await faultsOf(envoy)), JSON.stringify(noFaults));
    });
  }
});

async function flipOf(t: TestContext, { envoy, port, publish }: Served) {
  const load = TimedLoad.of(port, `/${flipped}`);
  t.after(() => load.stop());
  await load.untilOnly("200", 10);
  await publish(false);
  await load.untilOnly("400", 10);
  const fromMs = performance.now();
  await publish(true);
  await load.untilOnly("200", 10);
  const lastError = load.errorsSince(fromMs).at(-1);
  return { envoy, restoredMs: Math.max(0, (lastError?.endedMs ?? fromMs) - fromMs) };
}

async function naive(t: TestContext, protocol: Protocol): Promise<Served> {
  const [port = 0, serverPort = 0] = await freePorts(2);
  const parts = await partsOf(t);
  const server = await NaiveServer.start(protocol, serverPort, parts(port, true));
  t.after(() => server.stop());
  const edges = [{ host: "127.0.0.1", port: serverPort }];
  const started = bootstrap({ gateway: "default/web", nodeId: "envoy-1", edges, protocol });
  const envoy = await TestEnvoy.start(defaultEnvoyVersion, started);
  t.after(() => envoy.stop());
  await envoy.untilReady();
  return { envoy, port, publish: async (hasPolicy) => server.publish(parts(port, hasPolicy)) };
}

async function ours(t: TestContext, protocol: Protocol): Promise<Served> {
  const parts = await partsOf(t);
  const variant = { version: defaultEnvoyVersion, protocol };
  const world = await EnvoyWorld.start(t, variant, ({ port }) => parts(port, true));
  const { envoy, port } = world;
  return { envoy, port, publish: (hasPolicy) => world.publish(parts(port, hasPolicy)) };
}

/** Of a backend that takes only TLS. */
async function partsOf(t: TestContext): Promise<(port: number, hasPolicy: boolean) => Part[]> {
  const backend = await TlsBackend.start({ plainStatus: 400 });
  t.after(() => backend.close());
  return (port, hasPolicy) => flipParts({ port, hasPolicy, backendPort: backend.port, fetchTimeoutSeconds });
}
