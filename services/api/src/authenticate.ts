import { apiFailure } from "./api-failure.ts";
import { type ApiTokens, tokenLengthMin } from "./api-tokens.ts";

/** Names by which this machine calls itself: any other is a web page that had its own name point here. */
const ownNames = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Pages that answer machines which have no token: they say nothing of what is served. */
const openRoutes = new Set(["/livez", "/readyz"]);

const tokenHint =
  "send `Authorization: Bearer TOKEN`; routeledger takes it from --token-file, ROUTELEDGER_TOKEN_FILE or ROUTELEDGER_TOKEN";

/** What of a request says who makes it. */
export interface Credentials {
  /** The pattern of the route that answers; undefined where none does. */
  readonly route: string | undefined;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

/**
 * Who makes a request: the actor of its token, or undefined in open mode (no tokens), where the client's own word is
 * only a name.
 *
 * @throws Failure `unauthorized` without a token that is somebody's; in open mode `badRequest` for a Host that is not
 * this machine: a web page of elsewhere that speaks for the person before the browser
 */
export function authenticate(credentials: Credentials, tokens: ApiTokens | undefined): string | undefined {
  const { route, host, authorization } = credentials;
  if (tokens === undefined) {
    refuseStrangers(host);
    return undefined;
  }
  if (route !== undefined && openRoutes.has(route)) return undefined;
  if (authorization === undefined) {
    throw apiFailure("unauthorized", "this api asks who you are: the request has no token", tokenHint);
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw apiFailure("unauthorized", "Authorization: expected `Bearer TOKEN`", tokenHint);
  }
  const actor = tokens.actorOf(token);
  if (actor !== undefined) return actor;
  const short = token.length < tokenLengthMin ? `; tokens have at least ${tokenLengthMin} characters` : "";
  throw apiFailure("unauthorized", `the token is nobody's${short}`, tokenHint);
}

function refuseStrangers(host: string | undefined): void {
  if (host === undefined || ownNames.test(host)) return;
  throw apiFailure("badRequest", `Host: expected this machine's loopback address, got ${host.slice(0, 80)}`);
}
