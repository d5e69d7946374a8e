/** What tests of this and other packages use: sample resources, and a client of `step`. */

export { deltaInterests, sotwInterests } from "./interest.ts";
export { transitions } from "./phase.ts";
export { emptyRouteTable } from "./served.ts";
export { sotwRequests } from "./subscribe-sotw.ts";
export { settledClient, TestClient, textOf } from "./testing-client.ts";
export {
  checkedCluster,
  cluster,
  endpoint,
  extensionConfig,
  inlineListener,
  listener,
  route,
  secret,
  tcpListener,
  tlsCluster,
  tlsListener,
  wholeParts,
} from "./testing-parts.ts";
