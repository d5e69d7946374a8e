/** Plays a scenario with the model: no sockets, no time. */
import { composeResource, type Resource, type ResourceType, typeOfUrl } from "@routeledger/xds-model";
import type { Protocol } from "@routeledger/xds-stream";
import { ModelEnvoy } from "./model/model-envoy.ts";
import type { XdsRequest } from "./model/mux.ts";
import { VirtualClock } from "./model/virtual-clock.ts";
import {
  drainMs,
  quietMs,
  type Scenario,
  type ScriptedResponse,
  type SeenRequest,
  seenRequest,
  type Trace,
} from "./scenario.ts";

/** Envoy's back-off before a new stream, at most, milliseconds; nothing in a scenario depends on it. */
const backoffMs = 100;

/** What the model sends at each move. */
export function playModel({ moves }: Scenario, protocol: Protocol): Trace {
  const clock = new VirtualClock();
  const envoy = new ModelEnvoy({
    protocol,
    clock,
    nodeId: "model",
    drainMs,
    healthCheckMs: 1,
    isRdsTimeoutKey: false,
  });
  let seen: SeenRequest[] = [];
  let count = 0;
  const receive = (request: XdsRequest): void => {
    const type = typeOfUrl(request.typeUrl);
    if (type !== undefined) seen.push(seenRequest(type, request));
  };
  const settle = (ms: number): readonly SeenRequest[] => {
    clock.runUntil(clock.nowMs + ms);
    const requests = seen;
    seen = [];
    return requests;
  };
  envoy.connect(receive);
  const trace = [settle(quietMs)];
  for (const move of moves) {
    if (move.do === "send")
      for (const response of move.responses) envoy.take(received(response, ++count, protocol));
    if (move.do === "reconnect") {
      envoy.disconnect();
      clock.runUntil(clock.nowMs + backoffMs);
      envoy.connect(receive);
    }
    trace.push(settle(move.do === "pass" ? move.ms + quietMs : quietMs));
  }
  return trace;
}

function received({ type, parts, removed = [] }: ScriptedResponse, count: number, protocol: Protocol) {
  const version = `v${count}`;
  const resources = parts.map((part): Resource => {
    const composed = composeResource([part], { epoch: 1, sequence: count });
    return { ...composed, references: composed.references, version };
  });
  const resourceType: ResourceType = type;
  return {
    resourceType,
    nonce: `${count}`,
    version,
    resources,
    removed: protocol === "delta" ? removed : [],
  };
}
