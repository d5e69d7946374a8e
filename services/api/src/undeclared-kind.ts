import { type DeclaredKind, parseApiVersion } from "@routeledger/config-model";
import type { InputProblem } from "./change-results.ts";
import type { CheckedObject, Undeclared } from "./check-object.ts";

/** Names of Extensions in one message. */
const namedMax = 3;

/**
 * What becomes of an object whose kind only an Extension lets in, while none of these kinds is its kind; undefined when
 * one is. The message names what would let it in.
 */
export function whileUndeclared(
  { input, ref, undeclared }: CheckedObject,
  kinds: readonly DeclaredKind[],
): Undeclared | undefined {
  const apiVersion = String(input.object.apiVersion);
  const { group, version } = parseApiVersion(apiVersion);
  const ofKind = kinds.filter((declared) => declared.group === group && declared.kind === ref.kind);
  if (undeclared === undefined || ofKind.some((declared) => declared.version === version)) return undefined;
  const [first] = ofKind;
  if (first !== undefined) {
    const field = `${input.prefix}apiVersion`;
    const line = input.lineOf("apiVersion");
    const expected = JSON.stringify(`${group}/${first.version}`);
    const message = `expected ${expected} for kind ${ref.kind}, as spec.${first.list} of Extension ${first.extension} says, got ${JSON.stringify(apiVersion)}`;
    return {
      outcome: "refused",
      problems: [{ field, expected, message, ...(line !== undefined && { line }) }],
    };
  }
  if (undeclared.outcome === "ignored") return undeclared;
  const hint = whatLetsIn({ group, version, kind: ref.kind }, kinds);
  return {
    ...undeclared,
    problems: undeclared.problems.map((problem): InputProblem => ({ ...problem, hint })),
  };
}

function whatLetsIn(
  { group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string },
  kinds: readonly DeclaredKind[],
): string {
  const names = [...new Set(kinds.map(({ extension }) => extension))];
  const such = names.length === 0 ? "" : `, such as ${names.slice(0, namedMax).join(" or ")},`;
  const item = `{group: ${group}, version: ${version}, kind: ${kind}}`;
  return `it is let in when an Extension${such} has ${item} in spec.resources, spec.policyResources or spec.backendResources`;
}
