import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { backendUpstream } from "../backends/backend-upstream.ts";
import { generationOf } from "../kinds.ts";
import { Problem } from "../problem.ts";
import { condition, conditionList } from "./condition.ts";

/** The status of a Backend (gateway.envoyproxy.io). */
export function backendStatus(backend: ConfigObject): JsonObject {
  const upstream = backendUpstream(backend);
  const accepted =
    upstream instanceof Problem
      ? condition("Accepted", "False", "Invalid", upstream.message)
      : condition("Accepted", "True", "Accepted");
  return { conditions: conditionList([accepted], generationOf(backend)) };
}
