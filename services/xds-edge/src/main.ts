/** `routeledger edge`: replays the XDS log from NATS and serves proxies. */
import { natsOptionsOf, natsSettings, openNatsEventLogs } from "@routeledger/event-log-nats";
import {
  defineConfiguration,
  keepTrying,
  LogReach,
  type ProcessInput,
  type ProcessTools,
  processSettings,
  type Readiness,
  runProcess,
  startOperationsServer,
} from "@routeledger/service-kit";
import { formatRevision } from "@routeledger/std";
import { edgeSettings } from "./configuration.ts";
import { startXdsEdge, type XdsEdge } from "./xds-edge.ts";

/** All settings of `routeledger edge`. */
export const edgeTable = defineConfiguration([...edgeSettings, ...natsSettings, ...processSettings]);

type Configuration = ReturnType<typeof edgeTable.parse>;

/** Runs until the signal or a failure. Returns the exit code. @throws Failure `config.invalid` */
export async function runEdge(input: ProcessInput): Promise<number> {
  const { environment: env, args, otherNames } = input;
  const given = edgeTable.parse({ env, args, otherNames });
  const name = given.name || input.hostName;
  const configuration = { ...given, name, edgeId: given.edgeId || name };
  return runProcess(
    input,
    { service: "xds-edge", ...configuration, configuration: edgeTable.printable(configuration) },
    (tools) => start(configuration, input, tools),
  );
}

async function start(configuration: Configuration, input: ProcessInput, tools: ProcessTools): Promise<void> {
  const { edgeId, edgeAddress, operationsAddress, catchUpDeadlineMs, streamsMax } = configuration;
  const { parts, logger, metrics, signal } = tools;
  const { clock, randomBytes } = input;
  let readiness = (): Promise<Readiness> | Readiness => notYet("starting");
  const operations = parts.started(
    await startOperationsServer({ address: operationsAddress, metrics, readiness: () => readiness() }),
  );
  logger.info({ address: operations.address }, "operations are served");
  const waiting = {
    ...{ clock, signal, logger, waitsFor: ["nats.noStream"] },
    onWaiting: (failure: Error | undefined) => {
      readiness = () => notYet(failure?.message ?? "reading the XDS log");
    },
  };
  const logs = await keepTrying(() => openNatsEventLogs(natsOptionsOf(configuration, `edge ${edgeId}`)), {
    ...{ what: "open the logs on NATS", ...waiting },
  });
  parts.started({ stop: () => logs.close() });
  const reach = new LogReach(() => logs.xds.info(), clock);
  metrics.observedGauge({ name: "log_reachable", help: "1 while XDS answers" }, async () =>
    (await reach.problem()) === undefined ? 1 : 0,
  );
  const open = () =>
    startXdsEdge({
      ...{ xdsLog: logs.xds, deliveryLog: logs.delivery, address: edgeAddress, edgeId, streamsMax },
      ...{ catchUpDeadlineMs, clock, randomBytes, logger, metrics },
    });
  const edge = await keepTrying(open, { what: "start the edge", ...waiting });
  // What ends its following ends nothing else: streams are served on with what there is.
  let lost: string | undefined;
  edge.ended.catch((error: unknown) => {
    lost = error instanceof Error ? error.message : String(error);
  });
  readiness = () => readinessOf(edge, reach, () => lost);
  parts.started({ stop: () => edge.stop() });
}

async function readinessOf(
  edge: XdsEdge,
  reach: LogReach,
  lost: () => string | undefined,
): Promise<Readiness> {
  const problem = (await reach.problem()) ?? lost();
  const { revision, snapshots } = edge.published;
  return {
    ready: edge.ready,
    body: {
      publishedTo: formatRevision(revision),
      gateways: snapshots.size,
      proxies: edge.proxies().length,
      log: problem === undefined ? "followed" : `serves what it has: ${problem}`,
    },
  };
}

function notYet(reason: string): Readiness {
  return { ready: false, body: { reason } };
}
