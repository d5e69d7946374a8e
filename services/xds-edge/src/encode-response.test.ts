import { deepEqual, equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import { type Resource, typeUrls } from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import type { StreamResponse } from "@routeledger/xds-stream";
import { type EncodedResponse, ResponseEncoder } from "./encode-response.ts";

const long = partOf("cluster", "b".repeat(300), { altStatName: "x".repeat(20_000) });
const resources: Resource[] = [
  ...snapshotOf([partOf("cluster", "a"), long], 7).types.cluster.resources.values(),
];

const response: StreamResponse = {
  resourceType: "cluster",
  typeUrl: typeUrls.cluster,
  nonce: "s1-5",
  version: "1.7-abc",
  revision: { epoch: 1, sequence: 7 },
  resources,
  removed: ["gone", "too"],
};

const sotw = new ResponseEncoder("sotw");
const delta = new ResponseEncoder("delta");

function whole({ nonce, shared }: EncodedResponse): Uint8Array {
  return Buffer.concat([nonce, shared]);
}

test("a SotW response decodes to what it was made from", () => {
  const decoded = codec("envoy.service.discovery.v3.DiscoveryResponse").decode(whole(sotw.encode(response)));
  deepEqual([decoded.versionInfo, decoded.typeUrl, decoded.nonce], ["1.7-abc", typeUrls.cluster, "s1-5"]);
  deepEqual(
    decoded.resources.map(({ typeUrl, value }) => [typeUrl, Buffer.from(value)]),
    resources.map(({ bytes }) => [typeUrls.cluster, Buffer.from(bytes)]),
  );
});

test("a delta response decodes to what it was made from, versions and removals too", () => {
  const decoded = codec("envoy.service.discovery.v3.DeltaDiscoveryResponse").decode(
    whole(delta.encode(response)),
  );
  deepEqual(
    [decoded.systemVersionInfo, decoded.typeUrl, decoded.nonce],
    ["1.7-abc", typeUrls.cluster, "s1-5"],
  );
  deepEqual(decoded.removedResources, ["gone", "too"]);
  deepEqual(
    decoded.resources.map(({ name, version, resource }) => [
      name,
      version,
      resource?.typeUrl,
      Buffer.from(resource?.value ?? []),
    ]),
    resources.map(({ name, version, bytes }) => [name, version, typeUrls.cluster, Buffer.from(bytes)]),
  );
});

test("rule 18: an empty response still says its type, version and nonce", () => {
  const empty = { ...response, resources: [], removed: [] };
  const decoded = codec("envoy.service.discovery.v3.DiscoveryResponse").decode(whole(sotw.encode(empty)));
  equal(decoded.resources.length, 0);
  deepEqual([decoded.typeUrl, decoded.nonce], [typeUrls.cluster, "s1-5"]);
});

for (const encoder of [sotw, delta]) {
  test("rule 70: streams that get the same get the same bytes, each with its own nonce", () => {
    const one = encoder.encode(response);
    const other = encoder.encode({ ...response, nonce: "s2-1", resources: [...resources] });
    equal(other.shared, one.shared);
    deepEqual(Buffer.from(other.nonce).toString("utf8", 2), "s2-1");
  });

  test("what differs in anything but the nonce has bytes of its own", () => {
    const one = encoder.encode(response);
    const same = snapshotOf([long], 8).types.cluster.resources.values().toArray();
    const others: Partial<StreamResponse>[] = [
      { version: "1.8-abc" },
      { resources: resources.slice(0, 1) },
      { resources: [resources[0]!, same[0]!] },
      { removed: ["gone", "toe"] },
      { removed: [] },
      { typeUrl: typeUrls.endpoint },
    ];
    for (const other of others) notEqual(encoder.encode({ ...response, ...other }).shared, one.shared);
    equal(encoder.encode(response).shared, one.shared);
  });

  test("what is remembered is bounded: the oldest is forgotten", () => {
    const one = encoder.encode(response);
    for (let turn = 0; turn < 2_000; turn++) encoder.encode({ ...response, version: `1.${turn}-abc` });
    const again = encoder.encode(response);
    notEqual(again.shared, one.shared);
    deepEqual(again.shared, one.shared);
  });
}
