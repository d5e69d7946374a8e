import { objectsOfKind } from "@routeledger/config-model";
import type { EventLog } from "@routeledger/event-log";
import { readState } from "@routeledger/translator";

/** What is wrong when a key was made just now, for the terminal: what older keys sealed does not open any more. */
export async function lostKeyProblems(
  keyFile: string,
  { config }: { readonly config: EventLog },
): Promise<string[]> {
  const { lastSequence } = await config.info();
  const { state } = await readState(config, lastSequence);
  const secrets = objectsOfKind(state, "", "Secret").length;
  if (secrets === 0) return [];
  return [
    `${keyFile} was gone, and a new key was made. Secrets sealed before (${secrets}) do not open: put the old file back, or apply them again`,
  ];
}
