import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { isExact, parseHostname } from "../hostnames.ts";
import { Problem, unsupported } from "../problem.ts";
import { objectOf, portOf, shown, textOf } from "../untrusted.ts";
import { type PathReplacement, parseReplacement } from "./path-replacement.ts";

/** A RequestRedirect, checked. */
export interface Redirect {
  readonly scheme: "http" | "https" | undefined;
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly path: PathReplacement | undefined;
  readonly responseCode: ResponseCode;
}

type ResponseCode = "MOVED_PERMANENTLY" | "FOUND" | "SEE_OTHER" | "TEMPORARY_REDIRECT" | "PERMANENT_REDIRECT";

const responseCodes: ReadonlyMap<number, ResponseCode> = new Map([
  [301, "MOVED_PERMANENTLY"],
  [302, "FOUND"],
  [303, "SEE_OTHER"],
  [307, "TEMPORARY_REDIRECT"],
  [308, "PERMANENT_REDIRECT"],
]);

export function parseRedirect(field: string, redirect: JsonObject): Redirect | Problem {
  const { scheme = null, hostname = null, port = null, path = null, statusCode = null } = redirect;
  if (scheme !== null && scheme !== "http" && scheme !== "https") return refused(`${field}.scheme`, scheme);
  const host = hostname === null ? undefined : parseHostname(textOf(hostname) ?? "");
  if (hostname !== null && (host === undefined || !isExact(host)))
    return refused(`${field}.hostname`, hostname);
  if (port !== null && portOf(port) === undefined) return refused(`${field}.port`, port);
  // Gateway API's default is 302, Envoy's would be 301 (G45).
  const responseCode = responseCodes.get(statusCode === null ? 302 : Number(statusCode));
  if (responseCode === undefined) return refused(`${field}.statusCode`, statusCode);
  const replacement = path === null ? undefined : parseReplacement(`${field}.path`, objectOf(path));
  if (replacement instanceof Problem) return replacement;
  return { scheme: scheme ?? undefined, hostname: host, port: portOf(port), path: replacement, responseCode };
}

function refused(field: string, value: JsonObject[string]): Problem {
  return unsupported(`${field}: ${shown(value)} is not served`);
}

/**
 * The redirect as Envoy does it on a listener (G46, G47).
 * @param place the listener's port and scheme, and the domain of the virtual host
 */
export function envoyRedirect(
  redirect: Redirect,
  place: { readonly port: number; readonly scheme: "http" | "https"; readonly domain: string },
): envoy.config.route.v3.RedirectAction {
  const scheme = redirect.scheme ?? place.scheme;
  const port = redirect.port ?? (redirect.scheme === undefined ? place.port : wellKnownPort(redirect.scheme));
  // Without host_redirect Envoy keeps the port of the Host header, with it the port is lost.
  const host = redirect.hostname ?? (isExact(place.domain) ? place.domain : undefined);
  const shows = host === undefined || port !== wellKnownPort(scheme);
  return {
    responseCode: redirect.responseCode,
    ...(redirect.scheme === undefined ? {} : { schemeRedirect: redirect.scheme }),
    ...(host === undefined ? {} : { hostRedirect: host }),
    ...(shows ? { portRedirect: port } : {}),
    ...(redirect.path?.type === "full" ? { pathRedirect: redirect.path.path } : {}),
  };
}

function wellKnownPort(scheme: "http" | "https"): number {
  return scheme === "http" ? 80 : 443;
}
