import { readFileSync } from "node:fs";
import { Failure } from "@routeledger/std";
import type { ApiAccess } from "./api-client.ts";

interface AccessOptions {
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/**
 * The token of `--token-file`, else of the file that ROUTELEDGER_TOKEN_FILE names, else ROUTELEDGER_TOKEN; the
 * certificates of `--ca-file`, else of ROUTELEDGER_CA_FILE.
 * @throws Failure `cli.token`, `cli.ca` for a file that cannot be read or holds none
 */
export function apiAccess(
  environment: Readonly<Record<string, string | undefined>>,
  options: AccessOptions,
): ApiAccess {
  const tokenFile = options.tokenFile ?? (environment.ROUTELEDGER_TOKEN_FILE || undefined);
  const caFile = options.caFile ?? (environment.ROUTELEDGER_CA_FILE || undefined);
  const token = tokenFile === undefined ? environment.ROUTELEDGER_TOKEN : tokenOf(tokenFile);
  return {
    ...(token && { token: checkedToken(token.trim()) }),
    ...(caFile !== undefined && { ca: textOf(caFile, { what: "certificates", code: "cli.ca" }) }),
  };
}

function tokenOf(file: string): string {
  const text = textOf(file, { what: "token", code: "cli.token" }).trim();
  if (text === "") throw accessFailure(`read the token from ${file}: it is empty`, "cli.token");
  return text;
}

/** What a header can carry, and no list of tokens by mistake. */
function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw accessFailure("the token: expected one word of visible ASCII characters", "cli.token");
}

function textOf(file: string, { what, code }: { readonly what: string; readonly code: string }): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw accessFailure(`read the ${what} from ${file}: ${(cause as Error).message}`, code, cause);
  }
}

function accessFailure(message: string, code: string, cause?: unknown): Failure {
  const hint =
    code === "cli.ca"
      ? "--ca-file names a file of certificates, PEM"
      : "--token-file names a file that holds your token alone";
  return new Failure(message, { code, retryable: false, hint, ...(cause !== undefined && { cause }) });
}
