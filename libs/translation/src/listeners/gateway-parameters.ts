import type { ConfigObject } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { specOf } from "../kinds.ts";
import { type Condition, condition } from "../statuses/condition.ts";
import { objectOf, shown } from "../untrusted.ts";

/** No kind of parameters is served: a Gateway that asks for some, or whose class does, is not accepted. */
export function parametersRefusal(spec: JsonObject, gatewayClass: ConfigObject): Condition | undefined {
  const { parametersRef } = objectOf(spec.infrastructure);
  if (specOf(gatewayClass).parametersRef !== undefined) {
    const message = `GatewayClass ${gatewayClass.name} is not accepted: it has parametersRef`;
    return condition("Accepted", "False", "InvalidParameters", message);
  }
  if (parametersRef === undefined || parametersRef === null) return undefined;
  const message = `infrastructure.parametersRef ${shown(parametersRef)}: no kind of parameters is served`;
  return condition("Accepted", "False", "InvalidParameters", message);
}
