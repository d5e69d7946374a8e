import {
  type ConfigState,
  displayRef,
  getObject,
  type ObjectRef,
  objectKey,
  objectsOfKind,
} from "@routeledger/config-model";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { type AddressRange, formatIpv4, parseIpv4 } from "./address-range.ts";
import type { InputProblem } from "./change-results.ts";

const gatewayGroup = "gateway.networking.k8s.io";

/** What one apply is about. */
export interface AddressContext {
  readonly range: AddressRange;
  readonly state: ConfigState;
  /** All valid objects of the input: a class among them counts already, and what they name is given to nobody else. */
  readonly input: readonly JsonObject[];
  /** What the same event deletes: its addresses are free. */
  readonly leaving: readonly ObjectRef[];
}

export type WithAddresses =
  | { readonly outcome: "completed"; readonly object: JsonObject }
  | { readonly outcome: "refused"; readonly problem: InputProblem };

/**
 * Gives Gateways of ours their addresses (G17), as an API server gives a Service its clusterIP: one that names none, or an
 * `IPAddress` without a value, gets the lowest that no Gateway has, and keeps what it has of the range. It stands in
 * the object's spec from then on, so a state tells who has which. Decides for the objects of one apply, in their order;
 * deterministic.
 */
export class GatewayAddresses {
  readonly #context: AddressContext;
  /** Names of GatewayClasses of ours, after the apply. */
  readonly #classes: ReadonlySet<string>;
  /** Of the range: who has it, as far as the apply was decided. */
  readonly #owners: Map<number, ObjectRef>;
  /** Of the range: who names it in the input, by `objectKey`. */
  readonly #named: ReadonlyMap<number, string>;

  constructor(context: AddressContext) {
    const { range, state, input, leaving } = context;
    this.#context = context;
    this.#classes = ourClasses(state, input);
    const gone = new Set(leaving.map(objectKey));
    const gateways = objectsOfKind(state, gatewayGroup, "Gateway").filter((one) => !gone.has(objectKey(one)));
    this.#owners = new Map(
      gateways.flatMap((one) => inRange(range, one.object).map((address) => [address, one])),
    );
    this.#named = new Map(
      input.flatMap((object) =>
        inRange(range, object).map((address) => [address, objectKey(gatewayRef(object))]),
      ),
    );
  }

  /** @param object valid, with its defaults. What is no Gateway of ours stays as it is. */
  complete(object: JsonObject, ref: ObjectRef): WithAddresses {
    if (!this.#isOurs(object, ref)) return { outcome: "completed", object };
    const { range, state } = this.#context;
    const wanted = addressesOf(object);
    const taken = wanted.flatMap(({ value }, index) => this.#taken(value, ref, index));
    if (taken[0] !== undefined) return { outcome: "refused", problem: taken[0] };
    const had = inRange(range, getObject(state, ref)?.object);
    this.#assign(ref, inRange(range, object));
    const addresses = wanted.length === 0 ? [{ type: "IPAddress" }] : wanted;
    const given = addresses.map((entry) => (asks(entry) ? this.#give(entry, ref, had) : entry));
    if (given.includes(undefined)) {
      this.#assign(ref, had);
      return { outcome: "refused", problem: this.#exhausted(ref) };
    }
    const spec = { ...(object.spec as JsonObject), addresses: given as JsonValue[] };
    return { outcome: "completed", object: { ...object, spec } };
  }

  #isOurs(object: JsonObject, { group, kind }: ObjectRef): boolean {
    if (group !== gatewayGroup || kind !== "Gateway") return false;
    return this.#classes.has(String((object.spec as JsonObject | undefined)?.gatewayClassName));
  }

  /** From now on a Gateway has these, and no others. */
  #assign(ref: ObjectRef, addresses: readonly number[]): void {
    const key = objectKey(ref);
    for (const [address, owner] of this.#owners) if (objectKey(owner) === key) this.#owners.delete(address);
    for (const address of addresses) this.#owners.set(address, ref);
  }

  /** What it had is first; undefined when there is none left. */
  #give(entry: Address, ref: ObjectRef, had: readonly number[]): Address | undefined {
    const address = had.find((one) => !this.#owners.has(one)) ?? this.#lowestFree(objectKey(ref));
    if (address === undefined) return undefined;
    this.#owners.set(address, ref);
    return { ...entry, value: formatIpv4(address) };
  }

  #lowestFree(key: string): number | undefined {
    const { first, last } = this.#context.range;
    for (let address = first; address <= last; address++) {
      const isNamed = (this.#named.get(address) ?? key) !== key;
      if (!this.#owners.has(address) && !isNamed) return address;
    }
    return undefined;
  }

  /** Of an address in the range there is one owner; others may be shared by Gateways of different ports. */
  #taken(value: string | undefined, ref: ObjectRef, index: number): InputProblem[] {
    const owner = this.#owners.get(parseIpv4(value ?? "") ?? -1);
    if (owner === undefined || objectKey(owner) === objectKey(ref)) return [];
    const { range } = this.#context;
    return [
      {
        field: `spec.addresses[${index}].value`,
        expected: `an address of ${range.text} that no other Gateway has, or none at all`,
        message: `${value} is the address of ${displayRef(owner)}`,
        hint: "leave it out, and one that is free is given",
      },
    ];
  }

  #exhausted(ref: ObjectRef): InputProblem {
    const { first, last, text } = this.#context.range;
    return {
      field: "spec.addresses",
      expected: `a free address of ${text}`,
      message: `${displayRef(ref)} gets no address: Gateways have all ${last - first + 1} of ${text}`,
      hint: "widen the range (--gateway-addresses), delete a Gateway, or name an address",
    };
  }
}

interface Address {
  readonly type?: string;
  readonly value?: string;
}

/** An `IPAddress` without a value is ours to choose. */
function asks({ type = "IPAddress", value = "" }: Address): boolean {
  return type === "IPAddress" && value === "";
}

/** An older schema may have let an object of the state in. */
function addressesOf(object: JsonObject | undefined): Address[] {
  const addresses = (object?.spec as { addresses?: unknown } | undefined)?.addresses;
  return Array.isArray(addresses)
    ? addresses.filter((one): one is Address => typeof one === "object" && one !== null)
    : [];
}

/** The addresses of the range that a Gateway names, in its order. */
function inRange({ first, last }: AddressRange, object: JsonObject | undefined): number[] {
  if (object?.kind !== "Gateway") return [];
  return addressesOf(object).flatMap(({ value }) => {
    const address = typeof value === "string" ? parseIpv4(value) : undefined;
    return address !== undefined && address >= first && address <= last ? [address] : [];
  });
}

function gatewayRef(object: JsonObject): ObjectRef {
  const { namespace, name } = (object.metadata ?? {}) as JsonObject;
  return { group: gatewayGroup, kind: "Gateway", namespace: String(namespace), name: String(name) };
}

function ourClasses(state: ConfigState, input: readonly JsonObject[]): Set<string> {
  const classes = new Map(
    objectsOfKind(state, gatewayGroup, "GatewayClass").map(({ name, object }) => [name, object]),
  );
  for (const object of input)
    if (object.kind === "GatewayClass")
      classes.set(String((object.metadata as JsonObject | undefined)?.name), object);
  const ours = [...classes].filter(
    ([, { spec }]) => (spec as JsonObject | undefined)?.controllerName === controllerName,
  );
  return new Set(ours.map(([name]) => name));
}
