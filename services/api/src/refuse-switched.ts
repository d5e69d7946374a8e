import { type ConfigState, displayRef, isSwitched, type ObjectChange } from "@routeledger/config-model";
import { formatRevision } from "@routeledger/std";
import { apiFailure } from "./api-failure.ts";

/** Refuses changes of what the open switch changes (SW19). @throws Failure `conflict` */
export function refuseSwitched(state: ConfigState, changes: readonly ObjectChange[]): void {
  const { openSwitch } = state;
  if (openSwitch === undefined) return;
  const touched = changes.find((change) => isSwitched(state, change));
  if (touched === undefined) return;
  throw apiFailure(
    "conflict",
    `${displayRef(touched)} is being switched, by switch @${formatRevision(openSwitch.prepared)}`,
    "wait for it, or let it go back: routeledger switch revert",
  );
}
