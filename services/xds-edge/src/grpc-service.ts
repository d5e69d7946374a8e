import type { ServiceDefinition } from "@grpc/grpc-js";
import { codec, type MessageName, type ServiceName, serviceMethods } from "@routeledger/protos";

/** All methods of a service that speaks in decoded messages, as grpc-js takes them. */
export function serviceDefinition(service: ServiceName): ServiceDefinition {
  return Object.fromEntries(
    serviceMethods(service).map(
      ({ name, path, requestType, responseType, requestStream, responseStream }) => {
        const request = codec(requestType as MessageName);
        const response = codec(responseType as MessageName);
        const method: ServiceDefinition[string] = {
          ...{ path, requestStream, responseStream },
          requestSerialize: (message: object) => Buffer.from(request.encode(message)),
          requestDeserialize: (bytes: Buffer) => request.decode(bytes),
          responseSerialize: (message: object) => Buffer.from(response.encode(message)),
          responseDeserialize: (bytes: Buffer) => response.decode(bytes),
        };
        return [name, method];
      },
    ),
  );
}
