import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { codec } from "./codec.ts";
import type { DecodedTypes } from "./generated/type-map.d.ts";
import { protoFile, protoFileNames, protoFileOf } from "./proto-files.ts";

const decoded = (name: string) =>
  codec("routeledger.reflection.v1.FileDescriptor").decode(protoFile(name)?.bytes ?? new Uint8Array());

type Message = DecodedTypes["routeledger.reflection.v1.MessageDescriptor"];

const messagesWithin = (message: Message): Message[] => [
  message,
  ...message.nestedType.flatMap(messagesWithin),
];

const allMessages = protoFileNames.flatMap((name) => decoded(name).messageType.flatMap(messagesWithin));

test("a symbol, and what is declared within it, is found in its file, and nothing else is", () => {
  const discovery = "envoy/service/discovery/v3/discovery.proto";
  equal(protoFileOf("envoy.service.discovery.v3.DiscoveryRequest"), discovery);
  equal(protoFileOf("envoy.service.discovery.v3.DiscoveryRequest.type_url"), discovery);
  equal(protoFileOf("envoy.service.discovery.v3.DiscoveryRequest.typeUrl"), undefined);
  const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";
  equal(protoFileOf(`${ads}.StreamAggregatedResources`), "envoy/service/discovery/v3/ads.proto");
  equal(protoFileOf(`${ads}.Stream`), undefined);
  equal(protoFileOf("google.protobuf.Any"), "google/protobuf/any.proto");
  equal(
    protoFileOf("grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING"),
    "grpc/health/v1/health.proto",
  );
  for (const none of ["", "envoy", "envoy.service", "no.such.Message", "__proto__"])
    equal(protoFileOf(none), undefined, none);
  equal(protoFile("no/such.proto"), undefined);
});

test("every file imports what it refers to, and no file imports itself, directly or not", () => {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    ok(!path.includes(name), `no circle of imports, got ${[...path, name]}`);
    if (done.has(name)) return;
    const file = protoFile(name);
    ok(file !== undefined, `an imported file that is there, got ${name}`);
    for (const dependency of file.dependencies) visit(dependency, [...path, name]);
    done.add(name);
  };
  for (const name of protoFileNames) visit(name, []);
  ok(done.size > 100, `all files, got ${done.size}`);
});

test("every value of an enum says its number, also 0: readers take none that lacks it", () => {
  const outermost = protoFileNames.flatMap((name) => decoded(name).enumType);
  const found = [...outermost, ...allMessages.flatMap(({ enumType }) => enumType)];
  ok(found.length > 50, `enums, got ${found.length}`);
  for (const { name, value } of found)
    for (const { name: of, number } of value) equal(typeof number, "number", `${name}.${of}`);
});

test("members of a oneof are declared behind each other: readers take no others", () => {
  let oneofs = 0;
  for (const { name, field, oneofDecl } of allMessages) {
    for (const [index, { name: oneof }] of oneofDecl.entries()) {
      const places = field.flatMap(({ oneofIndex }, place) => (oneofIndex === index ? [place] : []));
      const [first = 0] = places;
      deepEqual(
        places,
        places.map((_, member) => first + member),
        `${name}.${oneof}`,
      );
      oneofs++;
    }
  }
  ok(oneofs > 50, `oneofs, got ${oneofs}`);
});

test("a file is described as it is written", () => {
  const health = decoded("grpc/health/v1/health.proto");
  equal(health.package, "grpc.health.v1");
  deepEqual(
    health.messageType.map(({ name }) => name),
    ["HealthCheckRequest", "HealthCheckResponse"],
  );
  equal(health.messageType[1]?.enumType[0]?.value[0]?.name, "UNKNOWN");
  equal(health.service[0]?.method[1]?.serverStreaming, true);
  const struct = decoded("google/protobuf/struct.proto").messageType.find(({ name }) => name === "Struct");
  equal(struct?.field[0]?.typeName, ".google.protobuf.Struct.FieldsEntry");
  equal(struct?.nestedType[0]?.options?.mapEntry, true);
});
