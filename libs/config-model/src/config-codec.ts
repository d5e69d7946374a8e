import { codec } from "@routeledger/protos";
import type { Revision } from "@routeledger/std";
import { decodeExtensionAnswers, decodeStateAnswers, encodeStateAnswers } from "./answer-codec.ts";
import type { ConfigEvent, ConfigFact, ObjectChange } from "./config-event.ts";
import { allObjects, type ConfigState, emptyConfigState } from "./config-state.ts";
import { evolve } from "./evolve.ts";
import {
  changeMessages,
  changesOf,
  decodeSwitch,
  hasSwitches,
  switchCheckpoint,
  switchesOf,
} from "./switch-codec.ts";

const changeSet = codec("routeledger.config.v1.ChangeSet");
const termStarted = codec("routeledger.log.v1.TermStarted");
const translatorActivated = codec("routeledger.config.v1.TranslatorActivated");
const eventSkipped = codec("routeledger.config.v1.EventSkipped");
const storeConfirmed = codec("routeledger.log.v1.StoreConfirmed");
const logAdopted = codec("routeledger.log.v1.LogAdopted");
const stateCheckpoint = codec("routeledger.config.v1.StateCheckpoint");

/** The revision that a message without one means: before the first. */
const nowhere: Revision = { epoch: 0, sequence: 0 };

/** What a commit of the CONFIG log is, as far as decoding needs it. */
export interface ConfigCommit {
  readonly revision: Revision;
  readonly timeMs: number;
  readonly term: number;
  readonly kind: string;
  readonly payload: Uint8Array;
}

/** Decodes a commit of the CONFIG log. Its reader has stopped at kinds that this version does not know. */
export function decodeConfigEvent(commit: ConfigCommit): ConfigEvent {
  const { revision, timeMs, term } = commit;
  return { revision, timeMs, term, fact: decodeFact(commit.kind, commit.payload) };
}

function decodeFact(kind: string, payload: Uint8Array): ConfigFact {
  switch (kind) {
    case "ChangeSet":
      return { type: "changeSet", changes: decodeChangeSet(payload) };
    case "TermStarted": {
      const { term, translator } = termStarted.decode(payload);
      return { type: "termStarted", term, translator };
    }
    case "TranslatorActivated": {
      const { version, retireGraceMs } = translatorActivated.decode(payload);
      return { type: "translatorActivated", version, retireGraceMs };
    }
    case "ExtensionAnswers":
      return { type: "extensionAnswers", answers: decodeExtensionAnswers(payload) };
    case "EventSkipped": {
      const { revision, reason } = eventSkipped.decode(payload);
      return { type: "eventSkipped", revision: revision ?? nowhere, reason };
    }
    case "StoreConfirmed": {
      const { storeId, config = nowhere, xds = nowhere } = storeConfirmed.decode(payload);
      return { type: "storeConfirmed", storeId, config, xds };
    }
    case "LogAdopted": {
      const { identity, reason } = logAdopted.decode(payload);
      return { type: "logAdopted", identity, reason };
    }
    default:
      return decodeSwitch(kind, payload) ?? { type: "checkpoint" };
  }
}

/** The payload of a commit of kind ChangeSet. Changes are sorted by object; an object occurs once. */
export function encodeChangeSet(changes: readonly ObjectChange[]): Uint8Array {
  return changeSet.encode({ changes: changeMessages(changes) });
}

export function decodeChangeSet(payload: Uint8Array): ObjectChange[] {
  return changesOf(changeSet.decode(payload).changes);
}

export function encodeTermStarted(term: number, translator: string): Uint8Array {
  return termStarted.encode({ term, translator });
}

/** @param confirmed `storeId` is 32 hexadecimal digits */
export function encodeStoreConfirmed(confirmed: {
  storeId: string;
  config: Revision;
  xds: Revision;
}): Uint8Array {
  return storeConfirmed.encode(confirmed);
}

export function encodeTranslatorActivated(active: { version: number; retireGraceMs: number }): Uint8Array {
  return translatorActivated.encode(active);
}

/** The message of a checkpoint with subject "config". Equal states give equal bytes. */
export function encodeStateCheckpoint(state: ConfigState): Uint8Array {
  return stateCheckpoint.encode({
    revision: state.revision,
    timeUnixMs: state.timeMs,
    term: state.term,
    ...(state.translator === undefined ? {} : { translator: state.translator }),
    objects: allObjects(state).map(({ group, version, kind, namespace, name, json, source, revision }) => ({
      object: { group, version, kind, namespace, name, json, source },
      revision,
    })),
    answers: encodeStateAnswers(state),
    ...switchCheckpoint(state),
  });
}

/** The lowest schema version of CheckpointClosed that a checkpoint of the state can be read with. */
export function stateCheckpointVersion(state: ConfigState): 1 | 2 {
  return state.answers.size > 0 || hasSwitches(state) ? 2 : 1;
}

/** The state that `encodeStateCheckpoint` was given. */
export function decodeStateCheckpoint(bytes: Uint8Array): ConfigState {
  const checkpoint = stateCheckpoint.decode(bytes);
  const revision = checkpoint.revision ?? nowhere;
  let state = emptyConfigState;
  for (const [at, changes] of groupedByRevision(checkpoint.objects)) {
    state = evolve(state, { revision: at, timeMs: 0, term: 0, fact: { type: "changeSet", changes } });
  }
  return {
    ...state,
    ...switchesOf(checkpoint),
    revision: { epoch: revision.epoch, sequence: revision.sequence },
    timeMs: checkpoint.timeUnixMs,
    term: checkpoint.term,
    translator: checkpoint.translator && {
      version: checkpoint.translator.version,
      retireGraceMs: checkpoint.translator.retireGraceMs,
    },
    answers: decodeStateAnswers(checkpoint.answers),
  };
}

type StateObjects = ReturnType<typeof stateCheckpoint.decode>["objects"];

function groupedByRevision(objects: StateObjects): Map<Revision, ObjectChange[]> {
  const groups = new Map<string, { at: Revision; changes: ObjectChange[] }>();
  for (const { object, revision } of objects) {
    if (object === undefined || revision === undefined) continue;
    const at = { epoch: revision.epoch, sequence: revision.sequence };
    const key = `${at.epoch}.${at.sequence}`;
    const group = groups.get(key) ?? { at, changes: [] };
    group.changes.push({ type: "applied", ...object });
    groups.set(key, group);
  }
  return new Map([...groups.values()].map(({ at, changes }) => [at, changes]));
}
