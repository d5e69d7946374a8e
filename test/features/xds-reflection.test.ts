/** grpc.reflection.v1: what tools such as grpcurl ask before they speak to an edge. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { codec, type DecodedTypes, type MessageTypes } from "@routeledger/protos";
import type { XdsEdge } from "@routeledger/xds-edge";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { EdgeWorld } from "./xds/edge-world.ts";
import { SideClient, type SideStream } from "./xds/side-client.ts";

type Request = MessageTypes["grpc.reflection.v1.ServerReflectionRequest"];
type Answer = DecodedTypes["grpc.reflection.v1.ServerReflectionResponse"];

function asking(test: TestContext, { address }: XdsEdge) {
  const client = new SideClient(address);
  test.after(() => client.close());
  const stream: SideStream<Answer> = client.open(
    "grpc.reflection.v1.ServerReflection",
    "ServerReflectionInfo",
  );
  return async (request: Request): Promise<Answer> => {
    stream.ask(request);
    return await stream.next();
  };
}

/** What protobufjs's extension adds, which its declarations lack. */
const { FileDescriptorProto } = descriptor as unknown as { readonly FileDescriptorProto: protobuf.Type };
const { fromDescriptor } = protobuf.Root as unknown as {
  fromDescriptor(files: { readonly file: readonly protobuf.Message[] }): protobuf.Root;
};

/** A program that knows nothing but these files. */
function programOf({ fileDescriptorResponse }: Answer): protobuf.Root {
  const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
  const root = fromDescriptor({ file: files.map((bytes) => FileDescriptorProto.decode(bytes)) });
  root.resolveAll();
  return root;
}

test("reflection lists the services, and of each gives the files that a program needs to call it", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const ask = asking(t, world.edge);
  const { listServicesResponse } = await ask({ listServices: "" });
  const services = listServicesResponse?.service.map(({ name }) => name) ?? [];
  deepEqual(services, [
    "envoy.service.cluster.v3.ClusterDiscoveryService",
    "envoy.service.discovery.v3.AggregatedDiscoveryService",
    "envoy.service.endpoint.v3.EndpointDiscoveryService",
    "envoy.service.extension.v3.ExtensionConfigDiscoveryService",
    "envoy.service.listener.v3.ListenerDiscoveryService",
    "envoy.service.load_stats.v3.LoadReportingService",
    "envoy.service.route.v3.RouteDiscoveryService",
    "envoy.service.secret.v3.SecretDiscoveryService",
    "envoy.service.status.v3.ClientStatusDiscoveryService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
  ]);
  for (const service of services) {
    const root = programOf(await ask({ fileContainingSymbol: service }));
    const { methodsArray } = root.lookupService(service);
    ok(methodsArray.length > 0, service);
    for (const method of methodsArray) ok(method.resolvedRequestType, method.fullName);
  }
});

test("what such a program encodes is what the edge decodes", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const ask = asking(t, world.edge);
  const name = "envoy.service.discovery.v3.DiscoveryRequest";
  const type = programOf(await ask({ fileContainingSymbol: name })).lookupType(name);
  const request = {
    node: { id: "n", cluster: "c", metadata: { fields: { a: { numberValue: 7 }, b: { boolValue: true } } } },
    typeUrl: "type.googleapis.com/x",
    resourceNames: ["r", "s"],
    errorDetail: { code: 3, message: "bad" },
  };
  const bytes = type.encode(type.fromObject(request)).finish();
  const decoded = codec(name).decode(bytes);
  equal(decoded.node?.metadata?.fields.a?.numberValue, 7);
  deepEqual(decoded.resourceNames, request.resourceNames);
  deepEqual(codec(name).decode(codec(name).encode(request)), decoded);
});

test("files are found by name and by symbol, and what is not there is NOT_FOUND on a stream that lives on", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const ask = asking(t, world.edge);
  const byName = await ask({ fileByFilename: "envoy/service/discovery/v3/ads.proto" });
  ok((byName.fileDescriptorResponse?.fileDescriptorProto.length ?? 0) > 1);
  for (const request of [
    { fileByFilename: "no/such.proto" },
    { fileContainingSymbol: "no.such.Symbol" },
    { fileContainingExtension: { containingType: "google.protobuf.Any", extensionNumber: 1 } },
    { allExtensionNumbersOfType: "no.such.Type" },
    {},
  ]) {
    const { errorResponse } = await ask(request);
    equal(errorResponse?.errorCode, 5);
    match(errorResponse?.errorMessage ?? "", /^no /);
  }
  const none = await ask({ allExtensionNumbersOfType: "google.protobuf.Any" });
  deepEqual(none.allExtensionNumbersResponse?.extensionNumber, []);
});
