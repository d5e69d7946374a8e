/** What commands do on NATS by themselves: the one place of the command that names its adapter. */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import {
  createNatsStreams,
  inspectNats,
  natsOptionsOf,
  natsSettings,
  openNatsEventLogs,
} from "@routeledger/event-log-nats";
import { openSqliteEventLogs } from "@routeledger/event-log-sqlite";
import { defineConfiguration } from "@routeledger/service-kit";
import { checkReplay } from "@routeledger/translator";
import { type AdoptableLogs, adoptableLogs } from "../adoptable-logs.ts";
import type { CommandContext } from "../command-context.ts";
import type { NatsFacts } from "../commands/doctor-nats.ts";
import type { StreamChoices } from "../commands/log-create.ts";
import type { ReplayCheck } from "../commands/replay.ts";
import { copyLedger, type LedgerCopied } from "../copy-ledger.ts";
import { logsFolder } from "../logs-folder.ts";

const table = defineConfiguration(natsSettings);
const streams = ["CONFIG", "XDS", "DELIVERY"];

/** @throws Failure `config.invalid`, `nats.*` */
export async function createNatsLogs(
  context: CommandContext,
  natsArgs: readonly string[],
  choices: StreamChoices,
): Promise<{ readonly made: readonly string[]; readonly found: readonly string[] }> {
  const made = await createNatsStreams({ ...natsOptions(context, natsArgs), ...choices });
  return { made, found: streams.filter((name) => !made.includes(name)) };
}

/** Looks at the server and the streams. @throws Failure `config.invalid`, `nats.*` */
export function natsFacts(context: CommandContext, natsArgs: readonly string[]): Promise<NatsFacts> {
  return inspectNats(natsOptions(context, natsArgs), () => context.clock.wallMs());
}

/** Reads the logs to their ends, beside whoever uses them. @throws Failure `config.invalid`, `nats.*`, `log.*` */
export async function replayNats(context: CommandContext, natsArgs: readonly string[]): Promise<ReplayCheck> {
  const logs = await openNatsEventLogs(natsOptions(context, natsArgs));
  try {
    return await checkReplay(logs);
  } finally {
    await logs.close();
  }
}

/** Opens the logs, beside whoever uses them, for an operator's decision. @throws Failure `config.invalid`, `nats.*` */
export async function openNatsLogs(
  context: CommandContext,
  natsArgs: readonly string[],
): Promise<AdoptableLogs> {
  return adoptableLogs(context, await openNatsEventLogs(natsOptions(context, natsArgs)), randomBytes);
}

/** @throws Failure `config.invalid`, `nats.*`, `log.*` */
export async function copyFolderToNats(
  context: CommandContext,
  dataFolder: string,
  natsArgs: readonly string[],
): Promise<LedgerCopied[]> {
  const from = await openSqliteEventLogs({ folder: await logsFolder(dataFolder) });
  try {
    const to = await openNatsEventLogs(natsOptions(context, natsArgs));
    try {
      const reason = `copied from ${resolve(dataFolder)}`;
      return await copyLedger(context, { from, to, reason, randomBytes });
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** Settings of the services in the same environment are none of ours. */
function natsOptions({ environment }: CommandContext, args: readonly string[]) {
  const otherNames = Object.keys(environment);
  return natsOptionsOf(table.parse({ env: environment, args, otherNames }), "routeledger");
}
