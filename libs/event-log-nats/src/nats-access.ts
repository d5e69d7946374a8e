import { readFileSync } from "node:fs";
import { Failure } from "@routeledger/std";
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  usernamePasswordAuthenticator,
} from "nats";
import type { NatsOptions } from "./nats-options.ts";

/**
 * How a process signs in, for `connect`. The files of passwords and credentials are read again at each connection, so
 * that they may be changed while the process runs.
 *
 * @throws Failure `nats.credentials` when a file cannot be read now, or is no credentials file, or there is a
 * password and no user, or a user's name cannot be part of a subject
 */
export function natsAccess(options: NatsOptions): Partial<ConnectionOptions> {
  try {
    const { user, caFile } = options;
    if (user !== undefined && /[\s*>]/.test(user))
      throw new Error(`a user's name has no blanks, * or >: ${user}`);
    const authenticator = authenticatorOf(options);
    return {
      inboxPrefix: user === undefined ? "_INBOX" : `_INBOX_${user}`,
      ...(authenticator && { authenticator }),
      ...(caFile && { tls: { ca: readFileSync(caFile, "utf8") } }),
    };
  } catch (cause) {
    throw new Failure(`read how to sign in to NATS: ${cause instanceof Error ? cause.message : cause}`, {
      code: "nats.credentials",
      retryable: false,
      hint: "look at the files that --nats-password-file, --nats-creds-file and --nats-ca-file name, and at --nats-user",
      cause,
    });
  }
}

function authenticatorOf({ user, passwordFile, credsFile }: NatsOptions): Authenticator | undefined {
  if (credsFile) {
    const creds = readAgain(() => {
      const bytes = readFileSync(credsFile);
      // Throws when it holds no JWT and nkey.
      credsAuthenticator(bytes)("nonce");
      return bytes;
    });
    return credsAuthenticator(creds);
  }
  if (user === undefined && passwordFile) throw new Error("a password without --nats-user");
  if (user === undefined) return undefined;
  if (!passwordFile) return usernamePasswordAuthenticator(user);
  return usernamePasswordAuthenticator(
    user,
    readAgain(() => readFileSync(passwordFile, "utf8").split(/\r?\n/, 1)[0] ?? ""),
  );
}

/** What is read at each call; while that fails, what was read last: the client would give up for good. */
function readAgain<T>(read: () => T): () => T {
  let last = read();
  return () => {
    try {
      last = read();
    } catch {
      // The server says whether the old one is still good.
    }
    return last;
  };
}
