import { type Api, startApi, watchFolder } from "@routeledger/api";
import type { EventLog } from "@routeledger/event-log";
import { type Logger, RunningParts, type SealingKeys } from "@routeledger/service-kit";
import { projectLogs, type SnapshotStore } from "@routeledger/snapshot-store";
import { bootstrap } from "@routeledger/translation";
import { type CrashHook, checkReplay, startTranslator } from "@routeledger/translator";
import { startXdsEdge, type XdsEdge } from "@routeledger/xds-edge";
import { isLoopback, parseHostPort } from "../addresses.ts";
import { cacheFolder } from "../cache-folder.ts";
import type { CommandContext } from "../command-context.ts";
import type { Dev, DevOptions } from "../commands/dev.ts";
import { envoyBinary } from "../envoy-binary.ts";
import { DevReport } from "./dev-report.ts";
import { EnvoyFleet } from "./envoy-fleet.ts";
import { applyGatewayClass } from "./gateway-class.ts";
import { type GatewayView, watchGateways } from "./gateway-watch.ts";
import { keptAddress } from "./kept-address.ts";
import { watchRejections } from "./rejections.ts";
import { WithheldSecrets } from "./withheld-secrets.ts";

/** Of the design: what left the snapshot is kept for 60 s; checkpoints every 1,000 revisions bound replay. */
const retireGraceMs = 60_000;
const checkpointEveryRevisions = 1_000;
const catchUpDeadlineMs = 1_000;

export interface DevParts {
  readonly logs: { readonly config: EventLog; readonly xds: EventLog; readonly delivery: EventLog };
  readonly store: SnapshotStore;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
  readonly sealingKeys: SealingKeys;
  readonly crash: CrashHook | undefined;
  /** What is wrong with the data folder, a line each. */
  readonly problems: readonly string[];
}

/**
 * Runs translator, edge, api, the store's projection, the watched folder and the Envoys in this process. Resolves when
 * the api answers. What can happen afterwards: a Gateway comes or goes (an Envoy follows), a proxy rejects
 * something (it is told), a service fails (`ended` rejects).
 * @throws Failure of the part that did not start; what did is stopped then
 */
export async function runServices(
  context: CommandContext,
  options: DevOptions,
  parts: DevParts,
): Promise<Dev> {
  const running = new Running();
  try {
    return await start(context, options, { ...parts, running });
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** What was started, and how it is stopped. */
class Running extends RunningParts {
  /** Whether Envoys are left serving; decided when all is stopped. */
  leaveEnvoys = true;
}

type StartParts = DevParts & { readonly running: Running };

async function start(context: CommandContext, options: DevOptions, parts: StartParts): Promise<Dev> {
  const { running, logs, store } = parts;
  const report = new DevReport(context.terminal, options.dataFolder);
  const firstStart = (await logs.config.lastOf("ChangeSet")) === undefined;
  running.watch(projectLogs(store, logs, { signal: running.signal }));
  const withheld = new WithheldSecrets((line) => report.problem(line));
  const { edge, api } = await startThree(context, options, { ...parts, withheld });
  const apiUrl = `http://${api.address}`;
  report.line(`routeledger dev: api ${apiUrl}, xDS ${edge.address}, data ${options.dataFolder}`);
  for (const problem of parts.problems) report.problem(problem);
  withheld.begin();
  if (firstStart) await applyGatewayClass(apiUrl);
  const folder = await watch(context, options, api, report);
  if (folder !== undefined) running.started(folder);
  const fleet = await envoys(context, options, { edgeAddress: edge.address, report, crash: parts.crash });
  if (fleet !== undefined) {
    running.started({ stop: () => (running.leaveEnvoys ? fleet.leave() : fleet.stop()) });
  }
  running.watch(followGateways(parts, running.signal, report, fleet));
  running.watch(
    watchRejections({
      ...{ delivery: logs.delivery, store, signal: running.signal },
      onRejection: ({ node, type, what, madeBy, message }) =>
        report.problem(`proxy ${node} rejected ${type} ${what}${madeBy}: ${message}`),
    }),
  );
  return {
    apiUrl,
    edgeAddress: edge.address,
    ended: running.failed,
    stop: ({ leaveEnvoys = false } = {}) => {
      running.leaveEnvoys = leaveEnvoys;
      return running.stop();
    },
  };
}

async function startThree(
  context: CommandContext,
  options: DevOptions,
  parts: StartParts & { readonly withheld: WithheldSecrets },
): Promise<{ edge: XdsEdge; api: Api }> {
  const { logs, store, logger, crash, randomBytes, running, sealingKeys, withheld } = parts;
  const { clock } = context;
  running.started(
    await startTranslator({
      logs,
      name: "dev",
      clock,
      randomBytes,
      logger: logger.child({ service: "translator" }),
      retireGraceMs,
      checkpointEveryRevisions,
      keyring: () => sealingKeys.keyring,
      ...(crash === undefined ? {} : { crashPoint: (point) => crash(`translator.${point}`) }),
    }),
  );
  const edge = await startXdsEdge({
    xdsLog: logs.xds,
    deliveryLog: logs.delivery,
    address: await keptAddress(options.dataFolder, "edge", options.edgeAddress),
    edgeId: "dev",
    sealingKeys,
    // Its Envoys are on this machine.
    secretsInClear: isLoopback(options.edgeAddress),
    onWithheld: (secret) => withheld.add(secret),
    clock,
    randomBytes,
    logger: logger.child({ service: "xds-edge" }),
    catchUpDeadlineMs,
  });
  running.started(edge);
  await edge.becameReady;
  const api = await startApi({
    logs,
    store,
    address: await keptAddress(options.dataFolder, "api", options.apiAddress),
    gatewayAddresses: options.gatewayAddresses,
    sealingKeys,
    clock,
    randomBytes,
    logger: logger.child({ service: "api" }),
    checkReplay: () => checkReplay(logs),
  });
  running.started(api);
  return { edge, api };
}

async function watch(context: CommandContext, options: DevOptions, api: Api, report: DevReport) {
  const { watchFolder: folder, allowMassDelete } = options;
  if (folder === undefined) return undefined;
  report.line(`watching ${folder}`);
  return watchFolder({
    folder,
    api,
    clock: context.clock,
    allowMassDelete,
    report: (line) => report.line(line),
  });
}

async function envoys(
  context: CommandContext,
  options: DevOptions,
  { edgeAddress, report, crash }: { edgeAddress: string; report: DevReport; crash: CrashHook | undefined },
): Promise<EnvoyFleet | undefined> {
  if (options.envoy === undefined) return undefined;
  const override = options.envoy.binary;
  const binary = await envoyBinary({
    cacheFolder: cacheFolder(context.environment),
    progress: (line) => report.line(line),
    ...(override === undefined ? {} : { override }),
  });
  const edge = parseHostPort(edgeAddress);
  return new EnvoyFleet({
    dataFolder: options.dataFolder,
    binary,
    bootstrap: ({ gateway, infrastructure }, nodeId, adminPort) =>
      bootstrap({ gateway, nodeId, edges: [edge], protocol: "delta", adminPort, infrastructure }),
    clock: context.clock,
    events: report,
    onSpawned: () => crash?.("envoy.spawned"),
  });
}

function followGateways(
  parts: DevParts,
  signal: AbortSignal,
  report: DevReport,
  fleet: EnvoyFleet | undefined,
): Promise<void> {
  return watchGateways(parts.logs.config, signal, (views: readonly GatewayView[]) => {
    report.gateways(views);
    fleet?.follow(views).catch((error: unknown) => report.problem(String(error)));
  });
}
