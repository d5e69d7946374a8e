import type { Revision } from "@routeledger/std";
import type { ConfigEvent, ObjectChange } from "./config-event.ts";
import type { ConfigState, ObjectIndex } from "./config-state.ts";
import { evolveSwitch } from "./evolve-switch.ts";
import { withAnswers } from "./extension-answer.ts";
import { configObject, withObjects } from "./object-index.ts";

/**
 * Folds one event. Pure and total: it accepts whatever the log holds, since what was let in once stays in.
 * A kind that only translators write is ignored when its term is below the highest one started (P8).
 */
export function evolve(state: ConfigState, event: ConfigEvent): ConfigState {
  const next = {
    ...state,
    revision: event.revision,
    timeMs: Math.max(state.timeMs, event.timeMs),
  };
  const { fact } = event;
  switch (fact.type) {
    case "changeSet":
      return { ...next, objects: withChanges(state.objects, fact.changes, event.revision) };
    case "termStarted":
      return { ...next, term: Math.max(state.term, fact.term) };
    case "translatorActivated":
      if (event.term < state.term) return next;
      return { ...next, translator: { version: fact.version, retireGraceMs: fact.retireGraceMs } };
    case "extensionAnswers":
      if (event.term < state.term) return next;
      return { ...next, answers: withAnswers(state.answers, fact.answers) };
    case "switchPrepared":
    case "switchTried":
    case "switchTurned":
    case "switchFinished":
    case "switchReverted":
      return evolveSwitch(next, fact, event);
    case "eventSkipped":
    case "storeConfirmed":
    case "logAdopted":
    case "checkpoint":
      return next;
  }
}

function withChanges(objects: ObjectIndex, changes: readonly ObjectChange[], at: Revision): ObjectIndex {
  return withObjects(
    objects,
    changes.map((change) => {
      const { group, kind, namespace, name } = change;
      const object = change.type === "deleted" ? undefined : configObject(change, at);
      return { group, kind, namespace, name, object };
    }),
  );
}
