import { type Command, Option } from "commander";
import type { DiffAnswer } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption, usageError } from "../command-context.ts";
import { differences } from "../output/change-summary.ts";
import { toYaml } from "../output/yaml.ts";
import { withProgress } from "../progress.ts";

interface DiffOptions extends ServerOption {
  readonly xds?: boolean;
  readonly output?: "yaml" | "json";
}

export function addDiff(program: Command, context: CommandContext): void {
  program
    .command("diff")
    .summary("what differs between two moments: objects, and xDS")
    .description("Shows what differs between two moments: the objects, and the xDS that they became.")
    .argument("<a>", "a moment, or a range A..B")
    .argument("[b]", "a moment; @head when left out")
    .option("--xds", "the whole difference of each xDS resource, not only its name")
    .addOption(new Option("-o, --output <format>", "for programs").choices(["yaml", "json"]))
    .addHelpText(
      "after",
      `
Examples:
  routeledger diff @-1 @head          the last event
  routeledger diff @400..@412 --xds
  routeledger diff @2026-11-21T10:00:00Z @head`,
    )
    .action((a: string, b: string | undefined, _, command: Command) =>
      diff(context, moments(a, b), command.optsWithGlobals<DiffOptions>()),
    );
}

function moments(a: string, b: string | undefined): { a: string; b: string } {
  const range = a.split("..");
  if (range.length === 1) return { a, b: b ?? "@head" };
  if (b !== undefined || range.length > 2) throw usageError("give two moments A B, or one range A..B");
  return { a: range[0] || "@1", b: range[1] || "@head" };
}

async function diff(
  context: CommandContext,
  query: { a: string; b: string },
  options: DiffOptions,
): Promise<void> {
  const { terminal } = context;
  const client = apiClient(context, options);
  const answer = (await withProgress(context, "comparing", () =>
    client.call({ method: "GET", path: "/v1/diff", query }),
  )) as unknown as DiffAnswer;
  if (options.output === "json") return terminal.out(`${JSON.stringify(answer, null, 4)}\n`);
  if (options.output === "yaml") return terminal.out(toYaml(answer));
  terminal.out(differences(terminal, answer, options.xds === true));
}
