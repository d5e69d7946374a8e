import { type Command, Option } from "commander";
import type { EventAnswer } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { differences } from "../output/change-summary.ts";
import { toYaml } from "../output/yaml.ts";
import { eventHead } from "./log.ts";

interface ShowOptions extends ServerOption {
  readonly xds?: boolean;
  readonly output?: "yaml" | "json";
}

export function addShow(program: Command, context: CommandContext): void {
  program
    .command("show")
    .summary("one event: what it changed, and the xDS that it became")
    .description("Shows one event with the difference that it made to objects and to xDS.")
    .argument("[moment]", "@412, @1.412, @head or @-2", "@head")
    .option("--xds", "the whole difference of each xDS resource, not only its name")
    .addOption(new Option("-o, --output <format>", "for programs").choices(["yaml", "json"]))
    .addHelpText(
      "after",
      `
Examples:
  routeledger show                the newest event
  routeledger show @-1 --xds      the one before, with all of its xDS`,
    )
    .action((moment: string, _, command: Command) =>
      show(context, moment, command.optsWithGlobals<ShowOptions>()),
    );
}

async function show(context: CommandContext, moment: string, options: ShowOptions): Promise<void> {
  const { terminal } = context;
  const path = `/v1/events/${encodeURIComponent(moment)}`;
  const event = (await apiClient(context, options).call({ method: "GET", path })) as unknown as EventAnswer;
  if (options.output === "json") return terminal.out(`${JSON.stringify(event, null, 4)}\n`);
  if (options.output === "yaml") return terminal.out(toYaml(event));
  const body = differences(
    terminal,
    { objects: event.changes ?? [], xds: event.xds ?? [] },
    options.xds === true,
  );
  terminal.out(`${eventHead(terminal, event)}${body === "" ? "" : `\n${body}`}`);
}
