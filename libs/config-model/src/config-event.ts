import type { Revision } from "@routeledger/std";
import type { ActiveTranslator } from "./config-state.ts";
import type { SwitchFact } from "./evolve-switch.ts";
import type { ExtensionAnswer } from "./extension-answer.ts";
import type { ObjectRef } from "./object-ref.ts";

/** One fact in the CONFIG log, decoded: what `evolve` folds. */
export interface ConfigEvent {
  readonly revision: Revision;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** The envelope's term; 0 in what people write. */
  readonly term: number;
  readonly fact: ConfigFact;
}

export type ConfigFact =
  | { readonly type: "changeSet"; readonly changes: readonly ObjectChange[] }
  | { readonly type: "termStarted"; readonly term: number; readonly translator: string }
  | ({ readonly type: "translatorActivated" } & ActiveTranslator)
  | { readonly type: "extensionAnswers"; readonly answers: readonly ExtensionAnswer[] }
  | { readonly type: "eventSkipped"; readonly revision: Revision; readonly reason: string }
  /** A store's word that it holds both logs up to these positions; the state does not depend on it. */
  | {
      readonly type: "storeConfirmed";
      readonly storeId: string;
      readonly config: Revision;
      readonly xds: Revision;
    }
  | SwitchFact
  | { readonly type: "logAdopted"; readonly identity: string; readonly reason: string }
  /** Checkpoints and catalogs say nothing new. */
  | { readonly type: "checkpoint" };

export type ObjectChange =
  | ({
      readonly type: "applied";
      readonly version: string;
      readonly json: string;
      readonly source: string;
    } & ObjectRef)
  | ({ readonly type: "deleted"; readonly source: string } & ObjectRef);
