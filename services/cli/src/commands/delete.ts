import type { JsonValue } from "@routeledger/std";
import type { Command } from "commander";
import { afterChange } from "../after-change.ts";
import type { ChangeAnswer } from "../api-types.ts";
import {
  actorOf,
  apiClient,
  type CommandContext,
  CommandFailed,
  type ServerOption,
  usageError,
} from "../command-context.ts";
import { readInputs } from "../input-files.ts";
import { parseObjectArguments, resourceName } from "../object-names.ts";
import { suffixOf, writeResults } from "../output/change-results.ts";
import { addPrepareOptions, type PrepareOptions, prepareQuery } from "../prepare-options.ts";
import { withProgress } from "../progress.ts";

interface DeleteOptions extends ServerOption, PrepareOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly namespace: string;
  readonly ignoreNotFound?: boolean;
  readonly allowMassDelete?: boolean;
  readonly ifRevision?: string;
  readonly message?: string;
  readonly wait?: boolean;
}

export function addDelete(program: Command, context: CommandContext): void {
  const command = program
    .command("delete")
    .summary("take objects out, by name or by the files that named them")
    .description("Takes objects out. The log keeps them: `routeledger get --at` shows what was.")
    .argument("[object...]", "KIND NAME... or KIND/NAME ...")
    .option("-f, --filename <path...>", "the objects that these files and folders name; - is standard input")
    .option("-R, --recursive", "look for files below the folders, too")
    .option("-n, --namespace <namespace>", "where the objects are", "default")
    .option("--ignore-not-found", "an object that is not there is no error")
    .option("--allow-mass-delete", "allow one command to remove at least 10 routes and over half of them")
    .option("--if-revision <revision>", "only when the objects were not written since this revision")
    .option("-m, --message <text>", "one line for the log: why")
    .option("--wait", "wait until every connected proxy has acknowledged it, at most 30 s");
  addPrepareOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  routeledger delete httproute shop               in namespace default
  routeledger delete httproute/shop gateway/web -n store
  routeledger delete -f shop.yaml --ignore-not-found`,
    )
    .action((words: string[], _, command: Command) =>
      remove(context, words, command.optsWithGlobals<DeleteOptions>()),
    );
}

async function remove(
  context: CommandContext,
  words: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  const { terminal } = context;
  const body = await requestBody(context, words, options);
  const client = apiClient(context, options);
  const answer = await withProgress(context, "deleting", async () =>
    client.expectChange(
      await client.ask({
        method: "POST",
        path: "/v1/delete",
        query: {
          namespace: options.namespace,
          ignoreNotFound: options.ignoreNotFound,
          allowMassDelete: options.allowMassDelete,
          actor: actorOf(context),
          source: "cli",
          summary: options.message,
          ...prepareQuery(options),
        },
        headers:
          options.ifRevision === undefined ? {} : { "if-match": `"${options.ifRevision.replace(/^@/, "")}"` },
        body,
      }),
    ),
  );
  const refused = writeResults(terminal, answer, suffixOf(answer));
  const missing = options.ignoreNotFound === true ? false : writeMissing(context, answer);
  await afterChange(context, client, answer, options);
  if (refused || missing) throw new CommandFailed("not all objects were deleted");
}

async function requestBody(
  context: CommandContext,
  words: readonly string[],
  options: DeleteOptions,
): Promise<Record<string, JsonValue>> {
  if (options.filename !== undefined) {
    if (words.length > 0) throw usageError("give either -f or names of objects, not both");
    const inputs = await readInputs(options.filename, {
      recursive: options.recursive ?? false,
      readStdin: context.readStdin,
    });
    const [unreadable] = inputs.unreadable;
    if (unreadable !== undefined) throw usageError(`${unreadable.path} ${unreadable.reason}`);
    return { files: inputs.files.map(({ path, text }) => ({ path, text })) };
  }
  const named = parseObjectArguments(words);
  if (named.some(({ names }) => names.length === 0)) {
    throw usageError(
      "resource(s) were provided, but no name was specified",
      "name each object: KIND NAME or KIND/NAME",
    );
  }
  return {
    refs: named.flatMap(({ kind, names }) =>
      names.map((name) => ({ kind, namespace: options.namespace, name })),
    ),
  };
}

function writeMissing({ terminal }: CommandContext, answer: ChangeAnswer): boolean {
  const missing = answer.results.filter(({ outcome }) => outcome === "notFound");
  for (const { ref } of missing) {
    if (ref === undefined) continue;
    const [kind] = resourceName(ref).split("/");
    terminal.err(`Error from server (NotFound): ${kind} "${ref.name}" not found\n`);
  }
  return missing.length > 0;
}
