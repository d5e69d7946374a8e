import type { EventLog } from "@routeledger/event-log";
import { type Logger, Metrics } from "@routeledger/service-kit";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import { type Clock, Failure } from "@routeledger/std";
import { ConfigDoor } from "./config-door.ts";
import { httpServer } from "./http-server.ts";
import { ReadSide } from "./read-side.ts";

export type { ChangeAnswer, InputProblem, ObjectResult, Outcome, XdsChange } from "./change-results.ts";
export { type FolderOptions, type WatchedFolder, watchFolder } from "./watched-folder.ts";

export interface ApiOptions {
  readonly logs: { readonly config: EventLog; readonly xds: EventLog; readonly delivery: EventLog };
  /** Somebody projects the logs into it (`projectLogs`). */
  readonly store: SnapshotStore;
  /** HOST:PORT; port 0 takes a free one. Open mode: loopback addresses only. */
  readonly address: string;
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Translates the whole log again and compares, for `POST /v1/replay/check`. */
  readonly checkReplay?: () => Promise<object>;
}

export interface Api {
  /** HOST:PORT where it listens. */
  readonly address: string;
  /** For what runs in the same process: the watched folder. */
  readonly door: ConfigDoor;
  /** Rejects with what ended the reading of CONFIG; resolves after `stop`. */
  readonly ended: Promise<void>;
  /** Takes no more requests, ends those that wait. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs the one door: appends what people say, answers what they ask. Resolves when it listens.
 * @throws Failure `api.address` when it cannot listen there, `log.*`
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { logs, store, clock, randomBytes, logger, checkReplay } = options;
  const { host, port } = loopback(options.address);
  const stopping = new AbortController();
  const door = await ConfigDoor.open({ config: logs.config, clock, randomBytes });
  let failed: unknown;
  const ended = door.run().catch((error: unknown) => {
    failed = error;
    logger.error({ err: error }, "the api cannot read CONFIG any more");
    throw error;
  });
  ended.catch(() => undefined);
  const server = httpServer({
    door,
    read: new ReadSide(store, door, clock),
    store,
    config: logs.config,
    clock,
    logger,
    metrics: options.metrics ?? new Metrics(),
    checkReplay,
    stopping: stopping.signal,
    failed: () => failed,
  });
  try {
    await server.listen({ host, port });
  } catch (cause) {
    door.stop();
    throw addressFailure(options.address, cause);
  }
  const bound = server.server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  const address = `${host.includes(":") ? `[${host}]` : host}:${boundPort}`;
  logger.info({ address }, "the api listens");
  return {
    address,
    door,
    ended,
    async stop() {
      stopping.abort();
      await server.close();
      door.stop();
      await ended.catch(() => undefined);
    },
  };
}

function loopback(address: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:]+):(\d{1,5})$/.exec(address);
  const host = match?.[1]?.replace(/^\[|\]$/g, "");
  if (match === null || host === undefined) throw addressFailure(address, undefined, "expected HOST:PORT");
  if (host !== "localhost" && host !== "::1" && !/^127(\.\d{1,3}){3}$/.test(host)) {
    throw addressFailure(
      address,
      undefined,
      "nobody is asked who they are yet, so the api binds loopback only",
    );
  }
  return { host, port: Number(match[2]) };
}

function addressFailure(address: string, cause: unknown, why?: string): Failure {
  const reason = why ?? (cause instanceof Error ? cause.message : String(cause));
  return new Failure(`listen for the api on ${address}: ${reason}`, {
    code: "api.address",
    retryable: false,
    hint: "choose another address: --api-address 127.0.0.1:PORT",
    cause,
  });
}
