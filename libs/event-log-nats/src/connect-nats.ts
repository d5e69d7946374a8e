import { randomUUID } from "node:crypto";
import { Failure } from "@routeledger/std";
import { type ConnectionOptions, connect, NatsError } from "nats";
import { natsAccess } from "./nats-access.ts";
import { NatsLink } from "./nats-link.ts";
import type { NatsOptions } from "./nats-options.ts";

/** How long a server may take to greet, milliseconds; a frozen one accepts and says nothing. */
const greetingTimeoutMs = 3_000;
/** A silent connection counts as lost after about three of these, milliseconds. */
const pingIntervalMs = 1_500;
const pingsOutMax = 2;
const reconnectDelayMinMs = 100;
const reconnectDelayMaxMs = 2_000;

/** The oldest server that has all that is used: atomic batches came with 2.12. */
export const oldestServer = { major: 2, minor: 12 } as const;

/**
 * Connects, once; afterwards the connection mends itself.
 *
 * @throws Failure `nats.unreachable` and `nats.refused` (retryable), `nats.serverTooOld`, `nats.credentials`
 */
export async function connectNats(options: NatsOptions): Promise<NatsLink> {
  const access = natsAccess(options);
  let lostAt = 0;
  const link = await dial(options, {
    ...access,
    servers: [...options.servers],
    name: options.name,
    timeout: greetingTimeoutMs,
    pingInterval: pingIntervalMs,
    maxPingOut: pingsOutMax,
    maxReconnectAttempts: -1,
    // A password that is being changed must not end the process's connection for good.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    reconnectDelayHandler: () => reconnectDelayMs(performance.now() - lostAt),
  });
  link.onLost(() => {
    lostAt = performance.now();
  });
  const version = link.connection.info?.version ?? "none";
  if (isNewEnough(version)) return link;
  await link.close();
  throw new Failure(`use NATS at ${placeOf(options)}: its server is version ${version}`, {
    code: "nats.serverTooOld",
    retryable: false,
    hint: `run nats-server ${oldestServer.major}.${oldestServer.minor} or newer`,
    fields: { servers: placeOf(options), version },
  });
}

/** Often at first, seldom when it has been gone for long; with a share by chance, so that not all come at once. */
function reconnectDelayMs(goneForMs: number): number {
  const delayMs = Math.min(reconnectDelayMaxMs, Math.max(reconnectDelayMinMs, goneForMs / 4));
  return delayMs * (0.75 + Math.random() / 4);
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > oldestServer.major || (major === oldestServer.major && minor >= oldestServer.minor);
}

async function dial(options: NatsOptions, connection: ConnectionOptions): Promise<NatsLink> {
  try {
    return new NatsLink(await connect(connection), `${connection.inboxPrefix}.${randomUUID()}`);
  } catch (cause) {
    const refused = cause instanceof NatsError && cause.isAuthError();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(`connect to NATS at ${placeOf(options)}: ${why}`, {
      code: refused ? "nats.refused" : "nats.unreachable",
      retryable: true,
      hint: refused
        ? "look at the user and password, or the credentials, and at the server's users"
        : "is nats-server running there, and is --nats-url right?",
      fields: { servers: placeOf(options) },
      cause,
    });
  }
}

/** Without what a URL may say of a user. */
function placeOf({ servers }: NatsOptions): string {
  return servers.map((url) => url.replace(/\/\/[^@/]*@/, "//")).join(",");
}
