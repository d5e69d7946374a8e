import { type Command, Option } from "commander";
import type { ProxiesAnswer, ProxyEntry } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { ageOf } from "../output/age.ts";
import { rejectionLines, waitsCell } from "../output/proxy-lines.ts";
import { formatTable } from "../output/table.ts";
import { toYaml } from "../output/yaml.ts";

interface ProxiesOptions extends ServerOption {
  readonly output?: "yaml" | "json" | "wide";
}

export function addProxies(program: Command, context: CommandContext): void {
  program
    .command("proxies")
    .summary("each proxy: where it is connected, and whether it has all that it should have")
    .description(
      "Shows each proxy: its Gateway, its edge, and its state. `current` has all that it should have, `behind` not yet, " +
        "`waiting` is not sent all yet, `rejected` refused something.",
    )
    .argument("[node]", "only this proxy; `routeledger proxy NODE` tells all of it")
    .addOption(
      new Option("-o, --output <format>", "for programs, or by type").choices(["yaml", "json", "wide"]),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  routeledger proxies\n  routeledger proxies -o wide    what each was sent, has and refused, by type\n" +
        "  routeledger proxies -o json",
    )
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
  terminal.out(options.output === "wide" ? typeTable(entries, nowMs) : proxyTable(entries, nowMs));
  for (const proxy of entries) {
    for (const line of rejectionLines(proxy, nowMs)) terminal.out(`\n${proxy.node} ${line}\n`);
  }
}

function proxyTable(entries: readonly ProxyEntry[], nowMs: number): string {
  const heads = ["NODE", "GATEWAY", "EDGE", "PROTOCOL", "CONNECTED", "STATE", "WAITS FOR"];
  return formatTable(
    heads,
    entries.map((proxy) => [
      ...[proxy.node, proxy.nodeGroup, proxy.edge, proxy.protocol || "-", connectedCell(proxy, nowMs)],
      ...[proxy.state, waitsCell(proxy.waits, nowMs)],
    ]),
  );
}

function typeTable(entries: readonly ProxyEntry[], nowMs: number): string {
  const heads = ["NODE", "GATEWAY", "CONNECTED", "STATE", "TYPE", "WANTED", "SENT", "ACKED", "REJECTED"];
  const rows = entries.flatMap((proxy) => {
    const head = [proxy.node, proxy.nodeGroup, connectedCell(proxy, nowMs), proxy.state];
    if (proxy.types.length === 0) return [[...head, "-", "-", "-", "-", "-"]];
    return proxy.types.map(({ type, wanted, sent, acked, rejected }) => [
      ...head,
      ...[type, wanted || "-", sent || "-", acked || "-", rejected?.version || "-"],
    ]);
  });
  return formatTable(heads, rows);
}

function connectedCell({ connected, since }: ProxyEntry, nowMs: number): string {
  return `${connected ? "yes" : "no"}, ${ageOf(since, nowMs)}`;
}
