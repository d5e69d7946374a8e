import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "@routeledger/api";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore, projectLogs } from "@routeledger/snapshot-store";
import { systemClock } from "@routeledger/std";
import { startTranslator } from "@routeledger/translator";
import { startXdsEdge, type XdsEdge } from "@routeledger/xds-edge";

export interface Services {
  readonly apiUrl: string;
  readonly edge: XdsEdge;
  stop(): Promise<void>;
}

/** Every service of Routeledger in this process, on embedded logs and a store in a folder of their own. */
export async function startServices(): Promise<Services> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-conformance-"));
  const logs = await openSqliteEventLogs({ folder: join(folder, "logs") });
  const store = openSnapshotStore({ folder: join(folder, "store") });
  const projecting = new AbortController();
  const projected = projectLogs(store, logs, { signal: projecting.signal });
  const common = {
    clock: systemClock,
    randomBytes: (count: number) => randomBytes(count),
    logger: silentLogger,
  };
  const translator = await startTranslator({
    ...common,
    logs,
    name: "conformance",
    retireGraceMs: 60_000,
    checkpointEveryRevisions: 100,
  });
  const edge = await startXdsEdge({
    ...common,
    xdsLog: logs.xds,
    deliveryLog: logs.delivery,
    address: "127.0.0.1:0",
    edgeId: "conformance",
  });
  const api = await startApi({ ...common, logs, store, address: "127.0.0.1:0" });
  return {
    apiUrl: `http://${api.address}`,
    edge,
    async stop() {
      await api.stop();
      await edge.stop();
      await translator.stop();
      projecting.abort();
      await projected;
      await store.close();
      await logs.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
