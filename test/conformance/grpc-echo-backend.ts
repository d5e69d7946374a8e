import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import type { EchoBackend, EchoPod } from "./echo-backend.ts";
import { echoPorts } from "./echo-backend.ts";
import { type GrpcEchoResponse, grpcEchoMethod, grpcEchoService } from "./grpc-echo-proto.ts";

type Call = ServerUnaryCall<Buffer, GrpcEchoResponse>;

/** Stands in for one pod of the suite's gRPC echo server: in plain text, and over TLS where the pod has a certificate. */
export async function startGrpcEchoBackend(address: string, pod: EchoPod): Promise<EchoBackend> {
  const plain = await serve(`${address}:${echoPorts.http}`, pod, ServerCredentials.createInsecure());
  const { tls } = pod;
  if (tls === undefined) return stopping([plain]);
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) };
  const credentials = ServerCredentials.createSsl(null, [pair]);
  return stopping([plain, await serve(`${address}:${echoPorts.https}`, pod, credentials)]);
}

function stopping(servers: readonly Server[]): EchoBackend {
  return {
    async stop() {
      for (const server of servers) server.forceShutdown();
    },
  };
}

async function serve(address: string, pod: EchoPod, credentials: ServerCredentials): Promise<Server> {
  const server = new Server({ "grpc.enable_channelz": 0 });
  const definitions = { Echo: grpcEchoMethod("Echo"), EchoTwo: grpcEchoMethod("EchoTwo") };
  const handler = (method: string) => (call: Call, done: sendUnaryData<GrpcEchoResponse>) =>
    done(null, { assertions: assertions(method, call, pod) });
  server.addService(definitions, { Echo: handler("Echo"), EchoTwo: handler("EchoTwo") });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address, credentials, (error) => (error === null ? resolve() : reject(error))),
  );
  return server;
}

function assertions(method: string, call: Call, pod: EchoPod): NonNullable<GrpcEchoResponse["assertions"]> {
  const headers = Object.entries(call.metadata.getMap()).map(([key, value]) => ({
    key,
    value: String(value),
  }));
  return {
    fullyQualifiedMethod: `/${grpcEchoService}/${method}`,
    headers,
    authority: call.getHost(),
    context: { namespace: pod.namespace, serviceName: pod.service, pod: pod.pod },
  };
}
