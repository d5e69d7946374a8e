import type { envoy } from "@routeledger/protos";
import type { JsonObject } from "@routeledger/std";
import { type Problem, unsupported } from "../problem.ts";
import { listOf, objectsOf, shown, textOf } from "../untrusted.ts";

/** A header modifier as Envoy does it: removes first, then sets and adds in the order of the lists (G41). */
export interface HeaderMutation {
  readonly add: readonly envoy.config.core.v3.HeaderValueOption[];
  readonly remove: readonly string[];
}

export const noMutation: HeaderMutation = { add: [], remove: [] };

/** Entries of a list that are looked at: what the schema allows. */
const entriesMax = 16;
const valueLengthMax = 4096;

/** @param field where the filter stands, for messages */
export function parseHeaderMutation(field: string, modifier: JsonObject): HeaderMutation | Problem {
  const add: envoy.config.core.v3.HeaderValueOption[] = [];
  const remove: string[] = [];
  const actions = new Map<string, string>();
  const claim = (written: string, action: string): string | Problem => {
    const name = written.toLowerCase();
    const fault =
      nameFault(name) ?? (actions.has(name) && actions.get(name) !== action ? "has two actions" : undefined);
    if (fault !== undefined) return unsupported(`${field}.${action}: header ${shown(written)} ${fault}`);
    if (actions.has(name)) return "";
    actions.set(name, action);
    return name;
  };
  for (const action of ["set", "add"] as const) {
    for (const header of objectsOf(modifier[action]).slice(0, entriesMax)) {
      const key = claim(textOf(header.name) ?? "", action);
      if (typeof key !== "string") return key;
      const value = textOf(header.value) ?? "";
      if (!isHeaderValue(value))
        return unsupported(`${field}.${action}: value of header ${key} is no header value`);
      if (key !== "") add.push(option(key, value, action));
    }
  }
  for (const written of listOf(modifier.remove).slice(0, entriesMax)) {
    const name = claim(textOf(written) ?? "", "remove");
    if (typeof name !== "string") return name;
    if (name !== "") remove.push(name);
  }
  return { add, remove };
}

function option(key: string, value: string, action: "set" | "add"): envoy.config.core.v3.HeaderValueOption {
  return {
    // A percent sign begins one of Envoy's formats; a user's value is literal (G42).
    header: { key, value: value.replaceAll("%", "%%") },
    appendAction: action === "set" ? "OVERWRITE_IF_EXISTS_OR_ADD" : "APPEND_IF_EXISTS_OR_ADD",
    ...(value === "" ? { keepEmptyValue: true } : {}),
  };
}

/** Rule G43. */
function nameFault(name: string): string | undefined {
  if (name === "host") return "cannot be changed, use URLRewrite.hostname";
  return /^[-!#$%&'*+.^_`|~0-9a-z]{1,256}$/.test(name) ? undefined : "cannot be changed";
}

/** Visible ASCII with single blanks inside. */
function isHeaderValue(value: string): boolean {
  return value.length <= valueLengthMax && /^([\x21-\x7e]+([ \t][\x21-\x7e]+)*)?$/.test(value);
}
