/** The protocol's side of the example: `envoygateway.extension.EnvoyGatewayExtension` with the two hooks that it has. */
import { type ServerUnaryCall, type ServiceDefinition, type sendUnaryData, status } from "@grpc/grpc-js";
import {
  codec,
  type DecodedTypes,
  type MessageName,
  type MessageTypes,
  methodPath,
} from "@routeledger/protos";
import { withRequestLines, withResponseHeaders } from "./hooks.ts";
import { InvalidObject } from "./response-header.ts";

/** One method: bytes in, bytes out. */
interface Hook {
  readonly path: string;
  readonly answer: (request: Uint8Array) => Uint8Array;
}

/** Decodes with all that it does not know, so that it goes back untouched; an empty answer is "no change". */
function hook<Request extends MessageName, Response extends MessageName>(
  method: string,
  [request, response]: readonly [Request, Response],
  answer: (request: DecodedTypes[Request]) => MessageTypes[Response],
): Hook {
  return {
    path: methodPath("envoygateway.extension.EnvoyGatewayExtension", method),
    answer: (bytes) =>
      codec(response).encode(answer(codec(request).decode(bytes, { keepUnknownFields: true }))),
  };
}

const hooks: Readonly<Record<string, Hook>> = {
  PostRouteModify: hook(
    "PostRouteModify",
    ["envoygateway.extension.PostRouteModifyRequest", "envoygateway.extension.PostRouteModifyResponse"],
    ({ route, postRouteContext }) => {
      const objects =
        postRouteContext?.extensionResources.map(({ unstructuredBytes }) => unstructuredBytes) ?? [];
      const changed = route && withResponseHeaders(route, objects);
      return changed === undefined ? {} : { route: changed };
    },
  ),
  PostHTTPListenerModify: hook(
    "PostHTTPListenerModify",
    [
      "envoygateway.extension.PostHTTPListenerModifyRequest",
      "envoygateway.extension.PostHTTPListenerModifyResponse",
    ],
    ({ listener }) => {
      const changed = listener && withRequestLines(listener);
      return changed === undefined ? {} : { listener: changed };
    },
  ),
};

const same = (bytes: Buffer): Buffer => bytes;

/** For `Server.addService`. */
export const extensionDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(hooks).map(([name, { path }]) => [
    name,
    {
      ...{ path, requestStream: false, responseStream: false },
      ...{
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
  ]),
);

/** For `Server.addService`. */
export const extensionHandlers = Object.fromEntries(
  Object.entries(hooks).map(([name, { answer }]) => [
    name,
    (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      try {
        done(null, Buffer.from(answer(call.request)));
      } catch (error) {
        // What a user wrote is the user's to mend; the message ends up in the object's status.
        const code = error instanceof InvalidObject ? status.INVALID_ARGUMENT : status.INTERNAL;
        done({ code, details: (error as Error).message });
      }
    },
  ]),
);
