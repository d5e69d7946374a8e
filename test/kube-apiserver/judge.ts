/** What a server says of an object, what we say, and where the two differ. */
import { type FieldError, validateObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { isKnownDifference } from "./known-differences.ts";
import type { Answer } from "./kube-apiserver.ts";

export interface Refusal {
  /** Where; undefined where the server does not say. */
  readonly field: string | undefined;
  readonly message: string;
}

/** Empty when it is accepted. */
export type Verdict = readonly Refusal[];

/** Errors of decoding come alone, and so late ones are missing; of the others a server names all. */
const DECODING = /^(strict decoding error|.*cannot unmarshal|.*unable to|.*unrecognized type|.*json:)/i;
const ERRORS_MAX = 64;

/** @throws Error when the answer is neither: the server is ill, or was asked wrongly */
export function serverVerdict({ code, body }: Answer): Verdict {
  if (code === 200 || code === 201) return [];
  const message = String(body.message);
  const { causes = [] } = (body.details ?? {}) as {
    causes?: readonly { field?: string; message?: string }[];
  };
  if (code === 422 && causes.length > 0) {
    return causes.map((cause) => ({ field: fieldOf(cause.field), message: String(cause.message) }));
  }
  const isAllocation = code === 500 && /allocate|duplicate nodePort/.test(message);
  if (code === 400 || code === 422 || isAllocation) return [{ field: undefined, message }];
  throw new Error(`kube-apiserver answered ${code}: ${JSON.stringify(body).slice(0, 500)}`);
}

export function ourVerdict(object: JsonObject, existing?: JsonObject): Verdict {
  return validateObject(object, { existing }).errors.map(({ path, message }: FieldError) => ({
    field: object.kind === "Secret" ? path.replace(/^stringData/, "data") : path,
    message,
  }));
}

/**
 * Why the verdicts differ; undefined when they do not. Both accept or both refuse; for an object of a CRD each names
 * the fields that the other names; of the core kinds, whose code stops here and there, the two have one in common.
 */
export function difference(
  object: JsonObject,
  { ours, theirs, isUpdate = false }: { ours: Verdict; theirs: Verdict; isUpdate?: boolean },
): string | undefined {
  const left = theirs.filter((refusal) => !isKnownDifference(object, refusal, { side: "theirs", isUpdate }));
  const right = ours.filter((refusal) => !isKnownDifference(object, refusal, { side: "ours", isUpdate }));
  if (theirs.length === 0) return right.length === 0 ? undefined : said("only we refuse", right);
  // What cannot be allocated ends a server's work: what else is wrong it does not say.
  if (left.length === 0) return undefined;
  if (ours.length === 0) return said("only the server refuses", left);
  if (left.some(({ message }) => DECODING.test(message))) return undefined;
  const lost = left.some(({ field }) => field === undefined);
  const unnamed = ours.length >= ERRORS_MAX ? [] : left.filter((refusal) => !isNamed(refusal, ours));
  const extra = lost ? [] : right.filter((refusal) => !isNamed(refusal, theirs));
  const isCore = !String(object.apiVersion).startsWith("gateway.");
  if (isCore && (lost || right.length === 0 || unnamed.length < left.length)) return undefined;
  if (unnamed.length > 0) return said("we do not name", unnamed);
  return extra.length > 0 ? said("the server does not name", extra) : undefined;
}

function said(what: string, refusals: Verdict): string {
  const list = refusals.map(({ field, message }) => `  ${field ?? "?"}: ${message.slice(0, 300)}`);
  return `${what}\n${list.slice(0, 5).join("\n")}`;
}

function fieldOf(field: string | undefined): string | undefined {
  if (field === undefined || field === "" || field === "<nil>") return undefined;
  return field.replace("LoadBalancerSourceRanges", "loadBalancerSourceRanges");
}

/** The same field, or one that holds it: the server names now the list, now the item. */
function isNamed({ field }: Refusal, others: Verdict): boolean {
  if (field === undefined) return true;
  return others.some((other) => other.field !== undefined && isNear(field, other.field));
}

function isNear(a: string, b: string): boolean {
  const [left, right] = [a, b].map((path) => path.replaceAll(/\[([^\]]*)\]/g, ".$1")) as [string, string];
  return left.startsWith(right) || right.startsWith(left);
}
