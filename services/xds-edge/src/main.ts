/** `routeledger edge`: replays the XDS log from NATS and serves proxies. */
import { natsOptionsOf, natsSettings, openNatsEventLogs } from "@routeledger/event-log-nats";
import {
  defineConfiguration,
  keepTrying,
  type ProcessInput,
  type ProcessTools,
  processSettings,
  type Readiness,
  runProcess,
  sealingKeySettings,
  startOperationsServer,
  startSealingKeys,
} from "@routeledger/service-kit";
import { Failure, formatRevision, type JsonObject } from "@routeledger/std";
import { edgeSettings } from "./configuration.ts";
import { edgeLimitsOf } from "./edge-limits.ts";
import { loadPage } from "./load-page.ts";
import { startXdsEdge, type XdsEdge, type XdsEdgeOptions } from "./xds-edge.ts";

/** All settings of `routeledger edge`. */
export const edgeTable = defineConfiguration([
  ...edgeSettings,
  ...sealingKeySettings,
  ...natsSettings,
  ...processSettings,
]);

type Configuration = ReturnType<typeof edgeTable.parse>;

/** Runs until the signal or a failure. Returns the exit code. @throws Failure `config.invalid` */
export async function runEdge(input: ProcessInput): Promise<number> {
  const { environment: env, args, otherNames } = input;
  const given = edgeTable.parse({ env, args, otherNames });
  const access = accessOf(given);
  const name = given.name || input.hostName;
  const configuration = { ...given, name, edgeId: given.edgeId || edgeIdOf(given, input) };
  return runProcess(
    input,
    {
      ...{ service: "xds-edge", logLevel: given.logLevel, configuration: edgeTable.printable(configuration) },
      stopDeadlineMs: given.stopDeadlineMs + given.drainMs,
    },
    (tools) => start({ ...configuration, ...access }, input, tools),
  );
}

/** Edges of one machine differ by their ports, edges in containers by the containers' names. */
function edgeIdOf({ name, edgeAddress }: Configuration, { hostName }: ProcessInput): string {
  return name || `${hostName}${edgeAddress.slice(edgeAddress.lastIndexOf(":"))}`;
}

/** Who may connect, and how. @throws Failure `config.invalid` when one setting lacks the other that it needs */
function accessOf(given: Configuration): Pick<XdsEdgeOptions, "tls" | "identity"> {
  const {
    edgeTlsCertFile: cert,
    edgeTlsKeyFile: key,
    edgeClientCaFile: clientCa,
    edgeIdentity: identity,
  } = given;
  const refuse = (why: string): never => {
    throw new Failure(`read the edge's certificates: ${why}`, { code: "config.invalid", retryable: false });
  };
  if ((cert === "") !== (key === "")) refuse("--edge-tls-cert-file and --edge-tls-key-file belong together");
  if (clientCa !== "" && cert === "") refuse("--edge-client-ca-file needs --edge-tls-cert-file");
  if (identity !== "" && clientCa === "") refuse("--edge-identity needs --edge-client-ca-file");
  return {
    ...(cert !== "" && { tls: { cert, key, clientCa: clientCa || undefined } }),
    ...(identity !== "" && { identity }),
  };
}

type Choices = Configuration & ReturnType<typeof accessOf>;

async function start(configuration: Choices, input: ProcessInput, tools: ProcessTools): Promise<void> {
  const { edgeId, edgeAddress, operationsAddress, catchUpDeadlineMs, drainMs } = configuration;
  const { loadReportIntervalMs } = configuration;
  const { parts, logger, metrics, signal } = tools;
  const { tls, identity } = configuration;
  const { clock, randomBytes } = input;
  const sealingKeys = await startSealingKeys(configuration.secretsKeyFile, clock, tools);
  let readiness = (): Promise<Readiness> | Readiness => notYet("starting");
  let loads = (_query: URLSearchParams): JsonObject | undefined => ({ nodeGroups: [] });
  const operations = parts.started(
    await startOperationsServer({
      ...{ address: operationsAddress, metrics, readiness: () => readiness() },
      pages: { "/loads": (query) => loads(query) },
    }),
  );
  logger.info({ address: operations.address }, "operations are served");
  const logs = await keepTrying(() => openNatsEventLogs(natsOptionsOf(configuration, `edge ${edgeId}`)), {
    ...{ what: "open the logs on NATS", clock, signal, logger, waitsFor: ["nats.noStream"] },
    onWaiting: (failure) => {
      readiness = () => notYet(failure?.message ?? "reading the XDS log");
    },
  });
  parts.started({ stop: () => logs.close() });
  const edge = await startXdsEdge({
    ...{ xdsLog: logs.xds, deliveryLog: logs.delivery, address: edgeAddress, edgeId },
    ...(tls && { tls }),
    ...(identity && { identity }),
    ...(sealingKeys && { sealingKeys }),
    secretsInClear: configuration.edgeSecretsInClear,
    ...edgeLimitsOf(configuration),
    ...{ catchUpDeadlineMs, drainMs, loadReportIntervalMs, clock, randomBytes, logger, metrics },
  });
  metrics.observedGauge({ name: "log_reachable", help: "1 while XDS is followed" }, () =>
    edge.trouble === undefined ? 1 : 0,
  );
  readiness = () => readinessOf(edge);
  loads = (query) => loadPage(edge.loads, query);
  // Not `ended`: an edge whose log is lost serves on (P10).
  parts.started({ stop: () => edge.stop() });
}

/** Secrets that the status names. */
const namedMax = 10;

function readinessOf(edge: XdsEdge): Readiness {
  const { whyNotReady, trouble, published } = edge;
  const withheld = edge.withheldSecrets();
  return {
    ready: edge.ready,
    body: {
      publishedTo: formatRevision(published.revision),
      gateways: published.snapshots.size,
      proxies: edge.proxies().length,
      log: trouble === undefined ? "followed" : `serves what it has: ${trouble.message}`,
      ...(whyNotReady === undefined ? {} : { reason: whyNotReady }),
      ...(withheld.length > 0 && {
        withheldSecrets: {
          count: withheld.length,
          first: withheld.slice(0, namedMax).map((secret) => ({ ...secret })),
        },
      }),
    },
  };
}

function notYet(reason: string): Readiness {
  return { ready: false, body: { reason } };
}
