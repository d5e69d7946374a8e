import { type Command, Option } from "commander";
import {
  apiClient,
  type CommandContext,
  CommandFailed,
  type ServerOption,
  usageError,
} from "../command-context.ts";
import { addNatsOptions, type NatsFlags, natsArguments } from "../nats-options.ts";
import { formatTable } from "../output/table.ts";
import { withProgress } from "../progress.ts";
import { paint } from "../terminal.ts";

/** What a replay found. Sequences are those of CONFIG. */
export interface ReplayCheck {
  readonly from: number;
  readonly to: number;
  readonly compared: number;
  readonly otherVersions: readonly { readonly from: number; readonly to: number; readonly version: number }[];
  readonly lost: readonly { readonly from: number; readonly to: number }[];
  readonly differences: readonly { readonly sequence: number; readonly message: string }[];
}

/** Replays the logs of a data folder that no `dev` has open. */
export type ReplayFolder = (dataFolder: string) => Promise<ReplayCheck>;

/** Replays the logs on NATS, whoever else uses them. @throws Failure `nats.*`, `log.*` */
export type ReplayNats = (context: CommandContext, natsArgs: readonly string[]) => Promise<ReplayCheck>;

export interface ReplayParts {
  readonly replayFolder: ReplayFolder;
  readonly replayNats: ReplayNats;
}

interface ReplayOptions extends ServerOption, NatsFlags {
  readonly check?: boolean;
  readonly data?: string;
  readonly output?: "json";
}

export function addReplay(program: Command, context: CommandContext, parts: ReplayParts): void {
  const command = program
    .command("replay")
    .summary("translate the whole log again and compare with what was served")
    .description(
      "Translates every revision of the log again and compares it, byte for byte, with what the XDS log says was " +
        "served. What a translator of another version wrote is named, not compared. Exit code 1 on a difference.",
    )
    .option("--check", "compare (the only thing that replay does so far)")
    .option("--data <dir>", "a data folder that no dev runs on, instead of asking the api")
    .addOption(new Option("-o, --output <format>", "for programs").choices(["json"]))
    .addHelpText(
      "after",
      `
With --nats-url the logs on NATS are read here, without the api.

Examples:
  routeledger replay --check
  routeledger replay --check --data .routeledger
  routeledger replay --check --nats-url nats://10.0.0.5:4222`,
    );
  addNatsOptions(command).action((_, self: Command) =>
    replay(context, parts, self.optsWithGlobals<ReplayOptions>()),
  );
}

async function replay(context: CommandContext, parts: ReplayParts, options: ReplayOptions): Promise<void> {
  if (options.check !== true)
    throw usageError("say --check: replay compares, and has nothing else to do yet");
  const { terminal } = context;
  const result = await withProgress(context, "replaying the log", async () => {
    if (options.data !== undefined) return parts.replayFolder(options.data);
    if (options.natsUrl !== undefined) return parts.replayNats(context, natsArguments(options));
    const answer = await apiClient(context, options).call({
      method: "POST",
      path: "/v1/replay/check",
      body: {},
    });
    return answer as unknown as ReplayCheck;
  });
  if (options.output === "json") terminal.out(`${JSON.stringify(result, null, 4)}\n`);
  else write(context, result);
  if (result.differences.length > 0) throw new CommandFailed("the replay differs");
}

function write(
  { terminal }: CommandContext,
  { from: compareFrom, to, compared, otherVersions, lost, differences }: ReplayCheck,
): void {
  if (compareFrom > 1) terminal.out(`up to @${compareFrom - 1}: purged, taken from the oldest checkpoints\n`);
  for (const { from, to: last, version } of otherVersions) {
    terminal.out(`@${from}..@${last}: written by translator version ${version}, not compared\n`);
  }
  for (const { from, to: last } of lost) {
    terminal.out(`@${from}..@${last}: lost from CONFIG before it was adopted, not compared\n`);
  }
  if (differences.length > 0) {
    const rows = differences.map(({ sequence, message }) => [`@${sequence}`, message]);
    terminal.out(formatTable(["REVISION", "DIFFERENCE"], rows));
    terminal.err(`error: replay up to @${to}: ${differences.length} difference(s) from what was served\n`);
    return;
  }
  const equal = paint(terminal, "green", "equal");
  terminal.out(`replayed ${compared} revisions up to @${to}: ${equal}, byte for byte, to what was served\n`);
}
