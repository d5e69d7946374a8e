/** Opens the embedded log and the store, and runs every service on them: the one place in the command that names adapters. */
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openSqliteEventLogs, type SqliteEventLogs } from "@routeledger/event-log-sqlite";
import { createLogger, type LogLevel, openSealingKeys, type SealingKeys } from "@routeledger/service-kit";
import { openSnapshotStore } from "@routeledger/snapshot-store";
import { type CrashHook, checkReplay, crashHook, watchedLog } from "@routeledger/translator";
import { type AdoptableLogs, adoptableLogs } from "../adoptable-logs.ts";
import type { CommandContext } from "../command-context.ts";
import type { Dev, DevOptions } from "../commands/dev.ts";
import type { ReplayCheck } from "../commands/replay.ts";
import { logsFolder } from "../logs-folder.ts";
import { makeKeyFile } from "../sealing-key-file.ts";
import { devCrashPoints } from "./crash-points.ts";
import { lostKeyProblems } from "./lost-key.ts";
import { runServices } from "./run-services.ts";

/** Starts all that `dev` is. @throws Failure when the data folder is in use, or an address is taken */
export async function startDev(context: CommandContext, options: DevOptions): Promise<Dev> {
  const dataFolder = resolve(options.dataFolder);
  const crash = crashHookOf(context);
  const opened = await openSqliteEventLogs({ folder: join(dataFolder, "logs") });
  const logs = crash === undefined ? opened : watchedLogs(opened, crash);
  const store = openSnapshotStore({ folder: join(dataFolder, "store") });
  const log = createWriteStream(join(dataFolder, "dev.log"), { flags: "a", mode: 0o600 });
  const logger = createLogger({
    name: "dev",
    level: logLevel(context),
    write: (line) => void log.write(line),
  });
  let sealingKeys: SealingKeys | undefined;
  const close = async (): Promise<void> => {
    sealingKeys?.stop();
    await store.close();
    await opened.close();
    await new Promise<void>((done) => log.end(done));
  };
  try {
    const keyFile = join(dataFolder, "sealing-keys");
    const isNewKey = await makeKeyFile(keyFile, randomBytes);
    sealingKeys = await openSealingKeys({ path: keyFile, clock: context.clock, logger });
    const dev = await runServices(
      context,
      { ...options, dataFolder },
      {
        logs,
        store,
        randomBytes: (length) => randomBytes(length),
        logger,
        sealingKeys,
        crash,
        problems: isNewKey ? await lostKeyProblems(keyFile, logs) : [],
      },
    );
    let stopped: Promise<void> | undefined;
    return {
      ...dev,
      stop: (how) => {
        stopped ??= dev.stop(how).finally(close);
        return stopped;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The services' own setting; `info` where it is none. */
function logLevel({ environment }: CommandContext): LogLevel {
  const levels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];
  return levels.find((level) => level === environment.ROUTELEDGER_LOG_LEVEL) ?? "info";
}

/** Replays the logs of a data folder that no `dev` runs on. @throws Failure `log.inUse` */
export async function replayFolder(dataFolder: string): Promise<ReplayCheck> {
  const logs = await openSqliteEventLogs({ folder: join(resolve(dataFolder), "logs") });
  try {
    return await checkReplay(logs);
  } finally {
    await logs.close();
  }
}

/**
 * Opens the logs of a data folder that no `dev` runs on, for an operator's decision.
 * @throws Failure `log.inUse`, `log.missing`
 */
export async function openFolderLogs(context: CommandContext, dataFolder: string): Promise<AdoptableLogs> {
  const folder = await logsFolder(dataFolder);
  return adoptableLogs(context, await openSqliteEventLogs({ folder }), randomBytes);
}

/** Opens logs in a new folder and removes them: whether SQLite works here. */
export async function tryEmbeddedLog(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-doctor-"));
  try {
    const logs = await openSqliteEventLogs({ folder });
    await logs.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Tests end this process at a named point; nothing runs after a SIGKILL, as nothing does after a power cut. */
function crashHookOf({ environment }: CommandContext): CrashHook | undefined {
  return crashHook(environment.ROUTELEDGER_CRASH_AT, devCrashPoints, () =>
    process.kill(process.pid, "SIGKILL"),
  );
}

function watchedLogs(logs: SqliteEventLogs, crash: CrashHook): SqliteEventLogs {
  return {
    config: watchedLog(logs.config, crash),
    xds: watchedLog(logs.xds, crash),
    delivery: watchedLog(logs.delivery, crash),
    close: () => logs.close(),
  };
}
