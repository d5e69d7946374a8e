import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import type { Problem } from "../problem.ts";
import { parseGrpcMatch } from "./grpc-match.ts";
import { type HttpMatch, parseMatch } from "./match.ts";

/** What tells the rules of an HTTPRoute from those of a GRPCRoute. */
export interface RuleKind {
  /** @param field where the match stands, for messages */
  readonly parseMatch: (field: string, match: JsonObject) => HttpMatch | Problem;
  /** Fields of a rule that are refused: not served, or not of this kind. */
  readonly refusedFields: readonly string[];
  /** Types of filters that the kind has; undefined is all that are served. */
  readonly filterTypes: readonly string[] | undefined;
  /** Answer where a request cannot be served: gRPC's UNAVAILABLE is 503 to Envoy, which makes UNKNOWN of 500 (G64). */
  readonly failureStatus: FailureStatus;
}

export type FailureStatus = 500 | 503;

const httpRules: RuleKind = {
  parseMatch,
  refusedFields: ["sessionPersistence"],
  filterTypes: undefined,
  failureStatus: 500,
};

const grpcRules: RuleKind = {
  parseMatch: parseGrpcMatch,
  refusedFields: ["retry", "sessionPersistence", "timeouts"],
  filterTypes: ["RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef"],
  failureStatus: 503,
};

export function ruleKindOf(route: ConfigObject): RuleKind {
  return route.kind === "GRPCRoute" ? grpcRules : httpRules;
}
