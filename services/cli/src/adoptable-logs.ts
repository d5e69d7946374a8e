import { type Adoption, adoptLog, type EventLog, type LogName } from "@routeledger/event-log";
import { examineLogs, type LedgerLogs, type LogFindings } from "@routeledger/translator";
import { actorOf, type CommandContext } from "./command-context.ts";

/** The three logs, open for an operator who decides whether they are the ones to follow. */
export interface AdoptableLogs {
  examine(): Promise<LogFindings>;
  /** @param epoch at least this one */
  adopt(log: LogName, decision: { readonly reason: string; readonly epoch: number }): Promise<Adoption>;
  close(): Promise<void>;
}

export function adoptableLogs(
  context: CommandContext,
  logs: LedgerLogs & { close(): Promise<void> },
  randomBytes: (count: number) => Uint8Array,
): AdoptableLogs {
  const byName: Readonly<Record<LogName, EventLog>> = {
    CONFIG: logs.config,
    XDS: logs.xds,
    DELIVERY: logs.delivery,
  };
  const { clock } = context;
  const said = { actor: actorOf(context), source: "cli", clock, randomBytes };
  return {
    examine: () => examineLogs(logs),
    adopt: (log, decision) => adoptLog(byName[log], { ...said, ...decision }),
    close: () => logs.close(),
  };
}
