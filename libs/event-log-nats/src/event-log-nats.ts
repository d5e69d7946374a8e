export { createNatsStreams } from "./create-nats-streams.ts";
export { type InspectedStream, inspectNats, type NatsInspection } from "./inspect-nats.ts";
export type { BusReply, BusRequest, BusService, NatsBus } from "./nats-bus.ts";
export {
  type NatsConfiguration,
  type NatsOptions,
  natsOptionsOf,
  natsSettings,
} from "./nats-options.ts";
export { type NatsEventLogs, openNatsEventLogs } from "./open-nats-event-logs.ts";
export { deliveryAgeMsDefault, deliveryBytesDefault, type StreamChoices } from "./stream-settings.ts";
