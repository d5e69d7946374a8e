import { ok } from "node:assert/strict";
import type { TestContext } from "node:test";
import { codec, withMessages } from "@routeledger/protos";
import { systemClock } from "@routeledger/std";
import type { CallFailed, Outcome, ResourceQuestion } from "@routeledger/translation/extensions";
import {
  type ExtensionClient,
  type ExtensionSettings,
  openExtensionClient,
} from "@routeledger/translator/extensions";

/** A client that ends with the test. */
export function clientOf(
  test: TestContext,
  service: ExtensionSettings["service"],
  settings: Partial<ExtensionSettings> = {},
): ExtensionClient {
  const surroundings = { clock: systemClock, random: () => 0.5 };
  const client = openExtensionClient({ name: "ext", service, ...settings }, surroundings);
  test.after(() => client.close());
  return client;
}

/** Of a server on this machine. */
export function onPort(port: number): ExtensionSettings["service"] {
  return { ip: { address: "127.0.0.1", port } };
}

/** A question about a cluster, and the answer that has it with other bytes. */
export function clusterQuestion(name = "web"): ResourceQuestion {
  const resource = codec("envoy.config.cluster.v3.Cluster").encode({ name });
  return { hook: "Cluster", resource, extensionResources: ["{}"] };
}

/** A response whose resource is that one. */
export function answerOf(resource: Uint8Array): Uint8Array {
  return withMessages(new Uint8Array(0), 1, [resource]);
}

export function failure(outcome: Outcome<unknown>): CallFailed {
  ok(outcome.kind === "failed", `expected a failure, found ${outcome.kind}`);
  return outcome;
}

/**
 * What came of it, and after how many milliseconds; `stalledMs` is how long this process stood still meanwhile,
 * as on a busy machine: nobody keeps a deadline then.
 */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly tookMs: number; readonly stalledMs: number }> {
  const start = performance.now();
  let last = start;
  let stalledMs = 0;
  const look = (): void => {
    const now = performance.now();
    stalledMs += Math.max(0, now - last - tickMs - onTimeMs);
    last = now;
  };
  const ticks = setInterval(look, tickMs);
  const result = await work().finally(() => clearInterval(ticks));
  look();
  return { result, tookMs: performance.now() - start, stalledMs };
}

const tickMs = 10;
/** A tick that is so much late is on time: milliseconds. */
const onTimeMs = 5;
