import type { ServerHttp2Stream } from "node:http2";
import { Metadata, type ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { assert } from "@routeledger/std";
import { isDiscovery } from "./discovery-services.ts";
import type { EncodedResponse } from "./encode-response.ts";

/** Length-prefixed message of gRPC: one byte that says uncompressed, four of length. */
const prefixBytes = 5;

/**
 * Writes responses to HTTP/2 as they are. grpc-js by itself copies each message for each stream, which for a route
 * table of 100 kB and 100 proxies is 10 MB of garbage a change; here all streams write the same bytes (rule 70).
 * The HTTP/2 stream is not in the interface of an interceptor, so this asserts that it is where the pinned version
 * has it.
 */
export const writeShared: ServerInterceptor = (definition, call) => {
  if (!isDiscovery(definition.path)) return call as ServerInterceptingCall;
  const { stream } = call as unknown as { readonly stream: ServerHttp2Stream | undefined };
  assert(typeof stream?.write === "function", "grpc-js to hold a call's HTTP/2 stream");
  call.sendMessage = ({ nonce, shared }: EncodedResponse, taken: () => void): void => {
    call.sendMetadata(new Metadata());
    if (stream.destroyed || stream.closed) return;
    const head = Buffer.allocUnsafe(prefixBytes + nonce.length);
    head[0] = 0;
    head.writeUInt32BE(nonce.length + shared.length, 1);
    head.set(nonce, prefixBytes);
    stream.cork();
    stream.write(head);
    stream.write(shared, (error) => {
      if (!error) taken();
      else call.sendStatus({ code: status.INTERNAL, details: error.message, metadata: null });
    });
    stream.uncork();
  };
  return call as ServerInterceptingCall;
};
