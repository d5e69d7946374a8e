import type {
  ProxyEntry,
  ProxyGate,
  ProxyMaker,
  ProxyRecord,
  ProxyRejection,
  ProxyUnanswered,
} from "../api-types.ts";
import { ageOf, formatAge } from "./age.ts";

/** What proxies say and wait for, in lines for people. */

/** Makers in one line; `-o yaml` gives all. */
const makersShownMax = 5;

/** What a proxy rejected: each resource with who made it and the proxy's words; of other responses their version. */
export function rejectionLines(proxy: ProxyEntry, nowMs: number): string[] {
  const resources = proxy.rejections.map((rejection) => {
    const { resourceType, name, time, message, isCulprit } = rejection;
    const unsure = isCulprit ? "" : ", or another of the same response";
    const head = `rejected ${resourceType} ${name}${unsure}${madeByText(rejection)}, ${ageOf(time, nowMs)} ago:`;
    return `${head}\n${indented(message)}`;
  });
  const named = new Set(proxy.rejections.map(({ type }) => type));
  const responses = proxy.types.flatMap(({ type, rejected }) => {
    if (!rejected || named.has(type)) return [];
    return [`rejected ${type} ${rejected.version}:\n${indented(rejected.message)}`];
  });
  return [...resources, ...responses];
}

/** `, made by Service shop/a at 1.12 and BackendTLSPolicy shop/tls at 1.14`: those at fault. */
export function madeByText({ madeBy }: Pick<ProxyRejection, "madeBy">): string {
  const atFault = madeBy.filter((maker) => maker.atFault);
  if (atFault.length === 0) return "";
  const some = atFault.slice(0, makersShownMax).map(makerText);
  const more = atFault.length - some.length;
  return `, made by ${joined(more > 0 ? [...some, `${more} more`] : some)}`;
}

/** What is held back and what for, in one line. */
export function gateLine(
  { reason, resourceType, name, waitsFor, since, until }: ProxyGate,
  nowMs: number,
): string {
  const names = waitsFor.map((key) => `${key.resourceType} ${key.name}`);
  const age = `since ${ageOf(since, nowMs)}`;
  const left = until === undefined ? "" : `, at most ${formatAge(Date.parse(until) - nowMs)} longer`;
  const what = `${resourceType} ${name}`;
  if (reason === "quarantine") return `${what} is in quarantine until it changes, ${age}`;
  if (reason === "addition")
    return `${what} is not sent yet: it waits for ${joined(names) || "its time"}, ${age}${left}`;
  const keeps = names.length > 0 ? `${joined(names)} may refer to it` : "its grace is not over";
  return `${what} left and is kept: ${keeps}, ${age}${left}`;
}

/** The oldest thing that a proxy waits for, for a table; `-` for nothing. */
export function waitsCell(waits: ProxyGate | ProxyUnanswered | null, nowMs: number): string {
  if (waits === null) return "-";
  const age = ageOf(waits.since, nowMs);
  if (waits.reason === "answer") return `its answer to ${waits.type}, ${age}`;
  const [first, ...more] = waits.waitsFor;
  const what = first === undefined ? "" : ` for ${first.resourceType} ${first.name}`;
  return `${waits.type} ${waits.name}${what}${more.length > 0 ? ` and ${more.length} more` : ""}, ${age}`;
}

/** One record of a proxy's history. */
export function recordLine({ time, what, type, version, detail }: ProxyRecord, nowMs: number): string {
  const { message, reason, resources, removed, total, culprits, protocol, peer } = detail;
  const about = [
    type ?? "",
    version ?? "",
    typeof resources === "number" ? `${resources} resources` : "",
    typeof removed === "number" && removed > 0 ? `${removed} removed` : "",
    typeof total === "number" ? `${total} held back` : "",
    Array.isArray(culprits) && culprits.length > 0 ? culprits.slice(0, makersShownMax).join(", ") : "",
    typeof protocol === "string" ? `${protocol} ${String(peer ?? "")}` : "",
    String(message ?? reason ?? "").replace(/\s*\n\s*/g, " "),
  ].filter((text) => text !== "");
  return `${ageOf(time, nowMs).padEnd(8)}${what.padEnd(14)}${about.join(" ")}`.trimEnd();
}

function makerText({ kind, namespace, name, revision }: ProxyMaker): string {
  return `${kind} ${namespace === "" ? "" : `${namespace}/`}${name} at ${revision}`;
}

/** `a, b and c` */
function joined(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join("");
  return `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

function indented(text: string): string {
  return `    ${text.trim().replace(/\n/g, "\n    ")}`;
}
