import type { JsonObject } from "@routeledger/std";
import { Failure } from "@routeledger/std";
import { type Command, Option } from "commander";
import type { ApiClient } from "../api-client.ts";
import {
  apiClient,
  type CommandContext,
  CommandFailed,
  type ServerOption,
  usageError,
} from "../command-context.ts";
import { type NamedKind, parseObjectArguments, resourceName } from "../object-names.ts";
import { columnsOf } from "../output/object-columns.ts";
import { formatTable } from "../output/table.ts";
import { toYaml } from "../output/yaml.ts";

interface GetOptions extends ServerOption {
  readonly namespace: string;
  readonly allNamespaces?: boolean;
  readonly output?: "yaml" | "json" | "name" | "wide";
  readonly at?: string;
  readonly ignoreNotFound?: boolean;
}

export function addGet(program: Command, context: CommandContext): void {
  program
    .command("get")
    .summary("show objects, now or at any moment")
    .description("Shows objects, with their status, now or as they were at a moment.")
    .argument("<object...>", "KIND, KIND NAME..., KIND/NAME ... or KIND,KIND")
    .option("-n, --namespace <namespace>", "where the objects are", "default")
    .option("-A, --all-namespaces", "in every namespace")
    .addOption(
      new Option("-o, --output <format>", "for programs, or wider").choices(["yaml", "json", "name", "wide"]),
    )
    .option("--at <moment>", "@412, @1.412, @head, @-2 or @2026-11-21T10:00:00Z")
    .option("--ignore-not-found", "an object that is not there is no error")
    .addHelpText(
      "after",
      `
Examples:
  routeledger get httproutes -A
  routeledger get httproute shop -o yaml
  routeledger get gateways,httproutes --at @-1    as it was before the last event`,
    )
    .action((words: string[], _, command: Command) =>
      get(context, words, command.optsWithGlobals<GetOptions>()),
    );
}

interface Found {
  readonly objects: readonly JsonObject[];
  readonly missing: readonly string[];
}

async function get(context: CommandContext, words: readonly string[], options: GetOptions): Promise<void> {
  const client = apiClient(context, options);
  const named = parseObjectArguments(words);
  if (options.allNamespaces === true && named.some(({ names }) => names.length > 0)) {
    throw usageError("a resource cannot be retrieved by name across all namespaces");
  }
  const groups: Found[] = [];
  for (const kind of named) groups.push(await fetchObjects(client, kind, options));
  const all = groups.flatMap(({ objects }) => objects);
  const missing = groups.flatMap((group) => group.missing);
  const single = named.length === 1 && named[0]?.names.length === 1;
  if (all.length > 0 || options.output === "yaml" || options.output === "json") {
    if (all.length > 0 || missing.length === 0) write(context, all, options, single);
  } else if (missing.length === 0) {
    const where = options.allNamespaces === true ? "" : ` in ${options.namespace} namespace`;
    context.terminal.err(`No resources found${where}.\n`);
  }
  for (const message of missing) context.terminal.err(`Error from server (NotFound): ${message}\n`);
  if (missing.length > 0) throw new CommandFailed("not found");
}

async function fetchObjects(
  client: ApiClient,
  { kind, names }: NamedKind,
  options: GetOptions,
): Promise<Found> {
  const path = `/v1/objects/${encodeURIComponent(kind)}`;
  if (names.length === 0) {
    const namespace = options.allNamespaces === true ? undefined : options.namespace;
    const answer = await client.call({ method: "GET", path, query: { namespace, at: options.at } });
    return { objects: (answer.items ?? []) as JsonObject[], missing: [] };
  }
  const objects: JsonObject[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const one = `${path}/${encodeURIComponent(options.namespace)}/${encodeURIComponent(name)}`;
    try {
      objects.push(await client.call({ method: "GET", path: one, query: { at: options.at } }));
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "notFound") throw error;
      if (options.ignoreNotFound !== true) missing.push(error.message);
    }
  }
  return { objects, missing };
}

function write(
  context: CommandContext,
  objects: readonly JsonObject[],
  options: GetOptions,
  single: boolean,
): void {
  const { terminal } = context;
  const whole =
    single && objects[0] !== undefined ? objects[0] : { apiVersion: "v1", items: [...objects], kind: "List" };
  if (options.output === "json") terminal.out(`${JSON.stringify(whole, null, 4)}\n`);
  else if (options.output === "yaml") terminal.out(toYaml(whole, { sorted: true }));
  else if (options.output === "name")
    for (const object of objects) terminal.out(`${resourceName(refOf(object))}\n`);
  else writeTables(context, objects, options);
}

function writeTables(context: CommandContext, objects: readonly JsonObject[], options: GetOptions): void {
  const byKind = Map.groupBy(objects, (object) => String(object.kind));
  let first = true;
  for (const [kind, ofKind] of byKind) {
    const columns = columnsOf(kind).filter((column) => column.wide !== true || options.output === "wide");
    const heads = columns.map(({ head }) => head);
    const nowMs = context.clock.wallMs();
    const rows = ofKind.map((object) => {
      const cells = columns.map(({ cell }) => cell(object, nowMs));
      if (byKind.size > 1) cells[0] = resourceName(refOf(object));
      return options.allNamespaces === true ? [refOf(object).namespace, ...cells] : cells;
    });
    if (!first) context.terminal.out("\n");
    first = false;
    context.terminal.out(formatTable(options.allNamespaces === true ? ["NAMESPACE", ...heads] : heads, rows));
  }
}

function refOf(object: JsonObject): { group: string; kind: string; namespace: string; name: string } {
  const apiVersion = String(object.apiVersion ?? "");
  const metadata = (object.metadata ?? {}) as JsonObject;
  return {
    group: apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "",
    kind: String(object.kind ?? ""),
    namespace: String(metadata.namespace ?? ""),
    name: String(metadata.name ?? ""),
  };
}
