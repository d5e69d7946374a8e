import { type Command, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addNatsOptions, type NatsFlags, natsArguments } from "../nats-options.ts";

/** Makes the streams that are not there; returns the names that it made, and those that were there. @throws Failure */
export type CreateNatsLogs = (
  context: CommandContext,
  natsArgs: readonly string[],
  replicas: 1 | 3 | 5,
) => Promise<{ readonly made: readonly string[]; readonly found: readonly string[] }>;

interface CreateOptions extends NatsFlags {
  readonly replicas: "1" | "3" | "5";
}

/** Adds `create` to the command `log`. */
export function addLogCreate(log: Command, context: CommandContext, create: CreateNatsLogs): void {
  const command = log
    .command("create")
    .summary("make the streams CONFIG, XDS and DELIVERY on NATS")
    .description("Makes the streams on NATS that are not there yet. What is there stays as it is.");
  addNatsOptions(command)
    .addOption(
      new Option("--replicas <count>", "servers that keep each message")
        .choices(["1", "3", "5"])
        .default("1"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  routeledger log create\n  routeledger log create --nats-url nats://10.0.0.5:4222 --replicas 3",
    )
    .action(async (_, self: Command) => {
      const options = self.optsWithGlobals<CreateOptions>();
      const replicas = Number(options.replicas) as 1 | 3 | 5;
      const { made, found } = await create(context, natsArguments(options), replicas);
      const { terminal } = context;
      for (const name of made) terminal.out(`stream ${name}: created, ${replicas} replica(s)\n`);
      for (const name of found) terminal.out(`stream ${name}: was there\n`);
    });
}
