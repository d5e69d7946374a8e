import type { ServiceDefinition } from "@grpc/grpc-js";
import { codec, type MessageName, type ServiceName, serviceMethods } from "@routeledger/protos";

/**
 * All methods of a service that speaks in decoded messages, as grpc-js takes them.
 * @param bytes requests are given to the handler as they came, which says itself what it takes
 */
export function serviceDefinition(
  service: ServiceName,
  { bytes = false }: { readonly bytes?: boolean } = {},
): ServiceDefinition {
  return Object.fromEntries(
    serviceMethods(service).map(
      ({ name, path, requestType, responseType, requestStream, responseStream }) => {
        const request = codec(requestType as MessageName);
        const response = codec(responseType as MessageName);
        const method: ServiceDefinition[string] = {
          ...{ path, requestStream, responseStream },
          requestSerialize: (message: object) => Buffer.from(request.encode(message)),
          requestDeserialize: (message: Buffer) => (bytes ? message : request.decode(message)),
          responseSerialize: (message: object) => Buffer.from(response.encode(message)),
          responseDeserialize: (message: Buffer) => response.decode(message),
        };
        return [name, method];
      },
    ),
  );
}
