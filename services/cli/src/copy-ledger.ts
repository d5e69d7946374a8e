import { adoptLog, copyLog, type LogName } from "@routeledger/event-log";
import { Failure } from "@routeledger/std";
import { examineLogs, type LedgerLogs } from "@routeledger/translator";
import { actorOf, type CommandContext } from "./command-context.ts";

/** What became of one log. */
export interface LedgerCopied {
  readonly log: LogName;
  /** Messages that were copied now; undefined where the log was left out, since its beginning is gone. */
  readonly messages: number | undefined;
}

/** XDS before CONFIG: what was broken off never speaks of a revision that CONFIG does not have. */
const order = ["delivery", "xds", "config"] as const;

/**
 * Copies the three logs byte for byte to other storage, which is empty or holds the beginning of the same, and adopts
 * them there, so that whoever followed the one follows the other. Nobody may write to either meanwhile.
 * @throws Failure of `copyLog`: `log.purged`, `log.notACopy`, `log.fenced`; and of storage
 */
export async function copyLedger(
  context: CommandContext,
  {
    from,
    to,
    reason,
    randomBytes,
  }: {
    readonly from: LedgerLogs;
    readonly to: LedgerLogs;
    readonly reason: string;
    readonly randomBytes: (count: number) => Uint8Array;
  },
): Promise<LedgerCopied[]> {
  const copied: LedgerCopied[] = [];
  for (const name of order) copied.push({ log: from[name].name, messages: await copyOne(from, to, name) });
  const { nextEpoch: epoch } = await examineLogs(to);
  const said = { reason, epoch, actor: actorOf(context), source: "cli", clock: context.clock, randomBytes };
  for (const name of order) await adoptLog(to[name], said);
  return copied;
}

async function copyOne(
  from: LedgerLogs,
  to: LedgerLogs,
  name: (typeof order)[number],
): Promise<number | undefined> {
  try {
    return await copyLog(from[name], to[name]);
  } catch (error) {
    // DELIVERY is history, and bounded: stores keep what they have read of it.
    if (name === "delivery" && error instanceof Failure && error.code === "log.purged") return undefined;
    throw error;
  }
}
