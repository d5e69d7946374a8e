import { fromUtf8, utf8 } from "@routeledger/std";
import type { LeaderSignal, LeaderSignals } from "./leader-signals.ts";

/** What of a bus is needed: messages may be lost. */
export interface SignalBus {
  publish(subject: string, body: Uint8Array): void;
  subscribe(subject: string, heard: (body: Uint8Array) => void): () => void;
}

const subject = "routeledger.translator";
/** A longer message is not ours. */
const bodyBytesMax = 4_096;

/** Translators hear of each other as JSON on one subject. What cannot be read is ignored. */
export function signalsOnBus(bus: SignalBus): LeaderSignals {
  return {
    say: ({ kind, term, name }) => bus.publish(subject, utf8(JSON.stringify({ kind, term, name }))),
    listen: (heard) =>
      bus.subscribe(subject, (body) => {
        const signal = decode(body);
        if (signal !== undefined) heard(signal);
      }),
  };
}

function decode(body: Uint8Array): LeaderSignal | undefined {
  if (body.length > bodyBytesMax) return undefined;
  const { kind, term, name } = parseObject(body);
  if (kind !== "leads" && kind !== "resigns") return undefined;
  if (typeof term !== "number" || !Number.isSafeInteger(term) || term < 0) return undefined;
  return typeof name === "string" ? { kind, term, name } : undefined;
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(fromUtf8(body));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
