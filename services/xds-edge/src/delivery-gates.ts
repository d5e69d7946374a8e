import type { MessageTypes } from "@routeledger/protos";
import { typeNumbers } from "@routeledger/xds-model";
import type { Gate } from "@routeledger/xds-stream";

/** Gates of one record, and names that one gate waits for; more are counted, not named (rule D4). */
const gatesMax = 100;
const waitsForMax = 10;
/** Of all names in a record, so that one message holds it. */
const charactersMax = 100_000;

const reasons = {
  addition: "GATE_REASON_ADDITION",
  removal: "GATE_REASON_REMOVAL",
  quarantine: "GATE_REASON_QUARANTINE",
} as const satisfies Record<Gate["reason"], string>;

/** A gate and when it closed, wall time in milliseconds. */
export interface TimedGate extends Gate {
  readonly sinceMs: number;
}

/** All that one stream holds back, with the times since when: a gate that stays keeps its time. */
export class StreamGates {
  #gates: readonly TimedGate[] = [];

  get all(): readonly TimedGate[] {
    return this.#gates;
  }

  /** Takes all that is held back now, sorted, in place of what was. */
  update(gates: readonly Gate[], nowMs: number): void {
    const before = new Map(this.#gates.map((gate) => [keyOf(gate), gate.sinceMs]));
    this.#gates = gates.map((gate) => ({ ...gate, sinceMs: before.get(keyOf(gate)) ?? nowMs }));
  }
}

/** What DELIVERY says of them: the first 100, fewer where names are very long, each with the first 10 that it waits for. */
export function gatesFact(gates: readonly TimedGate[]): {
  gates: MessageTypes["routeledger.delivery.v1.Gates"];
} {
  let characters = 0;
  const some = gates.slice(0, gatesMax).filter(({ name, waitsFor }) => {
    const keys = waitsFor.slice(0, waitsForMax);
    characters += keys.reduce((sum, key) => sum + key.name.length, name.length);
    return characters <= charactersMax;
  });
  return { gates: { gates: some.map(gateRecord), total: gates.length } };
}

function gateRecord({ reason, type, name, waitsFor, sinceMs, deadlineMs }: TimedGate) {
  const keys = waitsFor.slice(0, waitsForMax);
  return {
    reason: reasons[reason],
    type: typeNumbers[type],
    name,
    waitsFor: keys.map((key) => ({ type: typeNumbers[key.type], name: key.name })),
    sinceUnixMs: sinceMs,
    ...(deadlineMs !== undefined && { untilUnixMs: sinceMs + deadlineMs }),
  };
}

function keyOf({ reason, type, name }: Gate): string {
  return `${reason}\n${type}\n${name}`;
}
