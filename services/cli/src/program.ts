import { assert } from "@routeledger/std";
import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { addApply } from "./commands/apply.ts";
import { addBootstrap } from "./commands/bootstrap.ts";
import { addDelete } from "./commands/delete.ts";
import { addDev, type StartDev } from "./commands/dev.ts";
import { addDiff } from "./commands/diff.ts";
import { addDoctor, type DoctorParts } from "./commands/doctor.ts";
import { addGet } from "./commands/get.ts";
import { addLog } from "./commands/log.ts";
import { type AdoptParts, addLogAdopt } from "./commands/log-adopt.ts";
import { addLogCopy, type CopyFolderToNats } from "./commands/log-copy.ts";
import { addLogCreate, type CreateNatsLogs } from "./commands/log-create.ts";
import { addProxies } from "./commands/proxies.ts";
import { addProxy } from "./commands/proxy.ts";
import { addReplay, type ReplayParts } from "./commands/replay.ts";
import { addSecrets } from "./commands/secrets.ts";
import {
  addServices,
  type RunService,
  type ServiceHelp,
  serviceCommand,
  serviceHelpText,
} from "./commands/services.ts";
import { addShow } from "./commands/show.ts";
import { addStatus } from "./commands/status.ts";
import { addSwitch } from "./commands/switch.ts";

/** What only `main.ts` may name: what opens adapters. */
export interface ProgramParts extends ReplayParts, AdoptParts, DoctorParts {
  readonly startDev: StartDev;
  readonly createNatsLogs: CreateNatsLogs;
  readonly copyFolderToNats: CopyFolderToNats;
  readonly runService: RunService;
  readonly serviceHelp: ServiceHelp;
}

/**
 * Runs one command line. Returns the exit code: 0, or 1 for a line that cannot be understood, as kubectl's; of a
 * service, its own.
 * @throws CommandFailed when the command has already said what failed, Failure when it has not
 */
export async function runProgram(
  context: CommandContext,
  parts: ProgramParts,
  args: readonly string[],
): Promise<number> {
  const service = serviceCommand(args);
  if (service?.args.some((flag) => flag === "--help" || flag === "-h")) {
    context.terminal.out(serviceHelpText(service.name, await parts.serviceHelp(service.name)));
    return 0;
  }
  if (service !== undefined) return parts.runService(context, service.name, service.args);
  try {
    await program(context, parts).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 1;
  }
}

function program(context: CommandContext, parts: ProgramParts): Command {
  const { terminal } = context;
  const root = new Command("routeledger")
    .description("A control plane for Envoy whose source of truth is a log of configuration events.")
    .option("-s, --server <url>", "where the api is; else ROUTELEDGER_SERVER, else http://127.0.0.1:7480")
    .option(
      "--token-file <file>",
      "holds your token; else ROUTELEDGER_TOKEN_FILE, else ROUTELEDGER_TOKEN is it",
    )
    .option(
      "--ca-file <file>",
      "certificates to believe the api by; else ROUTELEDGER_CA_FILE, else the usual",
    )
    .helpOption("-h, --help", "show help, with examples")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHasColors: () => terminal.colour,
      getErrHasColors: () => false,
    })
    .showHelpAfterError("See 'routeledger --help'.")
    .showSuggestionAfterError()
    .addHelpText("after", help);
  for (const add of [addApply, addDelete, addGet, addStatus, addLog, addShow, addDiff, addProxies, addProxy])
    add(root, context);
  addLogCreate(logOf(root), context, parts.createNatsLogs);
  addLogAdopt(logOf(root), context, parts);
  addLogCopy(logOf(root), context, parts.copyFolderToNats);
  addSwitch(root, context);
  addReplay(root, context, parts);
  addSecrets(root, context);
  addBootstrap(root, context);
  addDoctor(root, context, parts);
  addDev(root, context, parts.startDev);
  addServices(root);
  for (const command of root.commands) inherit(root, command, "routeledger");
  return root;
}

/** Subcommands of `log` write the log; `log` itself shows it. */
function logOf(root: Command): Command {
  const log = root.commands.find((command) => command.name() === "log");
  assert(log !== undefined, "a command log");
  return log;
}

function inherit(parent: Command, command: Command, path: string): void {
  const name = `${path} ${command.name()}`;
  command.exitOverride().copyInheritedSettings(parent).showHelpAfterError(`See '${name} --help'.`);
  for (const child of command.commands) inherit(command, child, name);
}

const help = `
Moments: @412 and @1.412 are revisions, @head is the newest, @-2 is two before it; A..B is a range.

Examples:
  routeledger dev --watch config/          everything on this machine, with an Envoy for each Gateway
  routeledger apply -f shop.yaml --wait    change something, return when the proxies have it
  routeledger log                          what changed, who changed it
  routeledger diff @-1 @head               the last change: objects, and the xDS that they became
  routeledger proxies                      what each proxy should have, was sent, has and refused`;
