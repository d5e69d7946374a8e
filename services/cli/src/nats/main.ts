/** What commands do on NATS by themselves: the one place of the command that names its adapter. */
import { randomBytes } from "node:crypto";
import {
  createNatsStreams,
  inspectNats,
  natsOptionsOf,
  natsSettings,
  openNatsEventLogs,
} from "@routeledger/event-log-nats";
import { defineConfiguration } from "@routeledger/service-kit";
import { checkReplay } from "@routeledger/translator";
import { type AdoptableLogs, adoptableLogs } from "../adoptable-logs.ts";
import type { CommandContext } from "../command-context.ts";
import type { NatsFacts } from "../commands/doctor-nats.ts";
import type { StreamChoices } from "../commands/log-create.ts";
import type { ReplayCheck } from "../commands/replay.ts";

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

/** Settings of the services in the same environment are none of ours. */
function natsOptions({ environment }: CommandContext, args: readonly string[]) {
  const otherNames = Object.keys(environment);
  return natsOptionsOf(table.parse({ env: environment, args, otherNames }), "routeledger");
}
