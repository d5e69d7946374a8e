import { type Command, Option } from "commander";
import type { ProxiesAnswer, ProxyEntry } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { ageOf } from "../output/age.ts";
import { formatTable } from "../output/table.ts";
import { toYaml } from "../output/yaml.ts";

interface ProxiesOptions extends ServerOption {
  readonly output?: "yaml" | "json";
}

export function addProxies(program: Command, context: CommandContext): void {
  program
    .command("proxies")
    .summary("what each proxy should have, was sent, has and refused")
    .description(
      "Shows for each proxy and type what it should have (wanted), was sent, acknowledged and rejected.",
    )
    .argument("[node]", "only this proxy")
    .addOption(new Option("-o, --output <format>", "for programs").choices(["yaml", "json"]))
    .addHelpText("after", "\nExamples:\n  routeledger proxies\n  routeledger proxies -o json")
    .action((node: string | undefined, _, command: Command) =>
      proxies(context, node, command.optsWithGlobals<ProxiesOptions>()),
    );
}

async function proxies(
  context: CommandContext,
  node: string | undefined,
  options: ProxiesOptions,
): Promise<void> {
  const { terminal } = context;
  const client = apiClient(context, options);
  const path = node === undefined ? "/v1/proxies" : `/v1/proxies/${encodeURIComponent(node)}`;
  const answer = await client.call({ method: "GET", path });
  if (options.output === "json") return terminal.out(`${JSON.stringify(answer, null, 4)}\n`);
  if (options.output === "yaml") return terminal.out(toYaml(answer));
  const entries =
    node === undefined ? (answer as unknown as ProxiesAnswer).proxies : [answer as unknown as ProxyEntry];
  if (entries.length === 0) return terminal.err("No proxies have connected yet.\n");
  const nowMs = context.clock.wallMs();
  const heads = ["NODE", "GATEWAY", "CONNECTED", "TYPE", "WANTED", "SENT", "ACKED", "REJECTED"];
  terminal.out(
    formatTable(
      heads,
      entries.flatMap((proxy) => rowsOf(proxy, nowMs)),
    ),
  );
  for (const proxy of entries) {
    for (const { type, rejected } of proxy.types) {
      if (rejected)
        terminal.out(`\n${proxy.node} rejected ${type} ${rejected.version}:\n    ${rejected.message}\n`);
    }
  }
}

function rowsOf(proxy: ProxyEntry, nowMs: number): string[][] {
  const connected = `${proxy.connected ? "yes" : "no"}, ${ageOf(proxy.since, nowMs)}`;
  const head = [proxy.node, proxy.nodeGroup, connected];
  if (proxy.types.length === 0) return [[...head, "-", "-", "-", "-", "-"]];
  return proxy.types.map((type) => [
    ...head,
    type.type,
    type.wanted || "-",
    type.sent || "-",
    type.acked || "-",
    type.rejected?.version || "-",
  ]);
}
