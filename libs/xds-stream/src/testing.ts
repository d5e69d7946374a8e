/** What tests of this and other packages use: sample resources, and a client of `step`. */

export { emptyRouteTable } from "./served.ts";
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
