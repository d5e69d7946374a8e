import { type Command, InvalidArgumentError, Option } from "commander";
import type { LogAnswer, LogEvent } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { changeSummary } from "../output/change-summary.ts";
import { toYaml } from "../output/yaml.ts";
import { paint, type Terminal } from "../terminal.ts";

interface LogOptions extends ServerOption {
  readonly limit: number;
  readonly oneline?: boolean;
  readonly all?: boolean;
  readonly kind?: string;
  readonly object?: string;
  readonly namespace?: string;
  readonly output?: "yaml" | "json";
}

export function addLog(program: Command, context: CommandContext): void {
  program
    .command("log")
    .summary("what changed, who changed it, newest first")
    .description("Shows the events of the CONFIG log, newest first.")
    .argument("[range]", "A..B, such as @400..@head; all when left out")
    .addOption(
      new Option("-l, --limit <count>", "at most so many events")
        .default(50)
        .argParser((text) => positive(text)),
    )
    .option("--oneline", "one line an event")
    .option("--all", "the translator's own events, too: terms, checkpoints")
    .option("--object <object>", "only events that touch it: KIND/NAME, or KIND")
    .option("-n, --namespace <namespace>", "of --object")
    .addOption(new Option("-o, --output <format>", "for programs").choices(["yaml", "json"]))
    .addHelpText(
      "after",
      `
Examples:
  routeledger log --oneline
  routeledger log @-5..@head
  routeledger log --object httproute/shop        the history of one object`,
    )
    .action((range: string | undefined, _, command: Command) =>
      log(context, range, command.optsWithGlobals<LogOptions>()),
    );
}

async function log(context: CommandContext, range: string | undefined, options: LogOptions): Promise<void> {
  const { terminal } = context;
  const client = apiClient(context, options);
  const { object, namespace, limit, all } = options;
  const query = { range, limit, object, namespace, all };
  const answer = (await client.call({ method: "GET", path: "/v1/log", query })) as unknown as LogAnswer;
  if (options.output === "json") terminal.out(`${JSON.stringify(answer.events, null, 4)}\n`);
  else if (options.output === "yaml") terminal.out(toYaml(answer.events));
  else {
    const write = options.oneline === true ? oneLine : paragraph;
    terminal.out(
      answer.events.map((event) => write(terminal, event)).join(options.oneline === true ? "" : "\n"),
    );
  }
}

function oneLine(terminal: Terminal, event: LogEvent): string {
  const summary = event.summary === "" ? event.kind : event.summary;
  return `${paint(terminal, "yellow", `@${event.revision}`)} ${summary}\n`;
}

function paragraph(terminal: Terminal, event: LogEvent): string {
  return `${eventHead(terminal, event)}\n${changeSummary(terminal, event)}`;
}

/** The lines above an event, as git's. */
export function eventHead(terminal: Terminal, event: LogEvent): string {
  const source = event.source === "" ? "" : ` (${event.source})`;
  return (
    `${paint(terminal, "yellow", `event @${event.revision}`)} ${event.kind}\n` +
    `Actor: ${event.actor === "" ? "unknown" : event.actor}${source}\n` +
    `Date:  ${event.time}\n` +
    (event.summary === "" ? "" : `\n    ${event.summary.split("\n").join("\n    ")}\n`)
  );
}

function positive(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("expected a whole number above 0");
}
