import { type Clock, Failure } from "@routeledger/std";
import { apiAccess } from "./api-access.ts";
import { ApiClient } from "./api-client.ts";
import type { Terminal } from "./terminal.ts";

/** Where the api is when nobody says otherwise, and where `dev` opens it. */
export const defaultApiAddress = "127.0.0.1:7480";

/** Where `dev` opens the xDS port for Envoys. */
export const defaultEdgeAddress = "127.0.0.1:7481";

/** All that commands take from the world, injected by `main.ts` and by tests. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** The process' environment; only `ROUTELEDGER_*`, `USER` and what is passed on to children are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads standard input to its end. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** Asks whoever sits at the terminal and reads a line; absent where nobody does. */
  readonly ask?: (question: string) => Promise<string>;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** The command did what it could and has said what failed: exit code 1, nothing more to print. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/** What was asked cannot be meant: exit code 1 as kubectl's, with a hint to `--help`. */
export function usageError(message: string, hint?: string): Failure {
  return new Failure(message, {
    code: "cli.usage",
    retryable: false,
    ...(hint === undefined ? {} : { hint }),
  });
}

export interface ServerOption {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/**
 * The api that `--server`, else `ROUTELEDGER_SERVER`, else the default names, asked with the token and believing the
 * certificates that options, else the environment name.
 * @throws Failure `cli.server`, `cli.token`, `cli.ca`
 */
export function apiClient(context: CommandContext, options: ServerOption): ApiClient {
  const server = options.server ?? context.environment.ROUTELEDGER_SERVER;
  const access = apiAccess(context.environment, options);
  return new ApiClient(
    server === undefined || server === "" ? `http://${defaultApiAddress}` : server,
    access,
  );
}

/** Who writes, for the log: `cli:<user>`. */
export function actorOf(context: CommandContext): string {
  const user = context.environment.USER ?? context.environment.LOGNAME ?? "";
  return user === "" ? "cli" : `cli:${user}`;
}
