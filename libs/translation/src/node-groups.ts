import { type ConfigObject, type ConfigState, getObject, objectsOfKind } from "@routeledger/config-model";
import { controllerName, gatewayGroup, specOf } from "./kinds.ts";
import { textOf } from "./untrusted.ts";

/** A node group, `namespace/name`. */
export const nodeGroupPattern = /^[^/]+\/[^/]+$/;

/**
 * `namespace/name` of every Gateway of a class of ours, sorted (G103). One whose names hold a slash, or none, has no
 * node group: the door lets no such name in.
 */
export function nodeGroups(state: ConfigState): string[] {
  return objectsOfKind(state, gatewayGroup, "Gateway")
    .filter((gateway) => classOf(state, gateway) !== undefined)
    .map(({ namespace, name }) => `${namespace}/${name}`)
    .filter((nodeGroup) => nodeGroupPattern.test(nodeGroup))
    .sort();
}

/** The class of a Gateway when it is one of ours. */
export function classOf(state: ConfigState, gateway: ConfigObject): ConfigObject | undefined {
  const name = textOf(specOf(gateway).gatewayClassName) ?? "";
  const gatewayClass = getObject(state, { group: gatewayGroup, kind: "GatewayClass", namespace: "", name });
  return gatewayClass !== undefined && isOurs(gatewayClass) ? gatewayClass : undefined;
}

export function isOurs(gatewayClass: ConfigObject): boolean {
  return specOf(gatewayClass).controllerName === controllerName;
}

/** The Gateway of a node group and its class; undefined when it is none of ours. */
export function findGateway(
  state: ConfigState,
  nodeGroup: string,
): { readonly gateway: ConfigObject; readonly gatewayClass: ConfigObject } | undefined {
  const [namespace = "", name = ""] = nodeGroup.split("/");
  const gateway = getObject(state, { group: gatewayGroup, kind: "Gateway", namespace, name });
  const gatewayClass = gateway && classOf(state, gateway);
  return gateway && gatewayClass && { gateway, gatewayClass };
}
