/** What inputs do to a stream, one function a kind of transition (see `transitions`). None of them sends. */
import { assert } from "@routeledger/std";
import { type ResourceType, typeNames, typeOfUrl, typeUrls } from "@routeledger/xds-model";
import { takeSnapshot } from "./snapshot-change.ts";
import type { CloseCode, RequestInput, StreamInput, StreamOutput } from "./stream-io.ts";
import { backlogMax, isWanted, unknownNamesMax, unknownTypesMax, type XdsStream } from "./stream-state.ts";
import { takeDeltaRequest } from "./subscribe-delta.ts";
import { takeSotwRequest } from "./subscribe-sotw.ts";
import { endTimer } from "./timer.ts";

type SnapshotInput = Extract<StreamInput, { readonly type: "snapshot" }>;
type OwedInput = Extract<StreamInput, { readonly type: "owed" }>;
type TimerInput = Extract<StreamInput, { readonly type: "timer" }>;

export function ignore(): StreamOutput[] {
  return [];
}

/** The first request: it says who the node is (rule 2). */
export function connect(stream: XdsStream, input: RequestInput): StreamOutput[] {
  const { node } = input.request;
  const typeUrl = typeUrlOf(stream, input);
  if (typeUrl === undefined) return refuseType(stream, input);
  if (node === undefined || node.id === "")
    return close(stream, "INVALID_ARGUMENT", "the first request of a stream names no node id");
  stream.node = node;
  stream.phase = "connecting";
  const outputs: StreamOutput[] = [{ type: "connected", node }, ...putOff(stream, input)];
  if (stream.snapshot !== undefined) outputs.push(...serveBacklog(stream));
  return outputs;
}

/** Requests wait for the first snapshot: an empty answer would take everything from the client (rule 67). */
export function putOff(stream: XdsStream, input: RequestInput): StreamOutput[] {
  if (typeUrlOf(stream, input) === undefined) return refuseType(stream, input);
  if (stream.backlog.length >= backlogMax)
    return close(stream, "RESOURCE_EXHAUSTED", `more than ${backlogMax} requests before the first answer`);
  stream.backlog.push(input);
  return [];
}

/** A snapshot came before anybody asked. */
export function keepSnapshot(stream: XdsStream, { snapshot }: SnapshotInput): StreamOutput[] {
  return takeSnapshot(stream, snapshot);
}

/** The first snapshot: what waited for it is taken, in the order in which it came. */
export function beginServing(stream: XdsStream, { snapshot }: SnapshotInput): StreamOutput[] {
  return [...takeSnapshot(stream, snapshot), ...serveBacklog(stream)];
}

export function replaceSnapshot(stream: XdsStream, { snapshot }: SnapshotInput): StreamOutput[] {
  return takeSnapshot(stream, snapshot);
}

export function resume(stream: XdsStream): StreamOutput[] {
  stream.phase = "serving";
  return [];
}

export function elapse(stream: XdsStream, { id }: TimerInput): StreamOutput[] {
  return endTimer(stream, id);
}

/** What another stream of the client makes it need again, of what it subscribed to here. */
export function takeOwed(stream: XdsStream, { names }: OwedInput): StreamOutput[] {
  for (const { type, name } of names) {
    const subscription = stream.types[type];
    if (isWanted(subscription, name)) subscription.owed.add(name);
  }
  return [];
}

export function takeRequest(stream: XdsStream, input: RequestInput): StreamOutput[] {
  const typeUrl = typeUrlOf(stream, input);
  if (typeUrl === undefined) return refuseType(stream, input);
  const type = typeOfUrl(typeUrl);
  return type === undefined ? rememberUnknown(stream, input) : applyRequest(stream, type, input);
}

function serveBacklog(stream: XdsStream): StreamOutput[] {
  if (stream.phase === "closed") return [];
  stream.phase = "serving";
  const outputs: StreamOutput[] = [];
  for (const request of stream.backlog.splice(0)) {
    if (isOpen(stream)) outputs.push(...takeRequest(stream, request));
  }
  return outputs;
}

function isOpen({ phase }: XdsStream): boolean {
  return phase !== "closed";
}

function applyRequest(stream: XdsStream, type: ResourceType, input: RequestInput): StreamOutput[] {
  const subscription = stream.types[type];
  assert(input.type.startsWith(stream.protocol), `a ${stream.protocol} request, got ${input.type}`);
  const outputs =
    input.type === "sotwRequest"
      ? takeSotwRequest(stream, subscription, input.request)
      : takeDeltaRequest(stream, subscription, input.request);
  if (subscription.names.size <= stream.namesMax) return outputs;
  return close(stream, "RESOURCE_EXHAUSTED", `more than ${stream.namesMax} names of ${typeUrls[type]}`);
}

/** Of a per-type service an empty type URL means its type, and there is no other (rule 1). Undefined: refused. */
function typeUrlOf({ resourceType }: XdsStream, { request }: RequestInput): string | undefined {
  const { typeUrl } = request;
  if (resourceType === undefined) return typeUrl === "" ? undefined : typeUrl;
  const implied = typeUrls[resourceType];
  return typeUrl === "" || typeUrl === implied ? implied : undefined;
}

function refuseType(stream: XdsStream, { request }: RequestInput): StreamOutput[] {
  const message =
    stream.resourceType === undefined
      ? "an ADS request without a type URL"
      : `a request for ${request.typeUrl.slice(0, 200)} on a stream of ${typeNames[stream.resourceType]}`;
  return close(stream, "INVALID_ARGUMENT", message);
}

/** A type that is not served is never answered and never ends the stream (rule 12). */
function rememberUnknown(stream: XdsStream, input: RequestInput): StreamOutput[] {
  const { typeUrl } = input.request;
  const known = stream.unknownTypes.get(typeUrl);
  if (known === undefined && stream.unknownTypes.size >= unknownTypesMax) return [];
  const isSotw = input.type === "sotwRequest";
  const names = isSotw || known === undefined ? new Set<string>() : known;
  const added = isSotw ? input.request.resourceNames : input.request.resourceNamesSubscribe;
  for (const name of added) if (names.size < unknownNamesMax) names.add(name);
  if (!isSotw) for (const name of input.request.resourceNamesUnsubscribe) names.delete(name);
  stream.unknownTypes.set(typeUrl, names);
  return [];
}

function close(stream: XdsStream, code: CloseCode, message: string): StreamOutput[] {
  stream.phase = "closed";
  return [{ type: "close", code, message }];
}
