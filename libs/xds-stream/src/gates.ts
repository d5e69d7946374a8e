/** What a stream holds back, and for what: for people, and for DELIVERY (rules 46 and 72). */
import { by } from "@routeledger/std";
import { type ResourceType, resourceTypes } from "@routeledger/xds-model";
import { gatedTypes, hasHeldBack } from "./addition.ts";
import { quarantined } from "./quarantine.ts";
import { snapshotOfStream } from "./served.ts";
import type { Gate, StreamOutput } from "./stream-io.ts";
import type { XdsStream } from "./stream-state.ts";

/** The output that says what is held back now, when that changed. Costs nothing while nothing is. */
export function gatesChanged(stream: XdsStream): StreamOutput[] {
  if (stream.gatesTold.length === 0 && !mayHoldBack(stream)) return [];
  const gates = gatesOf(stream);
  if (isSame(gates, stream.gatesTold)) return [];
  stream.gatesTold = gates;
  return [{ type: "gates", gates }];
}

function mayHoldBack(stream: XdsStream): boolean {
  if (hasHeldBack(stream)) return true;
  for (const type of resourceTypes) {
    const { leaving, rejected } = stream.types[type];
    if (leaving.size + rejected.size > 0) return true;
  }
  return false;
}

/** Sorted by reason, type and name. */
function gatesOf(stream: XdsStream): Gate[] {
  return [...additions(stream), ...quarantines(stream), ...removals(stream)];
}

function additions({ additions: { held }, gateDeadlineMs: deadlineMs }: XdsStream): Gate[] {
  return gatedTypes.flatMap((type) =>
    [...held[type]].sort(by(([name]) => name)).map(([name, clusters]): Gate => {
      const waitsFor = clusters.map((cluster) => ({ type: "cluster" as const, name: cluster }));
      return { reason: "addition", type, name, waitsFor, deadlineMs };
    }),
  );
}

function quarantines(stream: XdsStream): Gate[] {
  return typesInOrder.flatMap((type) =>
    quarantined(stream, stream.types[type]).map(
      (name): Gate => ({ reason: "quarantine", type, name, waitsFor: [], deadlineMs: undefined }),
    ),
  );
}

/** Route tables, endpoints and extension configs are never removed by name, and in SotW secrets are not either. */
function removals(stream: XdsStream): Gate[] {
  const { retireGraceMs } = snapshotOfStream(stream);
  const types: ResourceType[] = stream.protocol === "delta" ? ["cluster", "secret"] : ["cluster"];
  return types.flatMap((type) =>
    [...stream.types[type].leaving]
      .sort(by(([name]) => name))
      .map(([name, { graceOver, waitsFor }]): Gate => {
        const deadlineMs = graceOver ? undefined : retireGraceMs;
        return { reason: "removal", type, name, waitsFor, deadlineMs };
      }),
  );
}

const typesInOrder = [...resourceTypes].sort();

function isSame(some: readonly Gate[], others: readonly Gate[]): boolean {
  return some.length === others.length && some.every((gate, index) => isSameGate(gate, others[index]));
}

function isSameGate(gate: Gate, other: Gate | undefined): boolean {
  return (
    gate.reason === other?.reason &&
    gate.type === other.type &&
    gate.name === other.name &&
    gate.deadlineMs === other.deadlineMs &&
    gate.waitsFor.length === other.waitsFor.length &&
    gate.waitsFor.every(({ type, name }, index) => {
      const named = other.waitsFor[index];
      return named?.type === type && named.name === name;
    })
  );
}
