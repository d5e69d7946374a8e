/** How a process reaches NATS, and the rows of its configuration that say so. */

export interface NatsOptions {
  /** At least one URL; the other servers of a cluster are learnt from the one that answers. */
  readonly servers: readonly string[];
  /** What the server calls this connection in its own lists. */
  readonly name: string;
  readonly user?: string;
  /** Its first line is the password of `user`. */
  readonly passwordFile?: string;
  /** A JWT and an nkey seed, as `nsc` writes them; instead of user and password. */
  readonly credsFile?: string;
  /** PEM; TLS is demanded of the server, and its certificate must be signed by one of these. */
  readonly caFile?: string;
}

/** Rows for `defineConfiguration`; `natsOptionsOf` takes what was parsed. */
export const natsSettings = [
  {
    name: "natsUrl",
    env: "ROUTELEDGER_NATS_URL",
    flag: "--nats-url",
    type: "string",
    default: "nats://127.0.0.1:4222",
    unit: "",
    description: "servers of NATS, separated by commas; one is enough to find a cluster",
  },
  {
    name: "natsUser",
    env: "ROUTELEDGER_NATS_USER",
    flag: "--nats-user",
    type: "string",
    default: "",
    unit: "",
    description: "user at NATS; its inbox is _INBOX_USER",
  },
  {
    name: "natsPasswordFile",
    env: "ROUTELEDGER_NATS_PASSWORD_FILE",
    flag: "--nats-password-file",
    type: "string",
    default: "",
    unit: "",
    description: "file whose first line is that user's password",
  },
  {
    name: "natsCredsFile",
    env: "ROUTELEDGER_NATS_CREDS_FILE",
    flag: "--nats-creds-file",
    type: "string",
    default: "",
    unit: "",
    description: "file with a JWT and its nkey, instead of user and password",
  },
  {
    name: "natsCaFile",
    env: "ROUTELEDGER_NATS_CA_FILE",
    flag: "--nats-ca-file",
    type: "string",
    default: "",
    unit: "",
    description: "certificates that may sign the servers' certificates, PEM; then TLS is demanded",
  },
] as const;

/** What `natsSettings` parse to. */
export interface NatsConfiguration {
  readonly natsUrl: string;
  readonly natsUser: string;
  readonly natsPasswordFile: string;
  readonly natsCredsFile: string;
  readonly natsCaFile: string;
}

/** @param name of the process, for the server's lists of connections */
export function natsOptionsOf(configuration: NatsConfiguration, name: string): NatsOptions {
  const { natsUrl, natsUser, natsPasswordFile, natsCredsFile, natsCaFile } = configuration;
  const servers = natsUrl.split(",").map((url) => url.trim());
  return {
    servers: servers.filter((url) => url !== ""),
    name,
    ...(natsUser && { user: natsUser }),
    ...(natsPasswordFile && { passwordFile: natsPasswordFile }),
    ...(natsCredsFile && { credsFile: natsCredsFile }),
    ...(natsCaFile && { caFile: natsCaFile }),
  };
}
