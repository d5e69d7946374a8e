import type { Command } from "commander";
import { afterChange } from "../after-change.ts";
import type { ApiClient } from "../api-client.ts";
import type { ChangeAnswer, ObjectResult } from "../api-types.ts";
import {
  actorOf,
  apiClient,
  type CommandContext,
  CommandFailed,
  type ServerOption,
  usageError,
} from "../command-context.ts";
import { type Inputs, readInputs } from "../input-files.ts";
import { resourceName } from "../object-names.ts";
import { authored } from "../output/authored.ts";
import { suffixOf, writeResults } from "../output/change-results.ts";
import { unifiedDiff } from "../output/unified-diff.ts";
import { addPrepareOptions, type PrepareOptions, prepareQuery } from "../prepare-options.ts";
import { withProgress } from "../progress.ts";

interface ApplyOptions extends ServerOption, PrepareOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly atomic?: boolean;
  readonly ifRevision?: string;
  readonly message?: string;
  readonly allowMassDelete?: boolean;
}

export function addApply(program: Command, context: CommandContext): void {
  const command = program
    .command("apply")
    .summary("put objects into the log, from files, folders or standard input")
    .description(
      "Puts objects into the log. An apply is one event of all its valid objects; what is refused is listed " +
        "with file, document, object and field, and makes the exit code 1. An equal object is unchanged.",
    )
    .option("-f, --filename <path...>", "files or folders of YAML or JSON; - is standard input")
    .option("-R, --recursive", "look for files below the folders, too")
    .option("-n, --namespace <namespace>", "for objects that name none", "default")
    .option("--dry-run", "show what would change, and change nothing")
    .option("--wait", "wait until every connected proxy has acknowledged it, at most 30 s")
    .option("--atomic", "all or nothing: one refused object refuses all")
    .option(
      "--if-revision <revision>",
      "only when the objects were not written since this revision, such as 1.412",
    )
    .option("-m, --message <text>", "one line for the log: why");
  addPrepareOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  routeledger apply -f gateway.yaml               create or replace what is in the file
  routeledger apply -f config/ --dry-run          show the difference, append nothing
  kubectl get httproute -A -o yaml | routeledger apply -f -
  routeledger apply -f shop.yaml --wait           return when the proxies have it
  routeledger apply -f tls.yaml --prepare --watch-errors 1%   no moment without a warm cluster`,
    )
    .action((_, command: Command) => apply(context, command.optsWithGlobals<ApplyOptions>()));
}

async function apply(context: CommandContext, options: ApplyOptions): Promise<void> {
  if (options.filename === undefined)
    throw usageError("must specify -f: a file, a folder, or - for standard input");
  const { terminal } = context;
  const inputs = await readInputs(options.filename, {
    recursive: options.recursive ?? false,
    readStdin: context.readStdin,
  });
  const client = apiClient(context, options);
  const answer = await withProgress(context, "applying", () => send(context, client, inputs, options));
  if (options.dryRun === true) writeDifference(context, answer);
  const refused = writeResults(terminal, answer, suffixOf(answer, options.dryRun));
  await afterChange(context, client, answer, options);
  if (refused) throw new CommandFailed("some objects were refused");
}

async function send(
  context: CommandContext,
  client: ApiClient,
  inputs: Inputs,
  options: ApplyOptions,
): Promise<ChangeAnswer> {
  const refused: ObjectResult[] = inputs.unreadable.map(({ path, reason }) => ({
    file: path,
    outcome: "refused",
    errors: [{ file: path, message: reason }],
  }));
  if (inputs.files.length === 0 || (options.atomic === true && refused.length > 0)) {
    return { revision: null, time: null, results: refused };
  }
  const answer = await client.ask({
    method: "POST",
    path: "/v1/apply",
    query: {
      dryRun: options.dryRun,
      atomic: options.atomic,
      namespace: options.namespace,
      actor: actorOf(context),
      source: "cli",
      summary: options.message,
      ...prepareQuery(options),
    },
    headers:
      options.ifRevision === undefined ? {} : { "if-match": `"${options.ifRevision.replace(/^@/, "")}"` },
    body: { files: inputs.files.map(({ path, text }) => ({ path, text })) },
  });
  const changed = client.expectChange(answer);
  return { ...changed, results: [...refused, ...changed.results] };
}

function writeDifference({ terminal }: CommandContext, answer: ChangeAnswer): void {
  for (const { ref, diff } of answer.results) {
    if (ref !== undefined && diff !== undefined) {
      terminal.out(
        unifiedDiff(terminal, { name: resourceName(ref), old: authored(diff.old), new: authored(diff.new) }),
      );
    }
  }
  for (const change of answer.xds ?? []) {
    terminal.out(`xds ${change.nodeGroup}: ${change.type} ${change.name} ${change.change}\n`);
  }
}
