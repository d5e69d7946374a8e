import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { LedgerCopied } from "../copy-ledger.ts";
import { addNatsOptions, type NatsFlags, natsArguments } from "../nats-options.ts";
import { withProgress } from "../progress.ts";

/** Copies the logs of a data folder, on which no `dev` runs, to NATS. @throws Failure */
export type CopyFolderToNats = (
  context: CommandContext,
  dataFolder: string,
  natsArgs: readonly string[],
) => Promise<LedgerCopied[]>;

interface CopyOptions extends NatsFlags {
  readonly data: string;
}

/** Adds `copy` to the command `log`. */
export function addLogCopy(log: Command, context: CommandContext, copy: CopyFolderToNats): void {
  const command = log
    .command("copy")
    .summary("move from one machine to NATS: copy a data folder's logs and go on there")
    .description(
      "Copies the logs of a data folder byte for byte into the streams on NATS, which `log create` has made and which " +
        "are empty, and adopts them there. Every revision keeps its number, its bytes and its hash. Run it while no " +
        "service runs on either; one that was broken off goes on.",
    )
    .requiredOption("--data <dir>", "the data folder, on which no dev runs");
  addNatsOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  routeledger log create && routeledger log copy --data .routeledger`,
    )
    .action(async (_, self: Command) => {
      const options = self.optsWithGlobals<CopyOptions>();
      const copied = await withProgress(context, "copying the logs", () =>
        copy(context, options.data, natsArguments(options)),
      );
      for (const { log: name, messages } of copied) {
        const what =
          messages === undefined ? "not copied, its beginning is gone" : `${messages} message(s) copied`;
        context.terminal.out(`${name}: ${what}; adopted\n`);
      }
    });
}
