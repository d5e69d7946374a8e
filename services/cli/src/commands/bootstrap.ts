import { type Command, Option } from "commander";
import { parseHostPort } from "../addresses.ts";
import { type CommandContext, usageError } from "../command-context.ts";
import { startCommandOptions } from "../envoy-options.ts";
import { toYaml } from "../output/yaml.ts";

interface BootstrapOptions {
  readonly gateway: string;
  readonly edge: string;
  readonly protocol: "delta" | "sotw";
  readonly node?: string;
  readonly adminPort?: string;
  readonly output: "yaml" | "json";
}

export function addBootstrap(program: Command, context: CommandContext): void {
  program
    .command("bootstrap")
    .summary("print the configuration with which an Envoy serves a Gateway")
    .description("Prints the bootstrap with which an Envoy joins a Gateway, and the command that starts it.")
    .requiredOption("--gateway <namespace/name>", "which Gateway the proxy serves")
    .requiredOption(
      "--edge <host:port,...>",
      "where the edges are: one name with all addresses, or each by itself",
    )
    .addOption(
      new Option("--protocol <protocol>", "how to speak xDS").choices(["delta", "sotw"]).default("delta"),
    )
    .option(
      "--node <id>",
      "what the proxy is called; else the Gateway's name and a number of its own is up to you",
    )
    .option("--admin-port <port>", "open Envoy's admin page on 127.0.0.1, too")
    .addOption(
      new Option("-o, --output <format>", "how to print it").choices(["yaml", "json"]).default("yaml"),
    )
    .addHelpText(
      "after",
      `
Examples:
  routeledger bootstrap --gateway default/web --edge 127.0.0.1:7481 > envoy.yaml
  routeledger bootstrap --gateway default/web --edge 10.0.0.1:7481,10.0.0.2:7481 --protocol sotw
  envoy -c envoy.yaml ${startCommandOptions.join(" ")}`,
    )
    .action((options: BootstrapOptions) => print(context, options));
}

async function print({ terminal }: CommandContext, options: BootstrapOptions): Promise<void> {
  const [namespace, name, ...more] = options.gateway.split("/");
  if (!namespace || !name || more.length > 0) {
    throw usageError(`--gateway must be NAMESPACE/NAME, got "${options.gateway}"`);
  }
  const adminPort =
    options.adminPort === undefined ? undefined : parseHostPort(`127.0.0.1:${options.adminPort}`).port;
  const { bootstrap } = await import("@routeledger/translation");
  const document = bootstrap({
    gateway: options.gateway,
    nodeId: options.node ?? `${name}.${namespace}`,
    edges: options.edge.split(",").map(parseHostPort),
    protocol: options.protocol,
    ...(adminPort === undefined ? {} : { adminPort }),
  });
  if (options.output === "json") {
    terminal.out(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  terminal.out(`# Start it with: envoy -c <this file> ${startCommandOptions.join(" ")}\n`);
  terminal.out(toYaml(document));
}
