import { type Command, Option } from "commander";
import type { StatusAnswer } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { formatTable } from "../output/table.ts";
import { toYaml } from "../output/yaml.ts";
import { paint } from "../terminal.ts";
import { switchLine } from "./switch.ts";

/** Problems in the table; `-o` gives all. */
const problemsShownMax = 20;

interface StatusOptions extends ServerOption {
  readonly output?: "yaml" | "json";
}

export function addStatus(program: Command, context: CommandContext): void {
  program
    .command("status")
    .summary("how everything is: revisions, Gateways, proxies, problems")
    .description(
      "Shows how everything is: the newest revision, each Gateway with its proxies, and what is wrong.",
    )
    .addOption(new Option("-o, --output <format>", "for programs").choices(["yaml", "json"]))
    .addHelpText(
      "after",
      "\nExamples:\n  routeledger status\n  routeledger get httproute shop -o yaml    one object's whole status",
    )
    .action((_, command: Command) => status(context, command.optsWithGlobals<StatusOptions>()));
}

async function status(context: CommandContext, options: StatusOptions): Promise<void> {
  const { terminal } = context;
  const answer = (await apiClient(context, options).call({
    method: "GET",
    path: "/v1/status",
  })) as unknown as StatusAnswer;
  if (options.output === "json") return terminal.out(`${JSON.stringify(answer, null, 4)}\n`);
  if (options.output === "yaml") return terminal.out(toYaml(answer));
  terminal.out(`Head: @${answer.head}, published: @${answer.published}\n`);
  if (answer.switch !== undefined) terminal.out(`${switchLine(answer.switch)}\n`);
  if (answer.gateways.length > 0) {
    const rows = answer.gateways.map((gateway) => [
      gateway.namespace,
      gateway.name,
      gateway.programmed,
      String(gateway.routes),
      `${gateway.acknowledged}/${gateway.proxies}`,
    ]);
    terminal.out(`\n${formatTable(["NAMESPACE", "GATEWAY", "PROGRAMMED", "ROUTES", "PROXIES"], rows)}`);
  }
  if (answer.problems.length === 0) return terminal.out(`\n${paint(terminal, "green", "No problems.")}\n`);
  const rows = answer.problems
    .slice(0, problemsShownMax)
    .map(({ ref, where, condition, reason, message }) => [
      `${ref.kind} ${ref.namespace === "" ? "" : `${ref.namespace}/`}${ref.name}`,
      where ?? "",
      condition,
      reason,
      message,
    ]);
  terminal.out(`\n${formatTable(["OBJECT", "WHERE", "CONDITION", "REASON", "MESSAGE"], rows)}`);
  const more = answer.problems.length - problemsShownMax;
  if (more > 0) terminal.out(`and ${more} more; all of them: routeledger status -o yaml\n`);
}
