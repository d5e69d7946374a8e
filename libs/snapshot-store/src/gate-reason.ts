/** Why something is held back on a stream, as DELIVERY numbers it (rule D4). */
export const GateReason = { addition: 1, removal: 2, quarantine: 3 } as const;

export type GateReasonName = keyof typeof GateReason;

const names = new Map<number, GateReasonName>(
  Object.entries(GateReason).map(([name, value]) => [value, name as GateReasonName]),
);

/** The name of a reason; undefined for one of a later version. */
export function gateReasonName(reason: number): GateReasonName | undefined {
  return names.get(reason);
}
