import type { JsonObject, JsonValue } from "@routeledger/std";
import type { ExtensionRef } from "../extensions/extension-refs.ts";
import { Problem, unsupported } from "../problem.ts";
import { listOf, objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { type CorsPolicy, parseCors } from "./cors.ts";
import { type HeaderMutation, noMutation, parseHeaderMutation } from "./header-mutation.ts";
import { type Mirror, parseMirror } from "./mirror.ts";
import { parseRedirect, type Redirect } from "./redirect.ts";
import { parseRewrite, type Rewrite } from "./rewrite.ts";

/** The filters of a rule or of a backendRef, checked. Envoy applies them in an order of its own (G63). */
export interface Filters {
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  readonly redirect: Redirect | undefined;
  readonly rewrite: Rewrite | undefined;
  /** In the order of the list, which may hold more than one (G55). */
  readonly mirrors: readonly Mirror[];
  readonly cors: CorsPolicy | undefined;
  /** What extension servers apply, in the order of the list: a list may hold more than one. */
  readonly extensionRefs: readonly ExtensionRef[];
}

/** Filters of a list: what the schema allows. More are refused, since none may be skipped. */
const filtersMax = 16;

/** Types that a list may hold more than once. */
const repeatable: readonly string[] = ["RequestMirror", "ExtensionRef"];

const noFilters: Filters = {
  requestHeaders: noMutation,
  responseHeaders: noMutation,
  redirect: undefined,
  rewrite: undefined,
  mirrors: [],
  cors: undefined,
  extensionRefs: [],
};

const parsers: Readonly<
  Record<
    string,
    { readonly member: string; readonly parse: (field: string, of: JsonObject) => Partial<Filters> | Problem }
  >
> = {
  RequestHeaderModifier: {
    member: "requestHeaderModifier",
    parse: (field, of) => named("requestHeaders", parseHeaderMutation(field, of)),
  },
  ResponseHeaderModifier: {
    member: "responseHeaderModifier",
    parse: (field, of) => named("responseHeaders", parseHeaderMutation(field, of)),
  },
  RequestRedirect: {
    member: "requestRedirect",
    parse: (field, of) => named("redirect", parseRedirect(field, of)),
  },
  RequestMirror: {
    member: "requestMirror",
    parse: (field, of) => {
      const mirror = parseMirror(field, of);
      return mirror instanceof Problem ? mirror : { mirrors: [mirror] };
    },
  },
  ExtensionRef: {
    member: "extensionRef",
    parse: (field, { group, kind, name }) => ({
      extensionRefs: [
        { field, group: textOf(group) ?? "", kind: textOf(kind) ?? "", name: textOf(name) ?? "" },
      ],
    }),
  },
  CORS: { member: "cors", parse: (field, of) => named("cors", parseCors(field, of)) },
  URLRewrite: { member: "urlRewrite", parse: (field, of) => named("rewrite", parseRewrite(field, of)) },
};

function named(name: keyof Filters, value: Filters[keyof Filters] | Problem): Partial<Filters> | Problem {
  return value instanceof Problem ? value : { [name]: value };
}

/**
 * All filters of a list, or why the list cannot be served: one filter that is not known is never skipped (G61, G62).
 * @param field where the list stands, for messages
 */
export function parseFilters(field: string, list: JsonValue | undefined): Filters | Problem {
  if (listOf(list).length > filtersMax) return unsupported(`${field}: more than ${filtersMax} filters`);
  let filters = noFilters;
  const seen = new Set<string>();
  for (const [index, filter] of objectsOf(list).entries()) {
    const type = textOf(filter.type) ?? "";
    const parser = Object.hasOwn(parsers, type) ? parsers[type] : undefined;
    if (parser === undefined)
      return unsupported(`${field}[${index}]: filter ${shown(filter.type)} is not served`);
    if (seen.has(type) && !repeatable.includes(type))
      return new Problem("IncompatibleFilters", `${field}: more than one filter ${type}`);
    seen.add(type);
    const parsed = parser.parse(`${field}[${index}].${parser.member}`, objectOf(filter[parser.member]));
    if (parsed instanceof Problem) return parsed;
    filters = {
      ...filters,
      ...parsed,
      mirrors: [...filters.mirrors, ...(parsed.mirrors ?? [])],
      extensionRefs: [...filters.extensionRefs, ...(parsed.extensionRefs ?? [])],
    };
  }
  return incompatible(field, filters) ?? filters;
}

/** What Envoy does not do with a redirect (G53, G56, G60). */
export function incompatible(field: string, filters: Filters): Problem | undefined {
  if (filters.redirect === undefined) return undefined;
  const others = [
    ...(filters.rewrite === undefined ? [] : ["URLRewrite"]),
    ...(filters.mirrors.length === 0 ? [] : ["RequestMirror"]),
    ...(filters.cors === undefined ? [] : ["CORS"]),
  ];
  if (others.length === 0) return undefined;
  return new Problem(
    "IncompatibleFilters",
    `${field}: RequestRedirect and ${others.join(", ")} exclude each other`,
  );
}
