import { Failure } from "@routeledger/std";
import type { Command } from "commander";
import { cacheFolder } from "../cache-folder.ts";
import { apiClient, type CommandContext, CommandFailed, type ServerOption } from "../command-context.ts";
import { envoyBinary } from "../envoy-binary.ts";
import { paint } from "../terminal.ts";

interface Finding {
  readonly what: string;
  readonly good: boolean;
  readonly detail: string;
  readonly hint?: string | undefined;
}

/** Opens an embedded log in a folder of its own, and removes it. @throws Failure when that does not work here */
export type TryEmbeddedLog = () => Promise<void>;

export function addDoctor(program: Command, context: CommandContext, tryEmbeddedLog: TryEmbeddedLog): void {
  program
    .command("doctor")
    .summary("check this machine and the server")
    .description("Checks Node, Envoy, the server and what it serves. Exit code 1 when something is wrong.")
    .addHelpText(
      "after",
      "\nExamples:\n  routeledger doctor\n  routeledger doctor --server http://10.0.0.5:7480",
    )
    .action((_, command: Command) =>
      doctor(context, tryEmbeddedLog, command.optsWithGlobals<ServerOption>()),
    );
}

async function doctor(context: CommandContext, tryLog: TryEmbeddedLog, options: ServerOption): Promise<void> {
  const findings = [
    node(),
    await embeddedLog(tryLog),
    await envoy(context),
    ...(await server(context, options)),
  ];
  for (const { what, good, detail, hint } of findings) {
    const mark = good ? paint(context.terminal, "green", "ok  ") : paint(context.terminal, "red", "bad ");
    context.terminal.out(`${mark} ${what}: ${detail}\n`);
    if (!good && hint !== undefined) context.terminal.out(`     hint: ${hint}\n`);
  }
  if (findings.some(({ good }) => !good)) throw new CommandFailed("something is wrong");
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
    return failed("embedded log", error, "run `npm ci` in the checkout with this Node");
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
    return failed("Envoy", error);
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
      hint: "the translator is behind or stopped: see the log of dev",
    });
    return found;
  } catch (error) {
    return [failed("server", error)];
  }
}

function failed(what: string, error: unknown, hint?: string): Finding {
  const detail = error instanceof Error ? error.message : String(error);
  return { what, good: false, detail, hint: error instanceof Failure ? (error.hint ?? hint) : hint };
}
