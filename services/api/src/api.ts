import type { EventLog } from "@routeledger/event-log";
import { keepTrying, type Logger, Metrics, type SealingKeys } from "@routeledger/service-kit";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import type { Clock } from "@routeledger/std";
import type { FastifyInstance } from "fastify";
import { parseAddressRange } from "./address-range.ts";
import type { ApiTokens } from "./api-tokens.ts";
import { type ApiBus, type BusApiOptions, startBusApi } from "./bus-api.ts";
import type { ChangeAnswer } from "./change-results.ts";
import { ConfigDoor, coalesceEndpointsDefaultMs } from "./config-door.ts";
import { httpServer } from "./http-server.ts";
import {
  addressFailure,
  formatListenAddress,
  isLoopback,
  type ListenAddress,
  parseListenAddress,
} from "./listen-address.ts";
import { ObjectReader } from "./object-reader.ts";
import { ReadSide } from "./read-side.ts";
import { SwitchDriver } from "./switch-driver.ts";
import type { TlsFiles } from "./tls-files.ts";

export { type AddressRange, parseAddressRange } from "./address-range.ts";
export { type ApiTokens, parseTokens } from "./api-tokens.ts";
export type { ApiBus, ApiBusReply, ApiBusRequest, ApiBusService } from "./bus-api.ts";
export type { ChangeAnswer, InputProblem, ObjectResult, Outcome, XdsChange } from "./change-results.ts";
export type { ConfigDoor, StoreConfirmation } from "./config-door.ts";
export { readTlsFiles, type TlsFiles } from "./tls-files.ts";
export { openTokensFile, type TokensFile, type TokensFileOptions } from "./tokens-file.ts";
export { type FolderOptions, type WatchedFolder, watchFolder } from "./watched-folder.ts";

export interface ApiOptions {
  /** Who this process is, for the log: the actor of what it writes by itself. Default `api`. */
  readonly name?: string;
  readonly logs: { readonly config: EventLog; readonly xds: EventLog; readonly delivery: EventLog };
  /** Somebody projects the logs into it (`projectLogs`). */
  readonly store: SnapshotStore;
  /** HOST:PORT; port 0 takes a free one. Open mode (no `tokens`): loopback addresses only. */
  readonly address: string;
  /** Who may ask. Absent: open mode, in which everybody on this machine may, and is who they say. */
  readonly tokens?: ApiTokens;
  /** Serves HTTPS with it. Absent: plain HTTP. */
  readonly tls?: TlsFiles;
  /**
   * Changes of EndpointSlices alone become at most one event in so many milliseconds (and author). Default 100; 0:
   * each its own.
   */
  readonly coalesceEndpointsMs?: number;
  /**
   * A CIDR of IPv4: a Gateway of ours that names no address gets one of it. The same for all replicas. Default: none,
   * such Gateways listen on all addresses.
   */
  readonly gatewayAddresses?: string;
  /** Seals Secrets (P11). Default: none, so that no Secret is taken. */
  readonly sealingKeys?: Pick<SealingKeys, "keyring">;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Answers there, too, as soon as the store has what the log holds. */
  readonly bus?: ApiBus;
  /** Translates the whole log again and compares, for `POST /v1/replay/check`. */
  readonly checkReplay?: () => Promise<object>;
}

export interface Api {
  /** HOST:PORT where it listens. */
  readonly address: string;
  /** For what runs in the same process: the watched folder, the confirmations of the store. */
  readonly door: ConfigDoor;
  /** Rejects with what ended the reading of CONFIG; resolves after `stop`. */
  readonly ended: Promise<void>;
  /** Takes no more requests, ends those that wait. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs the one door: appends what people say, answers what they ask. Resolves when it listens.
 * @throws Failure `api.address` when it cannot listen there, `config.invalid` for a range that is none, `log.*`
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { name = "api", logs, store, clock, randomBytes, logger, checkReplay, tokens, tls } = options;
  const wanted = parseListenAddress(options.address, { open: tokens === undefined });
  const gatewayAddresses = parseAddressRange(options.gatewayAddresses ?? "");
  const metrics = options.metrics ?? new Metrics();
  const stopping = new AbortController();
  const { coalesceEndpointsMs = coalesceEndpointsDefaultMs, sealingKeys } = options;
  const doorParts = { name, config: logs.config, clock, randomBytes, logger, metrics };
  const door = await ConfigDoor.open({ ...doorParts, coalesceEndpointsMs, gatewayAddresses, sealingKeys });
  let failed: unknown;
  const ended = door.run().catch((error: unknown) => {
    failed = error;
    logger.error({ err: error }, "the api cannot read CONFIG any more");
    throw error;
  });
  ended.catch(() => undefined);
  const read = new ReadSide(store, door, clock);
  const objects = new ObjectReader(store, read, door);
  const countOutcomes = outcomeCounter(metrics);
  const common = { door, objects, clock, logger, metrics, countOutcomes };
  const driver = new SwitchDriver({ name, door, store, deliveryLog: logs.delivery, clock, logger });
  const context = { ...common, read, store, driver, config: logs.config, checkReplay };
  let server: FastifyInstance | undefined;
  let address: string;
  try {
    server = httpServer({ ...context, tokens, tls, stopping: stopping.signal, failed: () => failed });
    address = await listen(server, wanted);
  } catch (error) {
    door.stop();
    throw error;
  }
  logger.info({ address, tls: tls !== undefined, tokens: tokens !== undefined }, "the api listens");
  if (tokens !== undefined && tls === undefined && !isLoopback(wanted.host)) {
    logger.warn({ address }, "tokens travel in clear: --tls-cert-file and --tls-key-file encrypt them");
  }
  const driving = driver.run(stopping.signal);
  const onBus = options.bus && serveOnBus({ ...common, bus: options.bus }, store, stopping.signal);
  return {
    address,
    door,
    ended,
    async stop() {
      stopping.abort();
      door.flush();
      await Promise.all([server.close(), driving, onBus?.then((served) => served?.stop())]);
      door.stop();
      await ended.catch(() => undefined);
    },
  };
}

/** Never rejects: over HTTP the api answers all the same. */
async function serveOnBus(
  options: BusApiOptions,
  store: SnapshotStore,
  signal: AbortSignal,
): Promise<{ stop(): Promise<void> } | undefined> {
  const { door, clock, logger } = options;
  const isRead = async () => store.config.waitFor(await door.lastItem(), signal);
  try {
    // Whoever asks on the bus does not choose who answers, so only those answer who know what there is.
    if (!(await keepTrying(isRead, { what: "answer on the bus", clock, signal, logger }))) return undefined;
    const served = await startBusApi(options);
    logger.info({}, "the api answers on the bus");
    return served;
  } catch (err) {
    if (!signal.aborted) logger.error({ err }, "the api cannot answer on the bus");
    return undefined;
  }
}

function outcomeCounter(metrics: Metrics): (answer: ChangeAnswer) => void {
  const counted = metrics.counter({
    name: "api_changes_total",
    help: "objects in apply and delete requests, by what became of them",
    labels: ["outcome"],
  });
  return ({ results }) => {
    for (const { outcome } of results) counted.inc({ outcome });
  };
}

/** HOST:PORT where it listens. */
async function listen(server: FastifyInstance, { host, port }: ListenAddress): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (cause) {
    throw addressFailure(formatListenAddress({ host, port }), cause);
  }
  const bound = server.server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  return formatListenAddress({ host, port: boundPort });
}
