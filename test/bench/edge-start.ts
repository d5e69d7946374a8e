/**
 * Measures how long an edge takes from its start to ready with 10,000 resources in the checkpoint: of one Gateway and
 * of 1,000. Each start is a process of its own. `node test/bench/edge-start.ts [starts]`.
 */

import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { startXdsEdge } from "@routeledger/xds-edge";
import { resourceCount, type Shape, writeState } from "./edge/ten-thousand.ts";

const shapes: readonly Shape[] = [
  { groups: 1, services: 4_900, tables: 200 },
  { groups: 1_000, services: 4, tables: 2 },
];

/** In the child: prints milliseconds from the call to ready, and the memory then. */
async function startOnce(folder: string): Promise<void> {
  const logs = await openSqliteEventLogs({ folder });
  const startedMs = performance.now();
  const edge = await startXdsEdge({
    xdsLog: logs.xds,
    deliveryLog: logs.delivery,
    address: "127.0.0.1:0",
    edgeId: "bench",
    clock: systemClock,
    randomBytes,
    logger: silentLogger,
  });
  await edge.becameReady;
  const tookMs = performance.now() - startedMs;
  process.send?.({ tookMs, residentMib: process.memoryUsage().rss / 1024 ** 2 });
  await edge.stop();
  await logs.close();
}

interface Start {
  readonly tookMs: number;
  readonly residentMib: number;
}

function startInChild(folder: string): Promise<Start> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ["--folder", folder]);
    child.on("message", (message) => resolve(message as Start));
    child.on("exit", (code) => reject(new Error(`an edge ended with ${code}`)));
  });
}

function median(values: readonly number[]): string {
  return ([...values].sort((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(0);
}

async function measure(starts: number): Promise<void> {
  for (const shape of shapes) {
    const folder = await mkdtemp(join(tmpdir(), "routeledger-bench-"));
    try {
      const logs = await openSqliteEventLogs({ folder });
      await writeState(logs.xds, shape);
      await logs.close();
      const took: Start[] = [];
      for (let start = 0; start < starts; start++) took.push(await startInChild(folder));
      const ready = median(took.map(({ tookMs }) => tookMs));
      const resident = median(took.map(({ residentMib }) => residentMib));
      process.stdout.write(
        `${resourceCount(shape)} resources of ${shape.groups} Gateways: ready after ${ready} ms, ${resident} MiB (median of ${starts})\n`,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

const [first, folder] = process.argv.slice(2);
if (first === "--folder" && folder !== undefined) await startOnce(folder);
else await measure(Number(first ?? 5));
