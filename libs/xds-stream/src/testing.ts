/** What tests of this and other packages use: sample resources, and a client of `step`. */
export {
  cluster,
  endpoint,
  extensionConfig,
  inlineListener,
  listener,
  route,
  secret,
  tlsListener,
  wholeParts,
} from "./sample-parts.ts";
export { settledClient, TestClient, textOf } from "./test-client.ts";
