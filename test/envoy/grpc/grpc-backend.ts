import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from "node:net";
import { type Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";

/** A backend that speaks gRPC, and HTTP/1.1 on the same port: what arrived is what it answers. */
export interface GrpcBackend {
  readonly name: string;
  readonly port: number;
  /** Full names of the methods that were called, in order; `HTTP/1.1 <path>` for plain requests. */
  readonly calls: string[];
  close(): void;
}

/** What a call is answered, once for each message that comes, as JSON. */
export interface GrpcEcho {
  readonly backend: string;
  readonly method: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Services that every backend has; each has the methods `Echo`, `EchoTwo` and `Talk`, all of them streams. */
export const grpcServices = ["shop.Cart", "shop.CartAdmin", "shop.v2.Cart"] as const;

type Call = ServerDuplexStream<Buffer, Buffer>;

/** On a free loopback port, in plain text. */
export async function startGrpcBackend(name: string): Promise<GrpcBackend> {
  const calls: string[] = [];
  const grpc = echoServer(name, calls);
  const grpcPort = await bind(grpc, ServerCredentials.createInsecure());
  const http1 = createHttpServer((request, response) => {
    calls.push(`HTTP/${request.httpVersion} ${request.url}`);
    response.end(name);
  });
  const http1Port = await listen(http1);
  const sockets = new Set<Socket>();
  const front = createServer((socket) => {
    socket.once("data", (first: Buffer) => {
      // The preface of HTTP/2.
      const port = first.toString("latin1").startsWith("PRI") ? grpcPort : http1Port;
      const behind = connect(port, "127.0.0.1");
      behind.write(first);
      socket.pipe(behind).pipe(socket);
      for (const [one, other] of [
        [socket, behind],
        [behind, socket],
      ] as const) {
        sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => other.destroy());
      }
    });
  });
  const close = (): void => {
    front.close();
    for (const socket of sockets) socket.destroy();
    http1.close();
    grpc.forceShutdown();
  };
  return { name, port: await listen(front), calls, close };
}

/** On a free loopback port, over TLS alone. */
export async function startSecureGrpcBackend(
  name: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): Promise<GrpcBackend> {
  const calls: string[] = [];
  const grpc = echoServer(name, calls);
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  const port = await bind(grpc, ServerCredentials.createSsl(null, [pair]));
  return { name, port, calls, close: () => grpc.forceShutdown() };
}

function echoServer(name: string, calls: string[]): Server {
  const grpc = new Server({ "grpc.enable_channelz": 0 });
  for (const service of grpcServices) {
    const methods = ["Echo", "EchoTwo", "Talk"].map((method) => `/${service}/${method}`);
    grpc.addService(
      Object.fromEntries(methods.map((path) => [path, definition(path)])),
      Object.fromEntries(methods.map((path) => [path, (call: Call) => echo(call, { name, path, calls })])),
    );
  }
  return grpc;
}

function bind(grpc: Server, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, port: number): void =>
      error === null ? resolve(port) : reject(error);
    grpc.bindAsync("127.0.0.1:0", credentials, done);
  });
}

async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function definition(path: string) {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path,
    requestStream: true as const,
    responseStream: true as const,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

function echo(
  call: Call,
  of: { readonly name: string; readonly path: string; readonly calls: string[] },
): void {
  of.calls.push(of.path);
  const metadata = textsOf(call.metadata);
  call.on("data", (message: Buffer) => {
    const answer = { backend: of.name, method: of.path, message: message.toString("utf8"), metadata };
    call.write(Buffer.from(JSON.stringify(answer satisfies GrpcEcho)));
  });
  call.on("error", () => undefined);
  call.on("end", () => {
    if (metadata["fail-with"] === undefined) call.end();
    else call.emit("error", { code: status.FAILED_PRECONDITION, details: metadata["fail-with"] });
  });
}

export function textsOf(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.getMap()).map(([key, value]) => [key, String(value)]));
}
