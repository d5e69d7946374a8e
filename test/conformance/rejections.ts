import { CommitReader, deliveryKinds, type EventLog } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";

const batches = codec("routeledger.delivery.v1.DeliveryBatch");

/** What proxies rejected, of all that DELIVERY holds: the proxy and its words. */
export async function recordedRejections(delivery: EventLog): Promise<string[]> {
  const found: string[] = [];
  const { lastSequence } = await delivery.info();
  const reader = new CommitReader(delivery, { from: undefined, kinds: deliveryKinds, chained: false });
  for await (const item of reader.read({ until: lastSequence })) {
    if (item.type !== "commit") continue;
    for (const { nodeId, nacked } of batches.decode(item.commit.payload).deliveries)
      if (nacked !== undefined) found.push(`${nodeId}: ${nacked.message}`);
  }
  return found;
}
