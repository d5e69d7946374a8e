/** What filters make of a request: rewrites, redirects, headers, CORS; and which rules they make unservable. */
import type {
  BackendRef,
  Cors,
  Filter,
  HeaderChanges,
  Match,
  PathChange,
  Redirect,
  Rule,
} from "./gateway-objects.ts";
import { type Headers, hostName } from "./oracle.ts";
import type { Seen } from "./oracle-matches.ts";

type FilterField = Exclude<keyof Filter, "type">;

const servedTypes = [
  "RequestHeaderModifier",
  "ResponseHeaderModifier",
  "RequestRedirect",
  "URLRewrite",
  "RequestMirror",
  "CORS",
];

/** A filter of the rule; one of its only backend counts as the rule's (G54), but for header changes. */
export function filterOf<F extends FilterField>(
  { filters = [], backendRefs = [] }: Rule,
  field: F,
): Filter[F] | undefined {
  const hoisted = backendRefs.length === 1 ? (backendRefs[0]?.filters ?? []) : [];
  return [...filters, ...hoisted].find((filter) => filter[field] !== undefined)?.[field];
}

export function corsOf(rule: Rule): Cors | undefined {
  return filterOf(rule, "cors");
}

/** Whether preflights of its methods go to a rule (G59): to one that fails, too. */
export function takesPreflights({ filters = [], backendRefs = [] }: Rule): boolean {
  return [...filters, ...backendRefs.flatMap((ref) => ref.filters ?? [])].some(({ type }) => type === "CORS");
}

/** A rule that cannot be served as it says (G28, G41, G43, G54, G61, G62). */
export function isDropped(rule: Rule): boolean {
  const { filters = [], backendRefs = [], matches = [] } = rule;
  const ofBackends = backendRefs.flatMap((ref) => ref.filters ?? []);
  const all = [...filters, ...ofBackends];
  const has = (list: readonly Filter[], ...types: string[]): boolean =>
    list.some(({ type }) => types.includes(type));
  const twice = (...types: string[]): boolean => has(filters, ...types) && has(ofBackends, ...types);
  return (
    all.some(({ type }) => !servedTypes.includes(type)) ||
    (backendRefs.length > 1 && ofBackends.some(({ type }) => !type.endsWith("HeaderModifier"))) ||
    twice("RequestRedirect", "URLRewrite") ||
    twice("CORS") ||
    all.some((one) => badChanges(one.requestHeaderModifier) || badChanges(one.responseHeaderModifier)) ||
    matches.some(({ path }) => path?.type === "RegularExpression" && !compiles(path.value)) ||
    (has(all, "RequestRedirect") && has(all, "CORS", "RequestMirror"))
  );
}

export function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern) !== undefined;
  } catch {
    return false;
  }
}

function badChanges(changes: HeaderChanges | undefined): boolean {
  const { set = [], add = [], remove = [] } = changes ?? {};
  const names = [...set, ...add].map(({ name }) => name).concat(remove);
  const lower = names.map((name) => name.toLowerCase());
  return lower.includes("host") || new Set(lower).size < lower.length;
}

/** The backend's changes, then the rule's (G44); of each, removals before sets and adds (G41). */
export function changedHeaders(
  headers: Headers,
  field: "requestHeaderModifier" | "responseHeaderModifier",
  ref: BackendRef,
  rule: Rule,
): Headers {
  const changed = new Map(Object.entries(headers));
  for (const filters of [ref.filters ?? [], rule.filters ?? []]) {
    const { set = [], add = [], remove = [] } = filters.find((filter) => filter[field])?.[field] ?? {};
    for (const name of remove) changed.delete(name.toLowerCase());
    for (const { name, value } of set) changed.set(name.toLowerCase(), value);
    for (const { name, value } of add) {
      const before = changed.get(name.toLowerCase());
      changed.set(name.toLowerCase(), before === undefined ? value : `${before},${value}`);
    }
  }
  return Object.fromEntries(changed);
}

/** The path that a backend sees, or that a Location says, with the request's query (G48, G50, G51). */
export function rewrittenPath(
  change: PathChange | undefined,
  { path }: Match,
  { pathname, query, path: whole }: Seen,
): string {
  const end = whole.includes("?") ? `?${query}` : "";
  if (change === undefined) return pathname + end;
  if (change.type === "ReplaceFullPath") return (change.replaceFullPath || "/") + end;
  const prefix = (path?.value ?? "/").replace(/\/$/, "");
  const replacement = (change.replacePrefixMatch ?? "").replace(/\/$/, "");
  return (replacement + pathname.slice(prefix.length) || "/") + end;
}

/**
 * An absolute Location (G46, G47): the port is the filter's, else that of the scheme which it says, else the
 * listener's; one that the scheme implies is left out.
 */
export function redirectLocation(
  { scheme, hostname, port, path }: Redirect,
  match: Match,
  seen: Seen,
): string {
  const finalScheme = scheme ?? (seen.sni === undefined ? "http" : "https");
  const wellKnown = { http: 80, https: 443 };
  const finalPort = port ?? (scheme === undefined ? seen.port : wellKnown[scheme]);
  const shown = finalPort === wellKnown[finalScheme] ? "" : `:${finalPort}`;
  return `${finalScheme}://${hostname ?? hostName(seen.host)}${shown}${rewrittenPath(path, match, seen)}`;
}

/** What `access-control-allow-origin` may say to an origin; empty: the origin is foreign (G58). */
export function originAllowed(
  { allowOrigins = [], allowCredentials }: Cors,
  origin: string | undefined,
): string[] {
  if (origin === undefined) return [];
  const allowed = allowOrigins.some((pattern) => {
    if (pattern === "*") return true;
    const quoted = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\/]/g, "\\$&"));
    return new RegExp(`^${quoted.join("[^:/]+")}$`).test(origin);
  });
  if (!allowed) return [];
  return allowOrigins.includes("*") && allowCredentials !== true ? [origin, "*"] : [origin];
}
