/** `routeledger api`: the one door, on NATS, with a snapshot store of its own. */
import type { EventLog } from "@routeledger/event-log";
import { natsOptionsOf, natsSettings, openNatsEventLogs } from "@routeledger/event-log-nats";
import {
  defineConfiguration,
  keepTrying,
  type Logger,
  LogReach,
  type ProcessInput,
  type ProcessTools,
  processSettings,
  runProcess,
  sealingKeySettings,
  startOperationsServer,
  startSealingKeys,
} from "@routeledger/service-kit";
import {
  openSnapshotStore,
  openStoreLock,
  type ProjectionOptions,
  projectLogs,
} from "@routeledger/snapshot-store";
import { type Clock, Failure } from "@routeledger/std";
import {
  type ApiTokens,
  type ConfigDoor,
  openTokensFile,
  parseAddressRange,
  readTlsFiles,
  type StoreConfirmation,
  startApi,
  type TlsFiles,
} from "./api.ts";
import { apiSettings } from "./configuration.ts";
import { parseListenAddress } from "./listen-address.ts";

/** All settings of `routeledger api`. */
export const apiTable = defineConfiguration([
  ...apiSettings,
  ...sealingKeySettings,
  ...natsSettings,
  ...processSettings,
]);

type Configuration = ReturnType<typeof apiTable.parse>;

/** What the api cannot do by itself: whoever runs it brings it. */
export interface ApiProcessParts {
  /** Translates the whole log again and compares with what was published. */
  readonly checkReplay: (logs: { readonly config: EventLog; readonly xds: EventLog }) => Promise<object>;
}

/** Runs until the signal or a failure. Returns the exit code. @throws Failure `config.invalid` */
export async function runApi(input: ProcessInput, given: ApiProcessParts): Promise<number> {
  const { environment: env, args, otherNames } = input;
  const configuration = apiTable.parse({ env, args, otherNames });
  const name = configuration.name || input.hostName;
  return runProcess(
    input,
    { service: "api", ...configuration, configuration: { ...apiTable.printable(configuration), name } },
    (tools) => start({ ...configuration, name }, { ...input, ...given }, tools),
  );
}

async function start(
  configuration: Configuration,
  { clock, randomBytes, checkReplay }: ProcessInput & ApiProcessParts,
  tools: ProcessTools,
): Promise<void> {
  const { parts, logger, metrics, signal } = tools;
  const { name, storeFolder } = configuration;
  parseAddressRange(configuration.gatewayAddresses);
  const access = await readAccess(configuration, clock, tools);
  const sealingKeys = await startSealingKeys(configuration.secretsKeyFile, clock, tools);
  const room = await openWaitingRoom(configuration.apiAddress, access.tls, tools);
  const waiting = {
    ...{ clock, signal, logger, waitsFor: ["nats.noStream"] },
    onWaiting: (failure: Error | undefined) => room.say(failure?.message ?? "reading the logs"),
  };
  const logs = await keepTrying(() => openNatsEventLogs(natsOptionsOf(configuration, `api ${name}`)), {
    ...{ what: "open the logs on NATS", ...waiting },
  });
  parts.started({ stop: () => logs.close() });
  // Before a restart's new process has the folder, the old one must have left it.
  const lock = await keepTrying(async () => openStoreLock({ folder: storeFolder }), {
    ...{ what: "open the store", ...waiting },
  });
  parts.started({ stop: () => lock.release() });
  const store = openSnapshotStore({ folder: storeFolder });
  parts.started({ stop: () => store.close() });
  const reach = new LogReach(() => logs.config.info(), clock);
  metrics.observedGauge({ name: "log_reachable", help: "1 while CONFIG answers" }, async () =>
    (await reach.problem()) === undefined ? 1 : 0,
  );
  const door = Promise.withResolvers<ConfigDoor>();
  door.promise.catch(() => undefined);
  const { signal: stopped } = parts;
  stopped.addEventListener("abort", () => door.reject(new Error("the api is stopping")), { once: true });
  const confirm = async (positions: StoreConfirmation): Promise<void> => {
    await (await door.promise).confirm(positions);
  };
  const told = projectionLog(logger);
  parts.watch(projectLogs(store, logs, { signal: stopped, clock, confirm, ...told }));
  const open = () =>
    room.lend((address) =>
      startApi({
        ...{ name, logs, store, address, clock, randomBytes, logger, metrics, ...access },
        coalesceEndpointsMs: configuration.coalesceEndpointsMs,
        gatewayAddresses: configuration.gatewayAddresses,
        bus: logs.bus,
        ...(sealingKeys && { sealingKeys }),
        checkReplay: () => checkReplay(logs),
      }),
    );
  const api = parts.started(await keepTrying(open, { what: "start the api", ...waiting }));
  door.resolve(api.door);
}

/** One line for each thing that happens to the store. */
function projectionLog(
  logger: Logger,
): Pick<ProjectionOptions, "onStopped" | "onBegan" | "onInterrupted" | "onResumed" | "onConfirmFailed"> {
  return {
    onStopped: (log, err) =>
      logger.error({ log, err }, "the store stands still: a record is too new for this version"),
    onBegan: (log, began) =>
      logger.warn({ log, ...began }, "the store went on from a later place of the log"),
    onInterrupted: (log, err) => logger.warn({ log, err }, "the store waits: the log is out of reach"),
    onResumed: (log) => logger.info({ log }, "the store follows the log again"),
    onConfirmFailed: (err) =>
      logger.warn({ err }, "the store could not confirm what it holds: it will again"),
  };
}

/** Who may ask, and how it is kept from others; refused now rather than when NATS is there. */
async function readAccess(
  { apiAddress, tokensFile, tlsCertFile, tlsKeyFile }: Configuration,
  clock: Clock,
  { parts, logger }: ProcessTools,
): Promise<{ readonly tokens?: ApiTokens; readonly tls?: TlsFiles }> {
  parseListenAddress(apiAddress, { open: tokensFile === "" });
  if ((tlsCertFile === "") !== (tlsKeyFile === "")) {
    throw new Failure("read the api's certificate: --tls-cert-file and --tls-key-file belong together", {
      code: "config.invalid",
      retryable: false,
    });
  }
  const tokens = tokensFile === "" ? undefined : await openTokensFile({ path: tokensFile, clock, logger });
  if (tokens !== undefined) parts.started({ stop: () => tokens.stop() });
  const tls = tlsCertFile === "" ? undefined : await readTlsFiles({ cert: tlsCertFile, key: tlsKeyFile });
  return { ...(tokens && { tokens }), ...(tls && { tls }) };
}

/** Until the logs are there, the api's address says why nobody is answered. */
async function openWaitingRoom(
  wanted: string,
  tls: TlsFiles | undefined,
  { parts, logger, metrics }: ProcessTools,
) {
  let reason = "starting";
  const serve = (address: string) =>
    startOperationsServer({
      ...{ address, metrics, tls },
      readiness: () => ({ ready: false, body: { reason } }),
      elsewhere: () => ({ error: { code: "notReady", message: `not ready: ${reason}` } }),
    });
  let server = await serve(wanted);
  parts.started({ stop: () => server.stop() });
  const { address } = server;
  logger.info({ address }, "the api waits for the logs");
  return {
    say: (why: string): void => {
      reason = why;
    },
    /** Gives the address away; takes it back when `use` throws. */
    async lend<T>(use: (address: string) => Promise<T>): Promise<T> {
      await server.stop();
      try {
        return await use(address);
      } catch (error) {
        server = await serve(address);
        throw error;
      }
    },
  };
}
