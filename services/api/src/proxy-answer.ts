import type {
  HistoryEntry,
  Maker,
  StoredGate,
  StoredProxy,
  StoredProxyType,
  StoredRejection,
} from "@routeledger/snapshot-store";
import { typeNames } from "@routeledger/xds-model";

/** How a proxy is, in one word: the first of these that holds. */
export type ProxyWord = "disconnected" | "rejected" | "waiting" | "behind" | "current";

/**
 * `rejected`: there is something that it should have and refused. `waiting`: something is not sent to it yet, since it refers
 * to what the proxy cannot use yet. `behind`: it has not acknowledged all that it should have.
 */
export function proxyWord({ connected, types, gates, rejections }: StoredProxy): ProxyWord {
  if (!connected) return "disconnected";
  if (rejections.length > 0 || types.some(({ rejected }) => rejected !== undefined)) return "rejected";
  if (gates.some(({ reason }) => reason === "addition")) return "waiting";
  return types.every(({ current }) => current) ? "current" : "behind";
}

/** A proxy as the api answers it, in lists too. */
export function proxyAnswer(proxy: StoredProxy) {
  const { node, nodeGroup, edge, connected, sinceMs, reason, protocol, peer, userAgent, identity } = proxy;
  return {
    ...{ node, nodeGroup, edge, connected, state: proxyWord(proxy), since: time(sinceMs) },
    ...(reason !== "" && { reason }),
    ...{ protocol, peer, userAgent },
    ...(identity !== "" && { identity }),
    waits: oldestWait(proxy) ?? null,
    types: proxy.types.map(typeAnswer),
    rejections: proxy.rejections.map(rejectionAnswer),
    held: proxy.gatesTotal,
  };
}

/** One proxy with all that is known of it. */
export function proxyDetail(proxy: StoredProxy, history: readonly HistoryEntry[]) {
  return {
    ...proxyAnswer(proxy),
    gates: proxy.gates.map(gateAnswer),
    streams: proxy.streams.map(({ type, connectedMs, disconnectedMs, identity, ...stream }) => ({
      ...stream,
      ...(type !== undefined && { type: typeNames[type] }),
      ...(identity !== "" && { identity }),
      connected: time(connectedMs),
      ...(disconnectedMs !== undefined && { disconnected: time(disconnectedMs) }),
    })),
    history: history.map(({ timeMs, detail, ...entry }) => ({
      time: time(timeMs),
      ...entry,
      detail: JSON.parse(detail) as unknown,
    })),
  };
}

/** The oldest thing that keeps the proxy from having all: a gate, or a response that it has not answered. */
function oldestWait({ gates, types, connected }: StoredProxy) {
  if (!connected) return undefined;
  const additions = gates.filter(({ reason }) => reason === "addition");
  const answers = types.flatMap(({ sent, ...type }) =>
    sent && !sent.answered ? [{ ...type, sinceMs: sent.timeMs, version: sent.version }] : [],
  );
  const [oldest] = [...additions, ...answers].sort((a, b) => a.sinceMs - b.sinceMs);
  if (oldest === undefined) return undefined;
  if ("reason" in oldest) return gateAnswer(oldest);
  const { typeName: type, type: resourceType, version, sinceMs } = oldest;
  return { reason: "answer", type, resourceType, version, since: time(sinceMs) };
}

function typeAnswer({ type, typeName, wanted, sent, acked, rejected, current }: StoredProxyType) {
  return {
    type: typeName,
    resourceType: type,
    wanted,
    sent: sent?.version ?? "",
    acked: acked?.version ?? "",
    rejected: rejected
      ? {
          version: rejected.version,
          message: rejected.message,
          resources: rejected.resources,
          time: time(rejected.timeMs),
        }
      : null,
    current,
    ...(sent && {
      sentAt: time(sent.timeMs),
      sentResources: sent.resources,
      sentBytes: sent.bytes,
      answered: sent.answered,
    }),
    ...(acked && { ackedAt: time(acked.timeMs) }),
  };
}

function rejectionAnswer(rejection: StoredRejection) {
  const { type, typeName, name, isCulprit, version, timeMs, code, message, makers } = rejection;
  return {
    ...{ type: typeName, resourceType: type, name, version, time: time(timeMs), code, message, isCulprit },
    madeBy: makers.map(({ changed, ...maker }: Maker) => ({ ...maker, atFault: changed })),
  };
}

function gateAnswer({ reason, type, typeName, name, waitsFor, sinceMs, untilMs }: StoredGate) {
  return {
    ...{ reason, type: typeName, resourceType: type, name },
    waitsFor: waitsFor.map((key) => ({ type: key.typeName, resourceType: key.type, name: key.name })),
    since: time(sinceMs),
    ...(untilMs !== undefined && { until: time(untilMs) }),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
