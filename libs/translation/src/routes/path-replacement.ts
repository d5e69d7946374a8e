import type { JsonObject } from "@routeledger/std";
import { Problem, unsupported } from "../problem.ts";
import { shown, textOf } from "../untrusted.ts";
import { type PathMatch, pathFault, trimSlash } from "./match.ts";

/** The `path` of a URLRewrite or a RequestRedirect, checked (G27). */
export type PathReplacement =
  | { readonly type: "full"; readonly path: string }
  /** Without its final slash; empty for `/` and `""`. */
  | { readonly type: "prefix"; readonly replacement: string };

/** @param path undefined when the filter has none */
export function parseReplacement(field: string, path: JsonObject): PathReplacement | Problem {
  if (path.type === "ReplaceFullPath") {
    const full = textOf(path.replaceFullPath) || "/";
    return check(field, full) ?? { type: "full", path: full };
  }
  if (path.type === "ReplacePrefixMatch") {
    const written = textOf(path.replacePrefixMatch) || "/";
    return check(field, written) ?? { type: "prefix", replacement: trimSlash(written) };
  }
  return unsupported(`${field}.type: ${shown(path.type)} is not served`);
}

function check(field: string, path: string): Problem | undefined {
  const fault = pathFault(path);
  return fault === undefined ? undefined : unsupported(`${field}: ${shown(path)} ${fault}`);
}

/** An Envoy match of the path, and what its matched part becomes (`prefix_rewrite`); nothing when it stays. */
export interface PrefixRewrite {
  readonly path: PathMatch | { readonly type: "rawPrefix"; readonly value: string };
  readonly rewrite: string | undefined;
}

/**
 * Rule G51: Envoy cannot replace a prefix by nothing, so that becomes two routes, the path itself and all below it
 * (no regular expression, G52). Only a prefix match has a prefix to replace.
 */
export function replacePrefix(
  field: string,
  path: PathMatch,
  replacement: string,
): readonly PrefixRewrite[] | Problem {
  if (path.type !== "prefix") {
    return new Problem(
      "IncompatibleFilters",
      `${field}: ReplacePrefixMatch needs a match of type PathPrefix`,
    );
  }
  if (path.value === "") {
    return [{ path, rewrite: replacement === "" ? undefined : `${replacement}/` }];
  }
  if (replacement !== "") return [{ path, rewrite: replacement }];
  return [
    { path: { type: "exact", value: path.value }, rewrite: "/" },
    { path: { type: "rawPrefix", value: `${path.value}/` }, rewrite: "/" },
  ];
}
