import { codec, type DecodedTypes, type MessageTypes } from "@routeledger/protos";
import { compareStrings, type Revision, SortedMap } from "@routeledger/std";
import type { ObjectChange } from "./config-event.ts";
import type { ConfigObject, ConfigState } from "./config-state.ts";
import type { SwitchFact } from "./evolve-switch.ts";
import { configObject } from "./object-index.ts";
import { type ObjectRef, objectKey } from "./object-ref.ts";
import type { AsideObject, OpenSwitch, SwitchPhase, SwitchPlan } from "./open-switch.ts";

type ChangeMessage = MessageTypes["routeledger.config.v1.Change"];
type PreparedMessage = DecodedTypes["routeledger.config.v1.SwitchPrepared"];
type Checkpoint = MessageTypes["routeledger.config.v1.StateCheckpoint"];
type DecodedCheckpoint = DecodedTypes["routeledger.config.v1.StateCheckpoint"];

const codecs = {
  switchPrepared: codec("routeledger.config.v1.SwitchPrepared"),
  switchTried: codec("routeledger.config.v1.SwitchTried"),
  switchTurned: codec("routeledger.config.v1.SwitchTurned"),
  switchFinished: codec("routeledger.config.v1.SwitchFinished"),
  switchReverted: codec("routeledger.config.v1.SwitchReverted"),
};

/** The revision that a message without one means: before the first. */
const nowhere: Revision = { epoch: 0, sequence: 0 };

/** The kind and the payload of a commit that says a fact of a switch. */
export function encodeSwitch(fact: SwitchFact): { readonly kind: string; readonly payload: Uint8Array } {
  switch (fact.type) {
    case "switchPrepared":
      return { kind: "SwitchPrepared", payload: codecs.switchPrepared.encode(planMessage(fact)) };
    case "switchTried":
      return { kind: "SwitchTried", payload: codecs.switchTried.encode({ prepared: fact.prepared }) };
    case "switchTurned": {
      const { prepared, changes } = fact;
      const payload = codecs.switchTurned.encode({ prepared, changes: changeMessages(changes) });
      return { kind: "SwitchTurned", payload };
    }
    case "switchFinished":
      return { kind: "SwitchFinished", payload: codecs.switchFinished.encode({ prepared: fact.prepared }) };
    case "switchReverted": {
      const { prepared, reason, changes } = fact;
      const payload = codecs.switchReverted.encode({ prepared, reason, changes: changeMessages(changes) });
      return { kind: "SwitchReverted", payload };
    }
  }
}

/** The fact of a commit; undefined for kinds that are none of a switch. */
export function decodeSwitch(kind: string, payload: Uint8Array): SwitchFact | undefined {
  switch (kind) {
    case "SwitchPrepared":
      return { type: "switchPrepared", ...planOf(codecs.switchPrepared.decode(payload)) };
    case "SwitchTried":
      return { type: "switchTried", prepared: revisionOf(codecs.switchTried.decode(payload).prepared) };
    case "SwitchTurned": {
      const { prepared, changes } = codecs.switchTurned.decode(payload);
      return { type: "switchTurned", prepared: revisionOf(prepared), changes: changesOf(changes) };
    }
    case "SwitchFinished":
      return { type: "switchFinished", prepared: revisionOf(codecs.switchFinished.decode(payload).prepared) };
    case "SwitchReverted": {
      const { prepared, reason, changes } = codecs.switchReverted.decode(payload);
      return { type: "switchReverted", prepared: revisionOf(prepared), reason, changes: changesOf(changes) };
    }
    default:
      return undefined;
  }
}

/** Sorted by object; an object occurs once. */
export function changeMessages(changes: readonly ObjectChange[]): ChangeMessage[] {
  const sorted = [...changes].sort((a, b) => compareStrings(objectKey(a), objectKey(b)));
  return sorted.map((change) => {
    const { group, kind, namespace, name, source } = change;
    return change.type === "deleted"
      ? { deleted: { group, kind, namespace, name, source } }
      : { applied: { group, version: change.version, kind, namespace, name, json: change.json, source } };
  });
}

export function changesOf(changes: DecodedTypes["routeledger.config.v1.Change"][]): ObjectChange[] {
  return changes.flatMap(({ applied, deleted }): ObjectChange[] => {
    if (applied) return [{ type: "applied", ...applied }];
    return deleted ? [{ type: "deleted", ...deleted }] : [];
  });
}

/** What a checkpoint says of switches: nothing while there were none. */
export function switchCheckpoint({ clusterGenerations, openSwitch }: ConfigState): Checkpoint {
  return {
    clusterGenerations: [...clusterGenerations].map(([name, generations]) => ({ name, ...generations })),
    ...(openSwitch && { openSwitch: openMessage(openSwitch) }),
  };
}

/** Whether a checkpoint of the state needs the messages of switches. */
export function hasSwitches({ clusterGenerations, openSwitch }: ConfigState): boolean {
  return clusterGenerations.size > 0 || openSwitch !== undefined;
}

export function switchesOf(
  checkpoint: DecodedCheckpoint,
): Pick<ConfigState, "clusterGenerations" | "openSwitch"> {
  const { openSwitch } = checkpoint;
  return {
    clusterGenerations: SortedMap.of(
      checkpoint.clusterGenerations.map(({ name, inUse, highest }) => [name, { inUse, highest }]),
    ),
    openSwitch: openSwitch && openOf(openSwitch),
  };
}

const phaseNumbers = { prepared: 1, tried: 2, turned: 3 } as const;
const phases: Readonly<Record<number, SwitchPhase>> = { 1: "prepared", 2: "tried", 3: "turned" };

function openMessage({ prepared, plan, phase, stepped, steppedMs, aside }: OpenSwitch) {
  const before = phase === "turned" ? aside : [];
  return {
    ...{ prepared, switch: planMessage(plan), phase: phaseNumbers[phase], stepped },
    steppedUnixMs: steppedMs,
    objectsBefore: before.flatMap(({ object }) => (object === undefined ? [] : [objectMessage(object)])),
    absentBefore: before.flatMap(({ ref, object }) => (object === undefined ? [{ ...ref, source: "" }] : [])),
  };
}

function openOf(message: DecodedTypes["routeledger.config.v1.OpenSwitch"]): OpenSwitch {
  const prepared = revisionOf(message.prepared);
  const plan = planOf(message.switch);
  const phase = phases[message.phase] ?? "prepared";
  return {
    ...{ prepared, plan, phase, stepped: revisionOf(message.stepped), steppedMs: message.steppedUnixMs },
    aside: phase === "turned" ? asideBefore(message) : asideAfter(plan, prepared),
  };
}

function asideAfter({ changes }: SwitchPlan, at: Revision): AsideObject[] {
  return changes.map((change) => ({
    ref: refIn(change),
    object: change.type === "applied" ? configObject(change, at) : undefined,
  }));
}

function asideBefore({
  objectsBefore,
  absentBefore,
}: DecodedTypes["routeledger.config.v1.OpenSwitch"]): AsideObject[] {
  const there = objectsBefore.flatMap(({ object, revision }): AsideObject[] => {
    if (object === undefined) return [];
    const change = { type: "applied", ...object } as const;
    return [{ ref: refIn(change), object: configObject(change, revisionOf(revision)) }];
  });
  const absent = absentBefore.map((deleted) => ({ ref: refIn(deleted), object: undefined }));
  return [...there, ...absent];
}

function objectMessage({ group, version, kind, namespace, name, json, source, revision }: ConfigObject) {
  return { object: { group, version, kind, namespace, name, json, source }, revision };
}

function planMessage({ changes, clusters, nodeGroups, deadlineMs, trialMs, watch }: SwitchPlan) {
  return {
    changes: changeMessages(changes),
    clusters: clusters.map((cluster) => ({ ...cluster })),
    nodeGroups,
    ...{ deadlineMs, trialMs, ...(watch && { watch: { ...watch } }) },
  };
}

function planOf(message: PreparedMessage | undefined): SwitchPlan {
  return {
    changes: changesOf(message?.changes ?? []),
    clusters: (message?.clusters ?? []).map(({ name, generationBefore, generation, tried, cleared }) => ({
      ...{ name, generationBefore, generation, tried, cleared },
    })),
    nodeGroups: [...(message?.nodeGroups ?? [])],
    deadlineMs: message?.deadlineMs ?? 0,
    trialMs: message?.trialMs ?? 0,
    watch: message?.watch && {
      periodMs: message.watch.periodMs,
      errorsPerMillionMax: message.watch.errorsPerMillionMax,
    },
  };
}

function refIn({ group, kind, namespace, name }: ObjectRef): AsideObject["ref"] {
  return { group, kind, namespace, name };
}

function revisionOf(revision: Revision | undefined): Revision {
  return revision === undefined ? nowhere : { epoch: revision.epoch, sequence: revision.sequence };
}
