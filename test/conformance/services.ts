import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "@routeledger/api";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore, projectLogs } from "@routeledger/snapshot-store";
import { Keyring, SEALING_KEY_BYTES, systemClock } from "@routeledger/std";
import { checkReplay, type ReplayCheck, startTranslator } from "@routeledger/translator";
import { startXdsEdge, type XdsEdge } from "@routeledger/xds-edge";
import { recordedRejections } from "./rejections.ts";

export interface Services {
  readonly apiUrl: string;
  readonly edge: XdsEdge;
  /** All so far, as DELIVERY has them. */
  rejections(): Promise<string[]>;
  checkReplay(): Promise<ReplayCheck>;
  stop(): Promise<void>;
}

/**
 * Every service of Routeledger in this process, on embedded logs and a store in a folder of their own.
 * @param gatewayAddresses a CIDR: each Gateway gets an address of it
 */
export async function startServices(gatewayAddresses: string): Promise<Services> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-conformance-"));
  const logs = await openSqliteEventLogs({ folder: join(folder, "logs") });
  const store = openSnapshotStore({ folder: join(folder, "store") });
  const stopping = new AbortController();
  const projected = projectLogs(store, logs, { signal: stopping.signal });
  const common = {
    clock: systemClock,
    randomBytes: (count: number) => randomBytes(count),
    logger: silentLogger,
  };
  const keyring = new Keyring([randomBytes(SEALING_KEY_BYTES)]);
  const sealingKeys = { keyring, onChanged: () => undefined };
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
    sealingKeys,
    secretsInClear: true,
  });
  await edge.becameReady;
  const api = await startApi({
    ...common,
    logs,
    store,
    address: "127.0.0.1:0",
    gatewayAddresses,
    sealingKeys,
  });
  return {
    apiUrl: `http://${api.address}`,
    edge,
    rejections: () => recordedRejections(logs.delivery),
    checkReplay: () => checkReplay(logs),
    async stop() {
      await api.stop();
      await edge.stop();
      await translator.stop();
      stopping.abort();
      await projected;
      await store.close();
      await logs.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
