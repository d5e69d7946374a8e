import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "@routeledger/protos";
import { type Resource, typeUrls } from "@routeledger/xds-model";
import { partOf, snapshotOf } from "@routeledger/xds-model/testing";
import type { StreamResponse } from "@routeledger/xds-stream";
import { encodeDeltaResponse, encodeSotwResponse } from "./encode-response.ts";

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

test("a SotW response decodes to what it was made from", () => {
  const decoded = codec("envoy.service.discovery.v3.DiscoveryResponse").decode(encodeSotwResponse(response));
  deepEqual([decoded.versionInfo, decoded.typeUrl, decoded.nonce], ["1.7-abc", typeUrls.cluster, "s1-5"]);
  deepEqual(
    decoded.resources.map(({ typeUrl, value }) => [typeUrl, Buffer.from(value)]),
    resources.map(({ bytes }) => [typeUrls.cluster, Buffer.from(bytes)]),
  );
});

test("a delta response decodes to what it was made from, versions and removals too", () => {
  const decoded = codec("envoy.service.discovery.v3.DeltaDiscoveryResponse").decode(
    encodeDeltaResponse(response),
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
  const decoded = codec("envoy.service.discovery.v3.DiscoveryResponse").decode(encodeSotwResponse(empty));
  equal(decoded.resources.length, 0);
  deepEqual([decoded.typeUrl, decoded.nonce], [typeUrls.cluster, "s1-5"]);
});
