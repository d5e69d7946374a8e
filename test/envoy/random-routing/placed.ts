/** States are made of placeholders; this gives a state ports, namespaces and addresses of its own, behind the door. */
import type { JsonObject, JsonValue } from "@routeledger/std";
import { throughTheDoor } from "../../features/translation/through-the-door.ts";
import type { GatewayObject } from "./gateway-objects.ts";
import type { Asked } from "./oracle.ts";
import type { PlannedRequest } from "./random-requests.ts";

export interface GatewayPort {
  readonly number: number;
  /** On which of a state's Gateways; two never share a port. */
  readonly gateway: number;
  readonly tls: boolean;
}

/** Placeholders of ports that Gateways listen on. */
export const gatewayPorts: readonly GatewayPort[] = [
  { number: 1001, gateway: 0, tls: false },
  { number: 1002, gateway: 0, tls: true },
  { number: 1003, gateway: 0, tls: false },
  { number: 1004, gateway: 1, tls: false },
  { number: 1005, gateway: 1, tls: true },
];

/** Placeholders of ports of endpoints; each answers as another backend. */
export const endpointPorts: readonly number[] = [2001, 2002, 2003, 2004];

/** Placeholders that pass the door, as loopback would not. */
export const gatewayAddress = "198.51.100.1";
export const endpointAddress = "198.51.100.2";

export interface Place {
  /** Of all places of one Envoy another one; names the namespaces. */
  readonly slot: number;
  readonly address: string;
  /** In the order of `gatewayPorts`. */
  readonly ports: readonly number[];
  /** In the order of `endpointPorts`. */
  readonly backendPorts: readonly number[];
}

export interface PlacedState {
  readonly slot: number;
  /** As the log holds them. */
  readonly objects: readonly JsonObject[];
  readonly requests: readonly Asked[];
}

/** The state at a place. What the door refuses of its objects is left out of them, and of what the oracle is told. */
export function placed(
  {
    objects,
    requests,
  }: { readonly objects: readonly JsonObject[]; readonly requests: readonly PlannedRequest[] },
  place: Place,
): PlacedState {
  const namespaces = new Map<JsonValue, JsonValue>(
    ["own", "other"].map((name) => [name, `${name}-${place.slot}`]),
  );
  const portOf = (numbers: readonly number[], made: readonly number[]): [number, number][] =>
    numbers.map((number, at) => [number, made[at] ?? 0]);
  const inside = new Map<JsonValue, JsonValue>([
    ...portOf(
      gatewayPorts.map(({ number }) => number),
      place.ports,
    ),
    ...portOf(endpointPorts, place.backendPorts),
    [gatewayAddress, place.address],
    [endpointAddress, "127.0.0.1"],
  ]);
  const admitted = objects.flatMap(
    (object) => throughTheDoor(replaced(object, namespaces) as JsonObject) ?? [],
  );
  return {
    slot: place.slot,
    objects: admitted.map((object) => replaced(object, inside) as JsonObject),
    requests: requests.map((request) => ({ ...request, port: Number(inside.get(request.port)) })),
  };
}

/** The oracle trusts their shapes: the door has seen them. */
export function gatewayObjects({ objects }: PlacedState): readonly GatewayObject[] {
  return objects as unknown as GatewayObject[];
}

/** A copy with other scalars in the place of some. */
function replaced(value: JsonValue, by: ReadonlyMap<JsonValue, JsonValue>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => replaced(item, by));
  if (typeof value !== "object" || value === null) return by.get(value) ?? value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replaced(member, by)]));
}
