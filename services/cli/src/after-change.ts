import type { ApiClient } from "./api-client.ts";
import type { ChangeAnswer } from "./api-types.ts";
import type { CommandContext } from "./command-context.ts";
import { followSwitch } from "./follow-switch.ts";
import { waitForProxies } from "./wait-for-proxies.ts";

export interface AfterOptions {
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  readonly prepare?: boolean;
}

/** Waits for what was asked: the end of a switch, or the proxies. @throws CommandFailed when it did not go well */
export async function afterChange(
  context: CommandContext,
  client: ApiClient,
  answer: ChangeAnswer,
  { wait, dryRun, prepare }: AfterOptions,
): Promise<void> {
  if (dryRun === true) return;
  if (answer.switch !== undefined && answer.switch !== null)
    return followSwitch(context, client, answer.switch);
  if (prepare === true && answer.revision !== null)
    context.terminal.err(`@${answer.revision}: no cluster changes, so nothing was to be prepared\n`);
  if (wait === true) await waitForProxies(context, client, answer.revision);
}
