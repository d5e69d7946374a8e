import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { isExact, parseHostname } from "../hostnames.ts";
import { Problem, unsupported } from "../problem.ts";
import { objectOf, shown, textOf } from "../untrusted.ts";
import { type PathReplacement, parseReplacement } from "./path-replacement.ts";

/** A URLRewrite, checked. */
export interface Rewrite {
  readonly hostname: string | undefined;
  readonly path: PathReplacement | undefined;
}

export function parseRewrite(field: string, rewrite: JsonObject): Rewrite | Problem {
  const { hostname = null, path = null } = rewrite;
  const host = hostname === null ? undefined : parseHostname(textOf(hostname) ?? "");
  if (hostname !== null && (host === undefined || !isExact(host))) {
    return unsupported(`${field}.hostname: ${shown(hostname)} is not served`);
  }
  const replacement = path === null ? undefined : parseReplacement(`${field}.path`, objectOf(path));
  return replacement instanceof Problem ? replacement : { hostname: host, path: replacement };
}

/** What of a rewrite does not depend on the match: the host (G49) and a whole path (G50). */
export function envoyRewrite(rewrite: Rewrite | undefined): envoy.config.route.v3.RouteAction {
  return {
    ...(rewrite?.hostname === undefined ? {} : { hostRewriteLiteral: rewrite.hostname }),
    ...(rewrite?.path?.type === "full"
      ? {
          regexRewrite: {
            pattern: { regex: "^/.*$" },
            // A backslash would refer to a group.
            substitution: rewrite.path.path.replaceAll("\\", "\\\\"),
          },
        }
      : {}),
  };
}
