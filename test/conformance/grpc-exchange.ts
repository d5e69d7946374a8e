import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { ExpectedCall } from "./case.ts";
import { type GrpcEchoResponse, grpcEchoMethod, grpcEchoService } from "./grpc-echo-proto.ts";
import type { Target } from "./http-exchange.ts";

export interface CallAnswer {
  /** Of gRPC. */
  readonly code: number;
  readonly message: string;
  /** When the code is 0. */
  readonly response: GrpcEchoResponse | undefined;
}

const callTimeoutMs = 10_000;

/** One gRPC request on a connection of its own. */
export async function call(
  { host, port }: Target,
  method: string,
  expected: ExpectedCall,
): Promise<CallAnswer> {
  const { Authority = "", Metadata: pairs = {} } = expected.RequestMetadata ?? {};
  const authority = Authority === "" ? {} : { "grpc.default_authority": Authority };
  const options = { ...authority, "grpc.enable_channelz": 0, "grpc.use_local_subchannel_pool": 1 };
  const client = new Client(`${host}:${port}`, credentials.createInsecure(), options);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(pairs)) metadata.set(name, value);
  const { path, requestSerialize, responseDeserialize } = grpcEchoMethod(method);
  try {
    return await new Promise((resolve) => {
      const deadline = { deadline: Date.now() + callTimeoutMs };
      const done = (error: ServiceError | null, response?: GrpcEchoResponse): void =>
        resolve({ code: error?.code ?? status.OK, message: error?.details ?? "", response });
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.alloc(0),
        metadata,
        deadline,
        done,
      );
    });
  } finally {
    client.close();
  }
}

/** What is wrong with an answer, as the official suite compares. */
export function callMismatches(method: string, expected: ExpectedCall, answer: CallAnswer): string[] {
  const code = expected.Response?.Code ?? 0;
  if (answer.code !== code) {
    return [`code: expected ${status[code]}, got ${status[answer.code]} (${answer.message})`];
  }
  if (code !== 0) return [];
  const { fullyQualifiedMethod, context } = answer.response?.assertions ?? {};
  const wrong: string[] = [];
  const wanted = `/${grpcEchoService}/${method}`;
  if (fullyQualifiedMethod !== wanted) wrong.push(`method: expected ${wanted}, got ${fullyQualifiedMethod}`);
  if (expected.Namespace && context?.namespace !== expected.Namespace)
    wrong.push(`namespace: expected ${expected.Namespace}, got ${context?.namespace}`);
  if (!(context?.pod ?? "").startsWith(expected.Backend ?? ""))
    wrong.push(`pod: expected ${expected.Backend}..., got ${context?.pod}`);
  return wrong;
}
