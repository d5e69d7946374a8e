import { parseRevision, type Revision } from "@routeledger/std";
import type { FastifyRequest } from "fastify";
import { apiFailure } from "./api-failure.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Whose token the request has; undefined in open mode. */
    tokenActor: string | undefined;
  }
}

/** One value of the query; undefined where it is absent or empty. @throws Failure `badRequest` when given twice */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, unknown>)[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return value;
  throw apiFailure("badRequest", `${name} is given more than once`);
}

/** `true`, `1` and a bare name are true. @throws Failure `badRequest` */
export function queryFlag(request: FastifyRequest, name: string): boolean {
  const present = (request.query as Record<string, unknown>)[name];
  const text = present === "" ? "true" : (queryText(request, name) ?? "false");
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw apiFailure("badRequest", `${name}: expected true or false, got "${text}"`);
}

/** A whole number within bounds; `otherwise` where it is absent. @throws Failure `badRequest` */
export function queryNumber(
  request: FastifyRequest,
  name: string,
  { otherwise, max }: { readonly otherwise: number; readonly max: number },
): number {
  const text = queryText(request, name);
  if (text === undefined) return otherwise;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= max) return number;
  throw apiFailure("badRequest", `${name}: expected a whole number up to ${max}, got "${text}"`);
}

/** A part of the path. */
export function pathText(request: FastifyRequest, name: string): string {
  return String((request.params as Record<string, unknown>)[name] ?? "");
}

/** Of `If-Match: "1.412"`. @throws Failure `badRequest` */
export function ifMatch(request: FastifyRequest): Revision | undefined {
  const header = request.headers["if-match"];
  if (header === undefined) return undefined;
  const parsed = parseRevision(header.replace(/^(?:W\/)?"@?(.*)"$/, "$1"));
  if (parsed !== undefined) return parsed;
  throw apiFailure("badRequest", `If-Match: expected a revision such as "1.412", got ${header}`);
}
