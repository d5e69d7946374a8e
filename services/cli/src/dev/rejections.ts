import { deliveryKinds, type EventLog, LogFollower, unchainedEnd } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { typeNames, typeOfNumber } from "@routeledger/xds-model";

/** A proxy refused what it was sent: its own words, such as that a port is taken. */
export interface Rejection {
  readonly node: string;
  /** `LDS`. */
  readonly type: string;
  readonly version: string;
  readonly message: string;
}

const batches = codec("routeledger.delivery.v1.DeliveryBatch");

/** Follows DELIVERY from its end on and tells each rejection. Ends with the signal. */
export async function watchRejections(
  delivery: EventLog,
  signal: AbortSignal,
  onRejection: (rejection: Rejection) => void,
): Promise<void> {
  const follower = new LogFollower(delivery, {
    from: await unchainedEnd(delivery),
    kinds: deliveryKinds,
    chained: false,
    handle: (items) => {
      for (const item of items) {
        if (item.type !== "commit") continue;
        for (const { nodeId, nacked } of batches.decode(item.commit.payload).deliveries) {
          if (nacked === undefined) continue;
          const type = typeOfNumber(nacked.type);
          onRejection({
            node: nodeId,
            type: type === undefined ? "a type" : typeNames[type],
            version: nacked.version,
            message: nacked.message.trim(),
          });
        }
      }
    },
  });
  await follower.run({ signal });
}
