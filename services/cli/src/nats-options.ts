import type { Command } from "commander";

/** Options of the commands that speak to NATS themselves: the rows of the adapter's settings, as commander has them. */
export interface NatsFlags {
  readonly natsUrl?: string;
  readonly natsUser?: string;
  readonly natsPasswordFile?: string;
  readonly natsCredsFile?: string;
  readonly natsCaFile?: string;
}

const flags: readonly {
  readonly name: keyof NatsFlags;
  readonly flag: string;
  readonly value: string;
  readonly what: string;
}[] = [
  {
    name: "natsUrl",
    flag: "--nats-url",
    value: "<urls>",
    what: "where NATS is; several with commas; else ROUTELEDGER_NATS_URL",
  },
  { name: "natsUser", flag: "--nats-user", value: "<name>", what: "who asks; else ROUTELEDGER_NATS_USER" },
  { name: "natsPasswordFile", flag: "--nats-password-file", value: "<file>", what: "the user's password" },
  {
    name: "natsCredsFile",
    flag: "--nats-creds-file",
    value: "<file>",
    what: "credentials instead of user and password",
  },
  { name: "natsCaFile", flag: "--nats-ca-file", value: "<file>", what: "who signs the server's certificate" },
];

/** The flags, in the order of the adapter's rows. */
export const natsFlagNames: readonly string[] = flags.map(({ flag }) => flag);

export function addNatsOptions(command: Command): Command {
  for (const { flag, value, what } of flags) command.option(`${flag} ${value}`, what);
  return command;
}

/** The flags that were given, as arguments for the adapter's table: it knows defaults and the environment. */
export function natsArguments(options: NatsFlags): string[] {
  return flags.flatMap(({ name, flag }) => {
    const value = options[name];
    return value === undefined ? [] : [`${flag}=${value}`];
  });
}
