import { deliveryKinds, type EventLog, LogFollower, unchainedEnd } from "@routeledger/event-log";
import { codec, type DecodedTypes } from "@routeledger/protos";
import type { SnapshotStore } from "@routeledger/snapshot-store";
import { typeNames, typeOfNumber } from "@routeledger/xds-model";
import { madeByText } from "../output/proxy-lines.ts";

type Delivery = DecodedTypes["routeledger.delivery.v1.Delivery"];
type Nacked = DecodedTypes["routeledger.delivery.v1.Nacked"];

/** A proxy refused what it was sent: its own words, such as that a port is taken. */
export interface Rejection {
  readonly node: string;
  /** `LDS`. */
  readonly type: string;
  /** The resources that were wrong, where they are known, else the version of the response. */
  readonly what: string;
  /** `, made by Gateway default/web at 1.4`; empty where nobody can tell. */
  readonly madeBy: string;
  readonly message: string;
}

export interface RejectionWatch {
  readonly delivery: EventLog;
  /** Says who made what was rejected; it projects `delivery`. */
  readonly store: SnapshotStore;
  readonly signal: AbortSignal;
  readonly onRejection: (rejection: Rejection) => void;
}

/** How long the store may take to read what DELIVERY holds, milliseconds; then a rejection is told without its makers. */
const storeDelayMsMax = 2_000;
/** Names of one rejection. */
const namesMax = 5;

const batches = codec("routeledger.delivery.v1.DeliveryBatch");

/** Follows DELIVERY from its end on and tells each rejection. Ends with the signal. */
export async function watchRejections({
  delivery,
  store,
  signal,
  onRejection,
}: RejectionWatch): Promise<void> {
  const follower = new LogFollower(delivery, {
    from: await unchainedEnd(delivery),
    kinds: deliveryKinds,
    chained: false,
    handle: async (items) => {
      for (const item of items) {
        if (item.type !== "commit" || item.commit.kind !== "DeliveryBatch") continue;
        const { payload, revision } = item.commit;
        for (const record of batches.decode(payload).deliveries) {
          const { nacked } = record;
          if (nacked) onRejection(await rejectionOf(store, record, nacked, revision.sequence));
        }
      }
    },
  });
  await follower.run({ signal });
}

async function rejectionOf(
  store: SnapshotStore,
  { nodeId: node, nodeGroup }: Delivery,
  nacked: Nacked,
  sequence: number,
): Promise<Rejection> {
  const known = typeOfNumber(nacked.type);
  const type = known === undefined ? "a type" : typeNames[known];
  const message = nacked.message.trim();
  const names = nacked.culprits.length > 0 ? nacked.culprits : nacked.resources.map(({ name }) => name);
  const isKnown = nacked.culprits.length > 0 || names.length === 1;
  if (!isKnown) return { node, type, what: nacked.version, madeBy: "", message };
  await store.deliveries.waitFor(sequence, AbortSignal.timeout(storeDelayMsMax));
  const rejections = (await store.query("rejections", {})).filter(
    (one) =>
      one.node === node && one.nodeGroup === nodeGroup && one.type === known && names.includes(one.name),
  );
  const makers = rejections.flatMap((rejection) => rejection.makers);
  const distinct = new Map(
    makers.map((maker) => [JSON.stringify(maker), { ...maker, atFault: maker.changed }]),
  );
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : "";
  const what = `${names.slice(0, namesMax).join(", ")}${more}`;
  return { node, type, what, madeBy: madeByText({ madeBy: [...distinct.values()] }), message };
}
