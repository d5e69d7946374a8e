import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { objectOf, textOf } from "../untrusted.ts";
import { namespaceLabels, selectorMatches } from "./label-selector.ts";
import type { NamespaceRule } from "./listener-view.ts";

/**
 * The `namespaces` of an `allowedRoutes` or an `allowedListeners`.
 * @param absent what an absent `from` means
 */
export function namespaceRule(allowed: JsonObject, absent: "Same" | "None"): NamespaceRule {
  const namespaces = objectOf(allowed.namespaces);
  const from = textOf(namespaces.from) ?? absent;
  if (from === "Selector") return { from, selector: objectOf(namespaces.selector) };
  return { from: from === "All" || from === "Same" ? from : "None" };
}

/**
 * Whether a rule lets a namespace in.
 * @param at where the rule stands, what it is asked for, and that namespace's object if there is one
 */
export function allowsNamespace(
  rule: NamespaceRule,
  at: { readonly own: string; readonly asked: string; readonly object: ConfigObject | undefined },
): boolean {
  switch (rule.from) {
    case "All":
      return true;
    case "Same":
      return at.asked === at.own;
    case "Selector":
      return selectorMatches(rule.selector, namespaceLabels(at.asked, at.object));
    case "None":
      return false;
  }
}
