/**
 * Measures a snapshot store while it projects many HTTPRoutes that were applied at once, then one change: how long it
 * takes, and for how long the process that it lives in (an api) answers nobody meanwhile.
 * `node test/bench/store-projection.ts [count]`.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore, projectLogs, type SnapshotStore } from "@routeledger/snapshot-store";
import { systemClock } from "@routeledger/std";
import { startTranslator } from "@routeledger/translator";
import { memoryLogs } from "../features/store/random-history.ts";
import { ConfigAuthor } from "../features/translator/config-author.ts";
import {
  endpointSlice,
  gateway,
  gatewayClass,
  route,
  service,
} from "../features/translator/sample-objects.ts";

const count = Number(process.argv[2] ?? 12_000);

const logs = memoryLogs();
const translator = await startTranslator({
  ...{ logs, name: "bench", clock: systemClock, logger: silentLogger },
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  ...{ retireGraceMs: 60_000, checkpointEveryRevisions: 100_000 },
});
const author = new ConfigAuthor(logs.config);
const routes = Array.from({ length: count }, (_, index) =>
  route(`route-${index}`, `host-${index}.example.com`, "shop"),
);
await author.apply(gatewayClass, gateway, service("shop"), endpointSlice("shop", "10.0.0.1"), ...routes);
await published();
const folder = await mkdtemp(join(tmpdir(), "routeledger-bench-"));
const store = openSnapshotStore({ folder });
// The reader's thread starts before anything is measured.
await store.query("head", {});
const stopping = new AbortController();
await measured(`${count} routes at once`, () => {
  projectLogs(store, logs, { signal: stopping.signal }).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
  });
  return caughtUp(store);
});
await author.apply(route("route-7", "other.example.com", "shop"));
await published();
await measured("one route changed", async () => {
  await caughtUp(store);
});
stopping.abort();
await translator.stop();
await store.close();
await rm(folder, { recursive: true });

async function published(): Promise<void> {
  const { lastSequence } = await logs.config.info();
  while (translator.publishedTo.sequence < lastSequence) await new Promise((r) => setImmediate(r));
}

async function caughtUp(of: SnapshotStore): Promise<void> {
  const { lastSequence } = await logs.config.info();
  const never = new AbortController().signal;
  await of.config.waitFor(lastSequence, never);
  await of.published.waitFor(lastSequence, never);
}

async function measured(what: string, work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  let stillMs = 0;
  let turnedMs = startedMs;
  let turning = true;
  const turn = (): void => {
    const nowMs = performance.now();
    stillMs = Math.max(stillMs, nowMs - turnedMs);
    turnedMs = nowMs;
    if (turning) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  const tookMs = performance.now() - startedMs;
  turn();
  turning = false;
  process.stdout.write(
    `${what}: caught up after ${tookMs.toFixed(0)} ms, the process stood still for ${stillMs.toFixed(0)} ms at most\n`,
  );
}
