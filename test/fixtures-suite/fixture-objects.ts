import { type ConfigState, knownKinds, sealSecret, validateObject } from "@routeledger/config-model";
import { testKeyring } from "@routeledger/config-model/testing";
import type { JsonObject } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { stateOf } from "@routeledger/translation/testing";

const kinds = new Set(knownKinds().map(({ group, kind }) => `${group}/${kind}`));

/** Versions that nobody serves any more, whose content is that of a later one. */
const laterVersions: Readonly<Record<string, string>> = {
  "gateway.networking.k8s.io/v1alpha2 BackendTLSPolicy": "gateway.networking.k8s.io/v1",
  "gateway.networking.k8s.io/v1alpha2 GRPCRoute": "gateway.networking.k8s.io/v1",
  "gateway.networking.k8s.io/v1alpha2 ReferenceGrant": "gateway.networking.k8s.io/v1",
};

/**
 * The state of objects of other projects: of our GatewayClass; validated, completed and sealed as the door does it.
 * What the door refuses is in it as it is, as a log may hold it: the other translator also got it without a schema.
 * Objects of kinds that are not known are left out, as if they did not exist.
 */
export function fixtureState(objects: readonly JsonObject[]): ConfigState {
  return stateOf(objects.map(withLaterVersion).filter(isKnown).map(throughTheDoor));
}

/** Another controller's GatewayClass as ours. */
export function ownClass(name: string): JsonObject {
  const metadata = { name };
  const spec = { controllerName };
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "GatewayClass", metadata, spec };
}

function withLaterVersion(object: JsonObject): JsonObject {
  const later = laterVersions[`${object.apiVersion} ${object.kind}`];
  return later === undefined ? object : { ...object, apiVersion: later };
}

function isKnown({ apiVersion, kind }: JsonObject): boolean {
  const [group, version] = String(apiVersion).split("/");
  return kinds.has(`${version === undefined ? "" : group}/${kind}`);
}

function throughTheDoor(input: JsonObject): JsonObject {
  const { object, errors } = validateObject(input);
  if (errors.length > 0) return input;
  return object.kind === "Secret" ? sealSecret(object, testKeyring) : object;
}
