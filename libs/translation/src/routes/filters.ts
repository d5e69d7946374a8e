import type { JsonObject, JsonValue } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { objectOf, objectsOf, shown, textOf } from "../untrusted.ts";
import { type HeaderMutation, noMutation, parseHeaderMutation } from "./header-mutation.ts";
import { parseRedirect, type Redirect } from "./redirect.ts";
import { parseRewrite, type Rewrite } from "./rewrite.ts";

/** The filters of a rule or of a backendRef, checked. Envoy applies them in an order of its own (G63). */
export interface Filters {
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;
  readonly redirect: Redirect | undefined;
  readonly rewrite: Rewrite | undefined;
}

const noFilters: Filters = {
  requestHeaders: noMutation,
  responseHeaders: noMutation,
  redirect: undefined,
  rewrite: undefined,
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
  let filters = noFilters;
  const seen = new Set<string>();
  for (const [index, filter] of objectsOf(list).entries()) {
    const type = textOf(filter.type) ?? "";
    const parser = Object.hasOwn(parsers, type) ? parsers[type] : undefined;
    if (parser === undefined)
      return unsupported(`${field}[${index}]: filter ${shown(filter.type)} is not served`);
    if (seen.has(type)) return new Problem("IncompatibleFilters", `${field}: more than one filter ${type}`);
    seen.add(type);
    const parsed = parser.parse(`${field}[${index}].${parser.member}`, objectOf(filter[parser.member]));
    if (parsed instanceof Problem) return parsed;
    filters = { ...filters, ...parsed };
  }
  if (filters.redirect !== undefined && filters.rewrite !== undefined) {
    return new Problem("IncompatibleFilters", `${field}: RequestRedirect and URLRewrite exclude each other`);
  }
  return filters;
}
