/** `routeledger translator`: folds CONFIG and publishes XDS on NATS, or stands by until the one that leads is gone. */
import {
  type NatsEventLogs,
  natsOptionsOf,
  natsSettings,
  openNatsEventLogs,
} from "@routeledger/event-log-nats";
import {
  defineConfiguration,
  keepTrying,
  LogReach,
  type ProcessInput,
  type ProcessTools,
  processSettings,
  type Readiness,
  runProcess,
  sealingKeySettings,
  startOperationsServer,
  startSealingKeys,
} from "@routeledger/service-kit";
import { formatRevision } from "@routeledger/std";
import { translatorSettings } from "./configuration.ts";
import { crashHook, translatorCrashPoints, watchedLog } from "./crash-at.ts";
import type { CrashPoint } from "./crash-point.ts";
import { signalsOnBus } from "./signals-on-bus.ts";
import { startTranslator, type Translator } from "./translator.ts";

/** All settings of `routeledger translator`. */
export const translatorTable = defineConfiguration([
  ...translatorSettings,
  ...natsSettings,
  ...sealingKeySettings,
  ...processSettings,
]);

/** A leader is heard so often within `takeoverAfterMs`: signals may get lost. */
const announcementsToMiss = 4;

type Configuration = ReturnType<typeof translatorTable.parse>;

/** Runs until the signal or a failure. Returns the exit code. @throws Failure `config.invalid` */
export async function runTranslator(input: ProcessInput): Promise<number> {
  const { environment: env, args, otherNames } = input;
  const configuration = translatorTable.parse({ env, args, otherNames });
  const name = configuration.name || input.hostName;
  return runProcess(
    input,
    {
      service: "translator",
      ...configuration,
      configuration: { ...translatorTable.printable(configuration), name },
    },
    (tools) => start({ ...configuration, name }, input, tools),
  );
}

async function start(configuration: Configuration, input: ProcessInput, tools: ProcessTools): Promise<void> {
  const { name, operationsAddress, behindMax } = configuration;
  const { parts, logger, metrics, signal } = tools;
  const { clock, randomBytes } = input;
  let readiness = (): Promise<Readiness> | Readiness => notYet("starting");
  const operations = parts.started(
    await startOperationsServer({ address: operationsAddress, metrics, readiness: () => readiness() }),
  );
  logger.info({ address: operations.address }, "operations are served");
  const sealingKeys = await startSealingKeys(configuration.secretsKeyFile, clock, tools);
  const logs = await keepTrying(() => openNatsEventLogs(natsOptionsOf(configuration, `translator ${name}`)), {
    ...{ what: "open the logs on NATS", clock, signal, logger, waitsFor: ["nats.noStream"] },
    onWaiting: (failure) => {
      readiness = () => notYet(failure?.message ?? "recovering from the logs");
    },
  });
  parts.started({ stop: () => logs.close() });
  const reach = new LogReach(() => logs.config.info(), clock);
  metrics.observedGauge({ name: "log_reachable", help: "1 while CONFIG answers" }, async () =>
    (await reach.problem()) === undefined ? 1 : 0,
  );
  const translator = await startTranslator({
    ...{ logs, signals: signalsOnBus(logs.bus), name, clock, randomBytes, logger, metrics },
    keyring: () => sealingKeys?.keyring,
    ...workOf(configuration),
    ...crashing(logs, input),
  });
  readiness = () => readinessOf(translator, reach, behindMax);
  parts.started(translator);
}

/** Tests end this process at a named point; nothing runs after a SIGKILL, as nothing does after a power cut. */
function crashing({ config, xds }: NatsEventLogs, { environment }: ProcessInput) {
  const crash = crashHook(environment.ROUTELEDGER_CRASH_AT, translatorCrashPoints, () =>
    process.kill(process.pid, "SIGKILL"),
  );
  if (crash === undefined) return {};
  return {
    logs: { config: watchedLog(config, crash), xds: watchedLog(xds, crash) },
    crashPoint: (point: CrashPoint) => crash(`translator.${point}`),
  };
}

function workOf(configuration: Configuration) {
  const { retireGraceMs, checkpointEveryRevisions, retainCheckpoints, storesToConfirm } = configuration;
  const { takeoverAfterMs } = configuration;
  return {
    ...{ retireGraceMs, checkpointEveryRevisions, storesToConfirm, takeoverAfterMs },
    announceEveryMs: Math.ceil(takeoverAfterMs / announcementsToMiss),
    ...(retainCheckpoints > 0 && { retainCheckpoints }),
  };
}

async function readinessOf(translator: Translator, reach: LogReach, behindMax: number): Promise<Readiness> {
  const { role, term, publishedTo, behind } = translator;
  const unreachable = await reach.problem();
  const late = behind > behindMax ? `${behind} messages of CONFIG are not published` : undefined;
  const reason = unreachable ?? late;
  return {
    ready: reason === undefined,
    body: {
      role,
      term,
      ...(role === "leading" && { publishedTo: formatRevision(publishedTo), behind }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

function notYet(reason: string): Readiness {
  return { ready: false, body: { reason } };
}
