import { type Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { addNatsOptions, type NatsFlags, natsArguments } from "../nats-options.ts";

/** Makes the streams that are not there; returns the names that it made, and those that were there. @throws Failure */
export type CreateNatsLogs = (
  context: CommandContext,
  natsArgs: readonly string[],
  choices: StreamChoices,
) => Promise<{ readonly made: readonly string[]; readonly found: readonly string[] }>;

export interface StreamChoices {
  readonly replicas: 1 | 3 | 5;
  /** Of DELIVERY; the adapter's where they are absent. */
  readonly deliveryBytesMax?: number;
  readonly deliveryAgeMaxMs?: number;
}

interface CreateOptions extends NatsFlags {
  readonly replicas: "1" | "3" | "5";
  readonly deliveryMib?: number;
  readonly deliveryHours?: number;
}

const bytesPerMib = 1024 ** 2;
const msPerHour = 3_600_000;

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
    .option("--delivery-mib <mib>", "DELIVERY forgets what is beyond; else 1024", positive)
    .option("--delivery-hours <hours>", "DELIVERY forgets what is older; else 168", positive)
    .addHelpText(
      "after",
      "\nExamples:\n  routeledger log create\n  routeledger log create --nats-url nats://10.0.0.5:4222 --replicas 3",
    )
    .action(async (_, self: Command) => {
      const choices = choicesOf(self.optsWithGlobals<CreateOptions>());
      const { made, found } = await create(
        context,
        natsArguments(self.optsWithGlobals<NatsFlags>()),
        choices,
      );
      const { terminal } = context;
      for (const name of made) terminal.out(`stream ${name}: created, ${choices.replicas} replica(s)\n`);
      for (const name of found) terminal.out(`stream ${name}: was there, left as it is\n`);
    });
}

function choicesOf({ replicas, deliveryMib, deliveryHours }: CreateOptions): StreamChoices {
  return {
    replicas: Number(replicas) as 1 | 3 | 5,
    ...(deliveryMib !== undefined && { deliveryBytesMax: deliveryMib * bytesPerMib }),
    ...(deliveryHours !== undefined && { deliveryAgeMaxMs: deliveryHours * msPerHour }),
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("expected a whole number above 0");
}
