import { deepEqual, equal } from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { MemoryEventLog, MemoryStorage } from "@routeledger/event-log";
import { codec } from "@routeledger/protos";
import { silentLogger } from "@routeledger/service-kit";
import { systemClock } from "@routeledger/std";
import { typeUrls } from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import { DeliveryRecorder } from "./delivery-recorder.ts";
import { edgeLimitDefaults } from "./edge-limits.ts";
import { noMetrics } from "./edge-metrics.ts";
import { type EncodedResponse, ResponseEncoder } from "./encode-response.ts";
import { noPeerNames } from "./peer-identity.ts";
import { type DiscoveryCall, StreamSession } from "./stream-session.ts";

/** A call whose other end is the test. */
class FakeCall extends EventEmitter {
  readonly written: EncodedResponse[] = [];
  write(message: EncodedResponse, taken: () => void): void {
    this.written.push(message);
    taken();
  }
  end(): void {}
  getPeer(): string {
    return "test";
  }
}

class BrokenEncoder extends ResponseEncoder {
  override encode(): EncodedResponse {
    throw new TypeError("a mistake of ours");
  }
}

const request = codec("envoy.service.discovery.v3.DeltaDiscoveryRequest");
const first = request.decode(
  request.encode({ node: { id: "n", cluster: "default/gateway" }, typeUrl: typeUrls.cluster }),
);

function open(encoder: ResponseEncoder) {
  const call = new FakeCall();
  const errors: { code?: number }[] = [];
  let endings = 0;
  call.on("error", (error: { code?: number }) => errors.push(error));
  const randomBytes = (count: number): Uint8Array => new Uint8Array(count);
  const log = new MemoryEventLog("DELIVERY", new MemoryStorage("d"));
  const recorder = new DeliveryRecorder({
    log,
    edgeId: "e",
    clock: systemClock,
    randomBytes,
    logger: silentLogger,
  });
  const common = { protocol: "delta", streamId: 1, clock: systemClock, logger: silentLogger } as const;
  new StreamSession({
    ...common,
    call: call as unknown as DiscoveryCall,
    ...{ peerNames: noPeerNames, reset: () => undefined, limits: edgeLimitDefaults },
    recorder,
    encoder,
    counters: noMetrics,
    admit: () => Promise.resolve(undefined),
    newest: () => snapshotOf([partOf("cluster", "a")], 1),
    ...{ onConnected: () => undefined, onOwedElsewhere: () => undefined },
    onEnded: () => endings++,
  });
  return { call, errors, recorder, endings: () => endings };
}

test("P9: a mistake of ours ends the stream in which it is made, and nothing else", async () => {
  const sound = open(new ResponseEncoder("delta"));
  const broken = open(new BrokenEncoder("delta"));
  for (const { call } of [broken, sound]) call.emit("data", first);
  await new Promise((resolve) => setImmediate(resolve));
  deepEqual(
    broken.errors.map(({ code }) => code),
    [status.INTERNAL],
  );
  equal(broken.endings(), 1);
  equal(sound.call.written.length, 1);
  deepEqual(sound.errors, []);
  sound.call.emit("end");
  equal(sound.endings(), 1);
  for (const { recorder } of [sound, broken]) await recorder.drain(1_000);
});
