import type { Command } from "commander";
import { type HostPort, parseHostPort } from "../addresses.ts";
import { type CommandContext, defaultApiAddress, defaultEdgeAddress } from "../command-context.ts";

/** What `dev` was told. */
export interface DevOptions {
  readonly dataFolder: string;
  readonly watchFolder: string | undefined;
  readonly allowMassDelete: boolean;
  readonly apiAddress: HostPort;
  readonly edgeAddress: HostPort;
  /** A CIDR of IPv4: each Gateway that names no address listens on one of its own. Empty: on all of this machine. */
  readonly gatewayAddresses: string;
  /** Undefined: no Envoys. */
  readonly envoy: { readonly binary: string | undefined } | undefined;
}

export interface Dev {
  /** `http://127.0.0.1:7480`. */
  readonly apiUrl: string;
  /** `127.0.0.1:7481`. */
  readonly edgeAddress: string;
  /** Rejects with what ended a service; never resolves before `stop`. */
  readonly ended: Promise<void>;
  /** Stops the services, and the Envoys unless they are to serve on. Idempotent. */
  stop(options?: { readonly leaveEnvoys?: boolean }): Promise<void>;
}

export type StartDev = (context: CommandContext, options: DevOptions) => Promise<Dev>;

interface Flags {
  readonly data: string;
  readonly watch?: string;
  readonly allowMassDelete?: boolean;
  readonly apiAddress: string;
  readonly edgeAddress: string;
  readonly gatewayAddresses: string;
  /** Path, true when not given, false for --no-envoy. */
  readonly envoy: string | boolean;
}

export function addDev(program: Command, context: CommandContext, startDev: StartDev): void {
  program
    .command("dev")
    .summary("everything on this machine, with an Envoy for each Gateway")
    .description(
      "Runs api, translator and edge in one process on a log in the data folder, and an Envoy for each Gateway. " +
        "SIGINT and SIGTERM stop them all; after a kill -9 the Envoys serve on, and the next dev adopts them.",
    )
    .option("--data <dir>", "where the log and all else is kept", ".routeledger")
    .option("--watch <dir>", "apply what is in this folder, and follow it")
    .option("--allow-mass-delete", "let the folder remove at least 10 routes and over half of them at once")
    .option(
      "--api-address <host:port>",
      "where the api listens; port 0 picks a free one and keeps it",
      defaultApiAddress,
    )
    .option("--edge-address <host:port>", "where proxies connect; port 0 as above", defaultEdgeAddress)
    .option(
      "--gateway-addresses <cidr>",
      "give each Gateway that names no address one of its own, such as of 127.1.0.0/16",
      "",
    )
    .option("--envoy <path>", "this Envoy instead of the one that is fetched; else ROUTELEDGER_ENVOY")
    .option("--no-envoy", "start no Envoy; `routeledger bootstrap` says how to")
    .addHelpText(
      "after",
      `
Examples:
  routeledger dev --watch examples/quickstart/config
  routeledger dev --gateway-addresses 127.1.0.0/16
  routeledger dev --no-envoy --data /tmp/try`,
    )
    .action(async (flags: Flags) => {
      const dev = await startDev(context, optionsOf(context, flags));
      let failed = true;
      try {
        await Promise.race([dev.ended, aborted(context.signal)]);
        failed = false;
      } finally {
        context.terminal.out(failed ? "stopping; the Envoys serve on\n" : "stopping\n");
        await dev.stop({ leaveEnvoys: failed });
      }
    });
}

function optionsOf({ environment }: CommandContext, flags: Flags): DevOptions {
  const binary = typeof flags.envoy === "string" ? flags.envoy : environment.ROUTELEDGER_ENVOY;
  return {
    dataFolder: flags.data,
    watchFolder: flags.watch,
    allowMassDelete: flags.allowMassDelete === true,
    apiAddress: parseHostPort(flags.apiAddress),
    edgeAddress: parseHostPort(flags.edgeAddress),
    gatewayAddresses: flags.gatewayAddresses,
    envoy: flags.envoy === false ? undefined : { binary: binary === "" ? undefined : binary },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
