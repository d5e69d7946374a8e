import type { TestContext } from "node:test";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type status,
} from "@grpc/grpc-js";
import { serviceMethods } from "@routeledger/protos";

/** What a server does with a call; encoded messages, so that it may say anything. */
export type Behaviour = (call: AnsweredCall) => void;

export interface AnsweredCall {
  /** The protocol's name of the hook, `PostRouteModify`. */
  readonly method: string;
  readonly request: Uint8Array;
  /** From 1, of all calls to this server. */
  readonly count: number;
  /** The time that the client gave it, milliseconds. */
  readonly timeoutMs: number;
  answer(bytes: Uint8Array): void;
  fail(code: status, details: string): void;
}

/** Answers with nothing: unchanged. */
export const unchanged: Behaviour = (call) => call.answer(new Uint8Array(0));
/** Never answers. */
export const stuck: Behaviour = () => undefined;

export interface ExtensionServerOptions {
  /** `127.0.0.1:0` or `unix:/path`. */
  readonly address?: string;
  readonly credentials?: ServerCredentials;
}

/** A real extension server on a real socket; its behaviour can be changed at any time. Ends with the test. */
export class ExtensionServer {
  behaviour: Behaviour;
  /** Methods that were called, in order. */
  readonly called: string[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number, behaviour: Behaviour) {
    this.#server = server;
    this.port = port;
    this.behaviour = behaviour;
  }

  static async start(
    test: TestContext,
    behaviour: Behaviour,
    {
      address = "127.0.0.1:0",
      credentials = ServerCredentials.createInsecure(),
    }: ExtensionServerOptions = {},
  ): Promise<ExtensionServer> {
    const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
    let started: ExtensionServer | undefined;
    const definition: Record<string, ServiceDefinition[string]> = {};
    const handlers: Record<string, (call: UnaryCall, done: sendUnaryData<Buffer>) => void> = {};
    for (const { name, path } of serviceMethods("envoygateway.extension.EnvoyGatewayExtension")) {
      const same = (bytes: Buffer): Buffer => bytes;
      definition[name] = {
        ...{ path, requestStream: false, responseStream: false },
        ...{
          requestSerialize: same,
          requestDeserialize: same,
          responseSerialize: same,
          responseDeserialize: same,
        },
      };
      handlers[name] = (call, done) => started?.serve(name, call, done);
    }
    server.addService(definition, handlers);
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    started = new ExtensionServer(server, port, behaviour);
    test.after(() => started?.stop());
    return started;
  }

  /** Breaks all connections. Idempotent. */
  stop(): void {
    this.#server.forceShutdown();
  }

  private serve(method: string, call: UnaryCall, done: sendUnaryData<Buffer>): void {
    const count = this.called.push(method);
    const deadline = call.getDeadline();
    this.behaviour({
      ...{ method, request: call.request, count },
      timeoutMs: (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now(),
      answer: (bytes) => done(null, Buffer.from(bytes)),
      fail: (code, details) => done({ code, details }),
    });
  }
}

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
