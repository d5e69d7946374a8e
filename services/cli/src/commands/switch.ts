import type { Command } from "commander";
import type { OpenSwitchAnswer } from "../api-types.ts";
import { actorOf, apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { kindName } from "../object-names.ts";
import { formatTable } from "../output/table.ts";

interface SwitchOptions extends ServerOption {
  readonly message?: string;
}

export function addSwitch(program: Command, context: CommandContext): void {
  const command = program
    .command("switch")
    .summary("the prepared switch that is under way; `switch revert` lets it go back")
    .description(
      "Shows the switch that an `apply --prepare` began and that is under way: how far it is, and what it waits for.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  routeledger switch\n  routeledger switch revert -m 'wrong certificate'",
    )
    .action((_, self: Command) => show(context, self.optsWithGlobals<SwitchOptions>()));
  command
    .command("revert")
    .summary("let it go back")
    .description("Lets the switch that is under way go back: after its turn, too, while it is watched.")
    .option("-m, --message <text>", "why, for the log")
    .action((_, self: Command) => revert(context, self.optsWithGlobals<SwitchOptions>()));
}

async function show(context: CommandContext, options: SwitchOptions): Promise<void> {
  const answer = await apiClient(context, options).call({ method: "GET", path: "/v1/switch" });
  const open = answer.switch as unknown as OpenSwitchAnswer | null;
  if (open === null) return context.terminal.out("No switch is under way.\n");
  context.terminal.out(`${switchLine(open)}\n`);
  const objects = open.objects.map((ref) => `${kindName(ref)} ${ref.namespace}/${ref.name}`);
  context.terminal.out(`Changes:  ${objects.join(", ")}\nGateways: ${open.nodeGroups.join(", ")}\n\n`);
  const rows = open.clusters.map(({ name, replaces, tried }) => [
    name,
    replaces ?? "new",
    tried ? "yes" : "no",
  ]);
  context.terminal.out(formatTable(["CLUSTER", "REPLACES", "TRIED"], rows));
}

/** One line of how far an open switch is. */
export function switchLine({ prepared, phase, since, waitsFor }: OpenSwitchAnswer): string {
  return `Switch @${prepared}: ${phase} since ${since}, ${waitsFor ?? "goes on"}`;
}

async function revert(context: CommandContext, options: SwitchOptions): Promise<void> {
  const answer = await apiClient(context, options).call({
    method: "POST",
    path: "/v1/switch/revert",
    query: { actor: actorOf(context), source: "cli", reason: options.message },
  });
  context.terminal.out(`@${String(answer.revision)}: the switch went back\n`);
}
