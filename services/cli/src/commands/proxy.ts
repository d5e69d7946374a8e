import { type Command, Option } from "commander";
import type { ProxyDetail } from "../api-types.ts";
import { apiClient, type CommandContext, type ServerOption } from "../command-context.ts";
import { ageOf } from "../output/age.ts";
import { gateLine, recordLine, rejectionLines } from "../output/proxy-lines.ts";
import { formatTable } from "../output/table.ts";
import { toYaml } from "../output/yaml.ts";

/** Lines of its history, and of what is held back; `-o wide` and `-o yaml` have more. */
const historyShown = 10;
const historyWide = 100;
const gatesShownMax = 20;

interface ProxyOptions extends ServerOption {
  readonly output?: "yaml" | "json" | "wide";
}

export function addProxy(program: Command, context: CommandContext): void {
  program
    .command("proxy")
    .summary("one proxy: what it should have, was sent, has and refused, and what it waits for")
    .description(
      "Shows all that is known of one proxy: by type what it should have (wanted), was sent, acknowledged and rejected; " +
        "what is held back from it and what for; what it rejected, and which objects made that; what happened last.",
    )
    .argument("<node>", "its node id; `routeledger proxies` lists them")
    .addOption(
      new Option("-o, --output <format>", "for programs, or with more history").choices([
        "yaml",
        "json",
        "wide",
      ]),
    )
    .addHelpText("after", "\nExamples:\n  routeledger proxy edge-1\n  routeledger proxy edge-1 -o yaml")
    .action((node: string, _, command: Command) =>
      proxy(context, node, command.optsWithGlobals<ProxyOptions>()),
    );
}

async function proxy(context: CommandContext, node: string, options: ProxyOptions): Promise<void> {
  const { terminal } = context;
  const isWide = options.output === "wide";
  const answer = await apiClient(context, options).call({
    method: "GET",
    path: `/v1/proxies/${encodeURIComponent(node)}`,
    query: { history: options.output === undefined ? historyShown : historyWide },
  });
  if (options.output === "json") return terminal.out(`${JSON.stringify(answer, null, 4)}\n`);
  if (options.output === "yaml") return terminal.out(toYaml(answer));
  const detail = answer as unknown as ProxyDetail;
  const nowMs = context.clock.wallMs();
  const sections = [
    headLines(detail, nowMs),
    formatTable(["TYPE", "STATE", "WANTED", "SENT", "ACKED", "REJECTED"], typeRows(detail, nowMs)),
    linesOf("Rejected", rejectionLines(detail, nowMs)),
    linesOf("Held back", heldLines(detail, nowMs, isWide)),
    linesOf(
      "History",
      detail.history.map((record) => recordLine(record, nowMs)),
    ),
  ];
  terminal.out(sections.filter((section) => section !== "").join("\n"));
}

function headLines(detail: ProxyDetail, nowMs: number): string {
  const { node, nodeGroup, state, connected, since, reason, userAgent, streams } = detail;
  const lines = [
    `Node:       ${node}`,
    `Gateway:    ${nodeGroup}`,
    `State:      ${state}`,
    `Connected:  ${connected ? "yes" : "no"}, ${ageOf(since, nowMs)}${reason === undefined ? "" : `: ${reason}`}`,
    ...(userAgent === "" ? [] : [`Client:     ${userAgent}`]),
    ...streams.map(({ edge, stream, type, protocol, peer, identity, connected: at }) => {
      const who = identity === undefined ? "" : ` as ${identity}`;
      const from = peer === "" ? "" : ` from ${peer}`;
      return `Stream:     ${edge} #${stream}, ${type ?? "all types"}, ${protocol || "-"}${from}${who}, ${ageOf(at, nowMs)}`;
    }),
  ];
  return `${lines.join("\n")}\n`;
}

function typeRows({ types, gates, rejections }: ProxyDetail, nowMs: number): string[][] {
  return types.map(({ type, wanted, sent, sentAt, acked, ackedAt, rejected, current }) => {
    const isRejected = Boolean(rejected) || rejections.some((one) => one.type === type);
    const isWaiting = gates.some((gate) => gate.reason === "addition" && gate.type === type);
    const state = isRejected ? "rejected" : isWaiting ? "waiting" : current ? "current" : "behind";
    return [
      ...[type, state, wanted || "-", versionCell(sent, sentAt, nowMs), versionCell(acked, ackedAt, nowMs)],
      versionCell(rejected?.version ?? "", rejected?.time, nowMs),
    ];
  });
}

function versionCell(version: string, at: string | undefined, nowMs: number): string {
  if (version === "") return "-";
  return at === undefined ? version : `${version} (${ageOf(at, nowMs)})`;
}

function heldLines({ gates, held }: ProxyDetail, nowMs: number, isWide: boolean): string[] {
  const shown = isWide ? gates : gates.slice(0, gatesShownMax);
  const more = held - shown.length;
  const lines = shown.map((gate) => gateLine(gate, nowMs));
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function linesOf(head: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `${head}:\n${lines.map((line) => `  ${line.replace(/\n/g, "\n  ")}\n`).join("")}`;
}
