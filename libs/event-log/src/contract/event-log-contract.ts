import { after, describe } from "node:test";
import { adoptionContract } from "./adoption-contract.ts";
import { checkpointContract } from "./checkpoint-contract.ts";
import { commitContract } from "./commit-contract.ts";
import { damageContract } from "./damage-contract.ts";
import type { EventLogHarness } from "./event-log-harness.ts";
import { interleavingContract } from "./interleaving-contract.ts";
import { outageContract } from "./outage-contract.ts";
import { portContract } from "./port-contract.ts";

/** Asks an adapter all that `EventLog` says, and all that commits, readers and writers rest on. */
export function eventLogContract(name: string, harness: EventLogHarness): void {
  describe(`event log contract: ${name}`, () => {
    after(() => harness.dispose());
    portContract(harness);
    commitContract(harness);
    damageContract(harness);
    adoptionContract(harness);
    outageContract(harness);
    checkpointContract(harness);
    interleavingContract(harness);
  });
}
