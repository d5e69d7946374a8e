import type { Command } from "commander";
import { cacheFolder } from "../cache-folder.ts";
import { apiClient, type CommandContext, CommandFailed, type ServerOption } from "../command-context.ts";
import { envoyBinary } from "../envoy-binary.ts";
import { addNatsOptions, type NatsFlags, natsArguments } from "../nats-options.ts";
import { paint, type Terminal } from "../terminal.ts";
import { natsFindings, type ReadNatsFacts } from "./doctor-nats.ts";
import { type Finding, failedFinding } from "./finding.ts";

/** Opens an embedded log in a folder of its own, and removes it. @throws Failure when that does not work here */
export type TryEmbeddedLog = () => Promise<void>;

export interface DoctorParts {
  readonly tryEmbeddedLog: TryEmbeddedLog;
  readonly natsFacts: ReadNatsFacts;
}

type DoctorOptions = ServerOption & NatsFlags & { readonly natsMonitorUrl?: string };

export function addDoctor(program: Command, context: CommandContext, parts: DoctorParts): void {
  const command = program
    .command("doctor")
    .summary("check this machine, the server and NATS")
    .description(
      "Checks Node, Envoy, the server and what it serves; with --nats-url instead of Node and Envoy the NATS servers " +
        "and their streams. Exit code 1 when something is wrong.",
    );
  addNatsOptions(command)
    .option(
      "--nats-monitor-url <urls>",
      "monitoring ports of all NATS servers, with commas: tells of durability",
    )
    .addHelpText(
      "after",
      `
Examples:
  routeledger doctor
  routeledger doctor --server http://10.0.0.5:7480
  routeledger doctor --nats-url nats://10.0.0.5:4222 --nats-monitor-url http://10.0.0.5:8222`,
    )
    .action((_, self: Command) => doctor(context, parts, self.optsWithGlobals<DoctorOptions>()));
}

async function doctor(context: CommandContext, parts: DoctorParts, options: DoctorOptions): Promise<void> {
  const onNats = options.natsUrl !== undefined || Boolean(context.environment.ROUTELEDGER_NATS_URL);
  const machine = onNats
    ? await natsFindings(() => parts.natsFacts(context, natsArguments(options)), options.natsMonitorUrl)
    : [await embeddedLog(parts.tryEmbeddedLog), await envoy(context)];
  const findings = [node(), ...machine, ...(await server(context, options))];
  for (const { what, good, detail, hint } of findings) {
    context.terminal.out(`${mark(context.terminal, good)} ${what}: ${detail}\n`);
    if (good !== true && hint !== undefined) context.terminal.out(`     hint: ${hint}\n`);
  }
  if (findings.some(({ good }) => good === false)) throw new CommandFailed("something is wrong");
}

function mark(terminal: Terminal, good: Finding["good"]): string {
  if (good === "unknown") return paint(terminal, "yellow", "?   ");
  return good ? paint(terminal, "green", "ok  ") : paint(terminal, "red", "bad ");
}

function node(): Finding {
  const major = Number.parseInt(process.versions.node, 10);
  const hint = "routeledger needs Node 24 or newer; ./routeledger fetches one";
  return { what: "Node", good: major >= 24, detail: process.versions.node, hint };
}

async function embeddedLog(tryLog: TryEmbeddedLog): Promise<Finding> {
  try {
    await tryLog();
    return { what: "embedded log", good: true, detail: "can be written" };
  } catch (error) {
    return failedFinding("embedded log", error, "run `npm ci` in the checkout with this Node");
  }
}

async function envoy({ terminal, environment }: CommandContext): Promise<Finding> {
  const override = environment.ROUTELEDGER_ENVOY || undefined;
  try {
    const path = await envoyBinary({
      cacheFolder: cacheFolder(environment),
      progress: (line) => terminal.err(`${line}\n`),
      ...(override === undefined ? {} : { override }),
    });
    return { what: "Envoy", good: true, detail: path };
  } catch (error) {
    return failedFinding("Envoy", error);
  }
}

async function server(context: CommandContext, options: ServerOption): Promise<Finding[]> {
  try {
    const client = apiClient(context, options);
    const ready = await client.ask({ method: "GET", path: "/readyz" });
    const good = ready.status === 200;
    const found: Finding[] = [
      {
        what: "server",
        good,
        detail: `${client.server.origin} ${good ? "is ready" : `answered ${ready.status}`}`,
      },
    ];
    if (!good) return found;
    const { head, published } = await client.call({ method: "GET", path: "/v1/status" });
    found.push({
      what: "translator",
      good: head === published,
      detail: `head @${String(head)}, published @${String(published)}`,
      hint: "the translator is behind or stopped: see its log",
    });
    return found;
  } catch (error) {
    return [failedFinding("server", error)];
  }
}
