import type { MethodDefinition } from "@grpc/grpc-js";
import protobuf from "protobufjs";

/** The messages of the official suite's gRPC echo server, as far as they are compared. */
const source = `
  syntax = "proto3";
  package gateway_api_conformance.echo_basic.grpcecho;
  message Header { string key = 1; string value = 2; }
  message Context { string namespace = 1; string ingress = 2; string service_name = 3; string pod = 4; }
  message Assertions {
    string fully_qualified_method = 1; repeated Header headers = 2; string authority = 3; Context context = 4;
  }
  message EchoRequest {}
  message EchoResponse { Assertions assertions = 1; EchoRequest request = 2; }
`;

export const grpcEchoService = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho";
/** The last one is known, and not implemented. */
export const grpcEchoMethods = ["Echo", "EchoTwo", "EchoThree"] as const;

export interface GrpcEchoResponse {
  readonly assertions?: {
    readonly fullyQualifiedMethod?: string;
    readonly headers?: readonly { readonly key?: string; readonly value?: string }[];
    readonly authority?: string;
    readonly context?: {
      readonly namespace?: string;
      readonly serviceName?: string;
      readonly pod?: string;
    };
  };
}

const { root } = protobuf.parse(source);
const response = root.lookupType("gateway_api_conformance.echo_basic.grpcecho.EchoResponse");

export function grpcEchoMethod(name: string): MethodDefinition<Buffer, GrpcEchoResponse> {
  return {
    path: `/${grpcEchoService}/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes) => bytes,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: (message) => Buffer.from(response.encode(response.fromObject(message)).finish()),
    responseDeserialize: (bytes) => response.toObject(response.decode(bytes)) as GrpcEchoResponse,
  };
}
