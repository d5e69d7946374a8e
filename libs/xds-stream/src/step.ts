import { compareRevisions } from "@routeledger/std";
import { type ResourceType, typeNames, typeOfUrl, typeUrls } from "@routeledger/xds-model";
import { closeGate, clustersGateTimer, endGate } from "./clusters-gate.ts";
import { nextResponse } from "./flush.ts";
import { endGrace } from "./leaving.ts";
import { settledTypes } from "./settled.ts";
import { takeSnapshot } from "./snapshot-change.ts";
import type { CloseCode, DeltaRequest, SotwRequest, StreamInput, StreamOutput } from "./stream-io.ts";
import { backlogMax, unknownNamesMax, unknownTypesMax, type XdsStream } from "./stream-state.ts";
import { takeDeltaRequest } from "./subscribe-delta.ts";
import { endDuplicateInterval, takeSotwRequest } from "./subscribe-sotw.ts";

/**
 * One ADS stream: takes one input and says what to do. The stream that was given may be reused; the caller forgets
 * it. At most one `send` comes out of a step: the caller writes it and gives `writable` when the socket takes more,
 * so a slow client makes no queue (rule 68).
 */
export function step(
  stream: XdsStream,
  input: StreamInput,
): { readonly stream: XdsStream; readonly outputs: readonly StreamOutput[] } {
  if (stream.closed) return { stream, outputs: [] };
  const outputs = take(stream, input);
  if (!stream.closed) outputs.push(...flush(stream));
  return { stream, outputs };
}

function take(stream: XdsStream, input: StreamInput): StreamOutput[] {
  switch (input.type) {
    case "sotwRequest":
    case "deltaRequest":
      return takeRequest(stream, input.request);
    case "snapshot": {
      const outputs = takeSnapshot(stream, input.snapshot);
      for (const request of stream.backlog.splice(0)) outputs.push(...applyRequest(stream, request));
      return outputs;
    }
    case "writable":
      stream.writable = true;
      return [];
    case "timer":
      return takeTimer(stream, input.id);
  }
}

function takeTimer(stream: XdsStream, id: string): StreamOutput[] {
  const [kind, type] = id.split("-");
  if (kind === "duplicate") return endDuplicateInterval(stream, stream.types[type as ResourceType]);
  if (id === clustersGateTimer) endGate(stream);
  else endGrace(stream, id);
  return [];
}

function takeRequest(stream: XdsStream, request: SotwRequest | DeltaRequest): StreamOutput[] {
  const outputs: StreamOutput[] = [];
  const typeUrl = typeUrlOf(stream, request);
  if (typeUrl === undefined) return close(stream, "INVALID_ARGUMENT", wrongTypeUrl(stream, request));
  if (stream.node === undefined) {
    const { node } = request;
    if (node === undefined || node.id === "")
      return close(stream, "INVALID_ARGUMENT", "the first request of a stream names no node id");
    outputs.push({ type: "connected", node });
  }
  // Dynamic parameters may change; who the node is does not (rule 2).
  stream.node ??= request.node;
  if (stream.snapshot !== undefined) return [...outputs, ...applyRequest(stream, request)];
  if (stream.backlog.length >= backlogMax)
    return close(stream, "RESOURCE_EXHAUSTED", `more than ${backlogMax} requests before the first answer`);
  stream.backlog.push(request);
  return outputs;
}

/** Of a per-type service an empty type URL means its type, and there is no other (rule 1). Undefined: refused. */
function typeUrlOf({ resourceType }: XdsStream, { typeUrl }: SotwRequest | DeltaRequest): string | undefined {
  const implied = resourceType === undefined ? "" : typeUrls[resourceType];
  if (typeUrl === "") return implied === "" ? undefined : implied;
  return implied === "" || typeUrl === implied ? typeUrl : undefined;
}

function wrongTypeUrl({ resourceType }: XdsStream, { typeUrl }: SotwRequest | DeltaRequest): string {
  if (resourceType === undefined) return "an ADS request without a type URL";
  return `a request for ${typeUrl.slice(0, 200)} on a stream of ${typeNames[resourceType]}`;
}

function applyRequest(stream: XdsStream, request: SotwRequest | DeltaRequest): StreamOutput[] {
  const type = stream.resourceType ?? typeOfUrl(request.typeUrl);
  if (type === undefined) return rememberUnknown(stream, request);
  const subscription = stream.types[type];
  const outputs =
    "resourceNames" in request
      ? takeSotwRequest(stream, subscription, request)
      : takeDeltaRequest(stream, subscription, request);
  if (subscription.names.size <= stream.namesMax) return outputs;
  return close(stream, "RESOURCE_EXHAUSTED", `more than ${stream.namesMax} names of ${typeUrls[type]}`);
}

/** A type that is not served is never answered and never ends the stream (rule 12). */
function rememberUnknown(stream: XdsStream, request: SotwRequest | DeltaRequest): StreamOutput[] {
  const known = stream.unknownTypes.get(request.typeUrl);
  if (known === undefined && stream.unknownTypes.size >= unknownTypesMax) return [];
  const isSotw = "resourceNames" in request;
  const names = isSotw || known === undefined ? new Set<string>() : known;
  const added = isSotw ? request.resourceNames : request.resourceNamesSubscribe;
  for (const name of added) if (names.size < unknownNamesMax) names.add(name);
  if (!isSotw) for (const name of request.resourceNamesUnsubscribe) names.delete(name);
  stream.unknownTypes.set(request.typeUrl, names);
  return [];
}

function flush(stream: XdsStream): StreamOutput[] {
  const { snapshot, floor } = stream;
  if (snapshot === undefined || !stream.writable) return [];
  if (compareRevisions(snapshot.revision, floor) < 0) {
    if (stream.behindTold) return [];
    stream.behindTold = true;
    return [{ type: "behind", shown: floor, held: snapshot.revision }];
  }
  stream.behindTold = false;
  const response = nextResponse(stream);
  const timers = closeGate(stream);
  if (response === undefined) return [...timers, ...settledTypes(stream)];
  stream.writable = false;
  return [...timers, { type: "send", response }];
}

function close(stream: XdsStream, code: CloseCode, message: string): StreamOutput[] {
  stream.closed = true;
  return [{ type: "close", code, message }];
}
