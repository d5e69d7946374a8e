import { canonicalJson, type JsonObject } from "@routeledger/std";
import type { ObjectChange } from "./config-event.ts";
import type { ConfigObject } from "./config-state.ts";
import { parseApiVersion, refOf } from "./object-ref.ts";

export interface CompletionContext {
  /** The object as it stands, if it does. */
  readonly existing: ConfigObject | undefined;
  /** Who will own it: "cli", "folder/<id>/<path>". */
  readonly source: string;
  /** For an object that is new. */
  readonly uid: string;
  /** Time of the event, milliseconds since 1970. */
  readonly timeMs: number;
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Makes the change that an apply of a validated, defaulted object is: metadata is completed as an API server does
 * (uid and creationTimestamp stay those of the existing object, generation grows with what is outside metadata),
 * status, managedFields, resourceVersion and the last-applied annotation are dropped. Returns "unchanged" when the
 * object stands already so; only a folder that takes an object over writes it again.
 */
export function completeObject(input: JsonObject, context: CompletionContext): ObjectChange | "unchanged" {
  const { existing, source } = context;
  const stripped = strip(input);
  if (existing !== undefined) {
    const same = canonicalJson(stripped) === canonicalJson(strip(existing.object));
    const adopted = source !== existing.source && source.startsWith("folder/");
    if (same && !adopted) return "unchanged";
  }
  const object: JsonObject = { ...stripped, metadata: completeMetadata(stripped, input, context) };
  return {
    type: "applied",
    ...refOf(object),
    version: parseApiVersion(String(object.apiVersion ?? "")).version,
    json: canonicalJson(object),
    source,
  };
}

/** What a user means: without what the server writes. */
function strip(input: JsonObject): JsonObject {
  const { status: _status, metadata, ...rest } = input;
  const {
    uid: _uid,
    resourceVersion: _resourceVersion,
    managedFields: _managedFields,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    selfLink: _selfLink,
    annotations,
    ...kept
  } = (metadata ?? {}) as JsonObject;
  const { [lastApplied]: _lastApplied, ...ownAnnotations } = (annotations ?? {}) as JsonObject;
  const withAnnotations =
    Object.keys(ownAnnotations).length === 0 ? kept : { ...kept, annotations: ownAnnotations };
  return { ...rest, metadata: withAnnotations };
}

function completeMetadata(stripped: JsonObject, input: JsonObject, context: CompletionContext): JsonObject {
  const before = (context.existing?.object.metadata ?? {}) as JsonObject;
  const given = (input.metadata ?? {}) as JsonObject;
  const generation = typeof before.generation === "number" ? before.generation : 0;
  const specChanged =
    context.existing === undefined || content(stripped) !== content(strip(context.existing.object));
  return {
    ...(stripped.metadata as JsonObject),
    uid: before.uid ?? context.uid,
    generation: specChanged ? generation + 1 : generation,
    creationTimestamp: before.creationTimestamp ?? given.creationTimestamp ?? rfc3339(context.timeMs),
  };
}

function content({ metadata: _metadata, ...rest }: JsonObject): string {
  return canonicalJson(rest);
}

/** Kubernetes' form of a time: whole seconds, UTC. */
export function rfc3339(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
