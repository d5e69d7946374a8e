import { type Api, startApi, watchFolder } from "@routeledger/api";
import type { EventLog } from "@routeledger/event-log";
import type { Logger } from "@routeledger/service-kit";
import { projectLogs, type SnapshotStore } from "@routeledger/snapshot-store";
import { bootstrap } from "@routeledger/translation";
import { checkReplay, startTranslator, type Translator } from "@routeledger/translator";
import { startXdsEdge, type XdsEdge } from "@routeledger/xds-edge";
import { parseHostPort } from "../addresses.ts";
import { cacheFolder } from "../cache-folder.ts";
import type { CommandContext } from "../command-context.ts";
import type { Dev, DevOptions } from "../commands/dev.ts";
import { envoyBinary } from "../envoy-binary.ts";
import type { CrashHook } from "./crash-at.ts";
import { DevReport } from "./dev-report.ts";
import { EnvoyFleet } from "./envoy-fleet.ts";
import { applyGatewayClass } from "./gateway-class.ts";
import { type GatewayView, watchGateways } from "./gateway-watch.ts";
import { keptAddress } from "./kept-address.ts";
import { watchRejections } from "./rejections.ts";

/** Of the design: what left the snapshot is kept for 60 s; checkpoints every 1,000 revisions bound replay. */
const retireGraceMs = 60_000;
const checkpointEveryRevisions = 1_000;
const catchUpDeadlineMs = 1_000;

export interface DevParts {
  readonly logs: { readonly config: EventLog; readonly xds: EventLog; readonly delivery: EventLog };
  readonly store: SnapshotStore;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
  readonly crash: CrashHook | undefined;
}

interface Running {
  readonly translator: Translator;
  readonly edge: XdsEdge;
  readonly api: Api;
}

/**
 * Runs translator, edge, api, the store's projection, the watched folder and the Envoys in this process. Resolves when
 * the api answers. What can happen afterwards: a Gateway comes or goes (an Envoy follows), a proxy rejects
 * something (it is told), a service fails (`ended` rejects).
 */
export async function runServices(
  context: CommandContext,
  options: DevOptions,
  parts: DevParts,
): Promise<Dev> {
  const stopping = new AbortController();
  const failed = Promise.withResolvers<void>();
  const guard = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      if (!stopping.signal.aborted) failed.reject(error);
    });
  };
  failed.promise.catch(() => undefined);
  const report = new DevReport(context.terminal, options.dataFolder);
  const firstStart = (await parts.logs.config.lastOf("ChangeSet")) === undefined;
  guard(projectLogs(parts.store, parts.logs, { signal: stopping.signal }));
  const running = await start(context, options, parts);
  for (const { ended } of [running.translator, running.edge, running.api]) guard(ended);
  const apiUrl = `http://${running.api.address}`;
  report.line(`routeledger dev: api ${apiUrl}, xDS ${running.edge.address}, data ${options.dataFolder}`);
  if (firstStart) await applyGatewayClass(apiUrl);
  const folder = await watch(context, options, running.api, report);
  const fleet = await envoys(context, options, {
    edgeAddress: running.edge.address,
    report,
    crash: parts.crash,
  });
  guard(followGateways(parts, stopping.signal, report, fleet));
  guard(
    watchRejections(parts.logs.delivery, stopping.signal, ({ node, type, version, message }) =>
      report.problem(`proxy ${node} rejected ${type} ${version}: ${message}`),
    ),
  );
  return {
    apiUrl,
    edgeAddress: running.edge.address,
    ended: failed.promise,
    async stop({ leaveEnvoys = false } = {}) {
      stopping.abort();
      await folder?.stop();
      await (leaveEnvoys ? fleet?.leave() : fleet?.stop());
      await running.api.stop();
      await running.edge.stop();
      await running.translator.stop();
    },
  };
}

async function start(context: CommandContext, options: DevOptions, parts: DevParts): Promise<Running> {
  const { logs, store, logger, crash, randomBytes } = parts;
  const { clock } = context;
  const translator = await startTranslator({
    logs,
    name: "dev",
    clock,
    randomBytes,
    logger: logger.child({ service: "translator" }),
    retireGraceMs,
    checkpointEveryRevisions,
    ...(crash === undefined ? {} : { crashPoint: (point) => crash(`translator.${point}`) }),
  });
  const edge = await startXdsEdge({
    xdsLog: logs.xds,
    deliveryLog: logs.delivery,
    address: await keptAddress(options.dataFolder, "edge", options.edgeAddress),
    edgeId: "dev",
    clock,
    randomBytes,
    logger: logger.child({ service: "xds-edge" }),
    catchUpDeadlineMs,
  });
  const api = await startApi({
    logs,
    store,
    address: await keptAddress(options.dataFolder, "api", options.apiAddress),
    clock,
    randomBytes,
    logger: logger.child({ service: "api" }),
    checkReplay: () => checkReplay(logs),
  });
  return { translator, edge, api };
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
    bootstrap: (gateway, nodeId, adminPort) =>
      bootstrap({ gateway, nodeId, edge, protocol: "delta", adminPort }),
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
    const gateways = views.map(({ gateway }) => gateway);
    fleet?.follow(gateways).catch((error: unknown) => report.problem(String(error)));
  });
}
