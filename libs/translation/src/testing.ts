import {
  type ConfigState,
  completeObject,
  emptyConfigState,
  evolve,
  getObject,
  type ObjectChange,
  refOf,
} from "@routeledger/config-model";
import { codec, type MessageName, toJson } from "@routeledger/protos";
import { type JsonObject, type JsonValue, revision } from "@routeledger/std";
import type { Part, ResourceType } from "@routeledger/xds-model";

/** What an apply of these objects changes. */
export function changesTo(state: ConfigState, objects: readonly JsonObject[]): ObjectChange[] {
  const sequence = state.revision.sequence + 1;
  return objects.flatMap((object) => {
    const existing = getObject(state, refOf(object));
    const context = { existing, source: "test", uid: `uid-${sequence}`, timeMs: sequence * 1000 };
    const change = completeObject(object, context);
    return change === "unchanged" ? [] : [change];
  });
}

/** The state after one more change set of these objects, as an apply makes it, at the next revision. */
export function applyObjects(state: ConfigState, objects: readonly JsonObject[]): ConfigState {
  const sequence = state.revision.sequence + 1;
  const changes = changesTo(state, objects);
  const event = { revision: revision(1, sequence), timeMs: sequence * 1000, term: 0 };
  return evolve(state, { ...event, fact: { type: "changeSet", changes } });
}

/** The state of exactly these objects. */
export function stateOf(objects: readonly JsonObject[]): ConfigState {
  return applyObjects(emptyConfigState, objects);
}

/** The state of objects that nobody checked or completed. */
export function rawStateOf(objects: readonly JsonObject[]): ConfigState {
  const at = { revision: revision(1, 1), timeMs: 0, term: 0 };
  const changes = objects.map((object) => ({
    type: "applied" as const,
    ...refOf(object),
    version: "v1",
    json: JSON.stringify(object),
    source: "test",
  }));
  return evolve(emptyConfigState, { ...at, fact: { type: "changeSet", changes } });
}

/** The state without an object. */
export function deleteObject(state: ConfigState, object: JsonObject): ConfigState {
  const sequence = state.revision.sequence + 1;
  const event = { revision: revision(1, sequence), timeMs: sequence * 1000, term: 0 };
  const change = { type: "deleted" as const, source: "test", ...refOf(object) };
  return evolve(state, { ...event, fact: { type: "changeSet", changes: [change] } });
}

export const messageNames: Readonly<Record<ResourceType, MessageName>> = {
  cluster: "envoy.config.cluster.v3.Cluster",
  endpoint: "envoy.config.endpoint.v3.ClusterLoadAssignment",
  listener: "envoy.config.listener.v3.Listener",
  route: "envoy.config.route.v3.RouteConfiguration",
  secret: "envoy.extensions.transport_sockets.tls.v3.Secret",
  extensionConfig: "envoy.config.core.v3.TypedExtensionConfig",
};

/** A part decoded, in canonical proto3 JSON. */
export function partJson(part: Part): JsonValue {
  const name = part.virtualHost === "" ? messageNames[part.type] : "envoy.config.route.v3.VirtualHost";
  return toJson(name, codec(name).decode(part.bytes));
}
