import { type Command, Help } from "commander";
import type { CommandContext } from "../command-context.ts";

/** The services that run as a process of their own. */
export type ServiceName = "api" | "translator" | "edge";

/** Runs a service until SIGINT or SIGTERM; returns the exit code. @throws Failure before it runs */
export type RunService = (
  context: CommandContext,
  name: ServiceName,
  args: readonly string[],
) => Promise<number>;

/** All settings of a service, two lines each. */
export type ServiceHelp = (name: ServiceName) => Promise<string>;

interface ServiceCommand {
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
}

const services: Readonly<Record<ServiceName, ServiceCommand>> = {
  api: {
    summary: "run the api on NATS: the one door, with a store of its own",
    description:
      "Runs the api on NATS: appends what people say to CONFIG, answers what they ask from a snapshot store of its " +
      "own. Any number of them may run.",
    examples: [
      "routeledger api --nats-url nats://10.0.0.5:4222 --store-folder /var/lib/routeledger",
      "routeledger api --api-address 0.0.0.0:7480 --tokens-file /etc/routeledger/tokens",
    ],
  },
  translator: {
    summary: "run a translator on NATS: one leads, the others stand by",
    description:
      "Runs a translator on NATS: turns CONFIG into XDS. One leads; any number of others stand by and one of them " +
      "leads when it is gone.",
    examples: ["routeledger translator --nats-url nats://10.0.0.5:4222 --name a"],
  },
  edge: {
    summary: "run an edge on NATS: serves xDS to proxies",
    description:
      "Runs an edge on NATS: serves proxies what XDS says. Keeps nothing; any number of them may run behind one name.",
    examples: ["routeledger edge --nats-url nats://10.0.0.5:4222 --edge-address 0.0.0.0:7481"],
  },
};

/** Lists the services among the commands. Their own flags are not commander's: `serviceCommand` takes those lines. */
export function addServices(program: Command): void {
  for (const [name, { summary, description }] of Object.entries(services)) {
    program.command(name).summary(summary).description(description).usage("[settings]");
  }
}

/** The service that a command line runs, with its flags; undefined when it is another command. */
export function serviceCommand(
  args: readonly string[],
): { readonly name: ServiceName; readonly args: readonly string[] } | undefined {
  const [first = "", second = ""] = args;
  if (first === "help" && Object.hasOwn(services, second)) {
    return { name: second as ServiceName, args: ["--help"] };
  }
  return Object.hasOwn(services, first) ? { name: first as ServiceName, args: args.slice(1) } : undefined;
}

/** What `routeledger <service> --help` prints. */
export function serviceHelpText(name: ServiceName, settings: string): string {
  const { description, examples } = services[name];
  const help = new Help();
  return [
    `Usage: routeledger ${name} [settings]\n`,
    help.boxWrap(description, 100),
    "\nSettings (a flag wins over the environment; unknown names are refused):",
    settings.trimEnd(),
    "\nExit codes: 0 stopped by SIGTERM or SIGINT, 1 something is to be mended (the last line says what), 130 after a",
    "second signal. docs/processes.md has the endpoints and metrics.",
    "\nExamples:",
    ...examples.map((line) => `  ${line}`),
    "",
  ].join("\n");
}
