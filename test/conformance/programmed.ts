import type { JsonObject } from "@routeledger/std";
import type { ProxyState } from "@routeledger/xds-edge";
import type { Condition } from "./statuses.ts";

/** Every connected proxy of the Gateway, and at least one, has acknowledged all that it subscribes to. */
export function isProgrammed(proxies: readonly ProxyState[], gateway: string): boolean {
  const own = proxies.filter(({ nodeGroup }) => nodeGroup === gateway);
  return own.length > 0 && own.every(({ types }) => types.length > 0 && types.every(isAcknowledged));
}

/** What retires is sent beside the snapshot and named after a plus sign: it is no part of what was asked for. */
function isAcknowledged({ wanted, acked }: ProxyState["types"][number]): boolean {
  return acked !== "" && acked.split("+")[0] === wanted;
}

/**
 * Joins `Programmed` to a Gateway's logged status, as design.md says: where the translation found nothing that
 * stands against it, the deliveries decide.
 */
export function withProgrammed(status: JsonObject, programmed: boolean): JsonObject {
  const { conditions = [], listeners = [] } = status as unknown as GatewayStatus;
  return {
    ...status,
    conditions: join(conditions, programmed),
    listeners: listeners.map((listener) => ({
      ...listener,
      conditions: join(listener.conditions, programmed),
    })),
  } as unknown as JsonObject;
}

interface GatewayStatus {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly conditions: readonly Condition[] }[];
}

function join(conditions: readonly Condition[], programmed: boolean): Condition[] {
  return conditions.map((condition) => {
    if (condition.type !== "Programmed" || condition.status === "False") return condition;
    return programmed
      ? { ...condition, status: "True", reason: "Programmed" }
      : { ...condition, status: "False", reason: "Pending" };
  });
}
