import type { ServerHttp2Stream } from "node:http2";
import { assert } from "@routeledger/std";

/**
 * The HTTP/2 stream of a call. grpc-js shows it nowhere, so this asserts that it is where the pinned version has it:
 * in what an interceptor gets, which is `call` of what a handler gets.
 */
export function http2StreamOf(call: object): ServerHttp2Stream {
  const { stream } = call as { readonly stream: ServerHttp2Stream | undefined };
  assert(typeof stream?.write === "function", "grpc-js to hold a call's HTTP/2 stream");
  return stream;
}

/** The same of a handler's call. */
export function http2StreamOfHandled(call: object): ServerHttp2Stream {
  return http2StreamOf((call as { readonly call: object }).call);
}
