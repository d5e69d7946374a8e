import { status as grpcStatus } from "@grpc/grpc-js";
import type { ConformanceCase, ExpectedCall, ExpectedResponse, Step } from "./case.ts";
import type { Certificate } from "./certificates.ts";
import { mismatches } from "./compare-answer.ts";
import { call, callMismatches } from "./grpc-exchange.ts";
import { exchange, type Target } from "./http-exchange.ts";
import { mirroredShare, mirroredShareMismatches } from "./mirrored-share.ts";
import { type Player, type SystemUnderTest, wanted } from "./player.ts";
import { weightMismatches } from "./weights.ts";

/** As the official suite: an answer counts when so many in a row are right; of those that must fail so many. */
const consecutive = 3;
const consecutiveFailures = 5;

/** Helpers that send requests. */
export const requestPlayers: Readonly<Record<string, Player>> = {
  "http.MakeRequestAndExpectEventuallyConsistentResponse": consistentResponse,
  "http.MakeRequestAndExpectFailure": consistentFailure,
  "http.ExpectMirroredRequest": mirrored,
  "tls.MakeTLSRequestAndExpectEventuallyConsistentResponse": consistentResponse,
  "tls.MakeTLSRequestAndExpectEventuallyConsistentFailureResponse": connectionFailure,
  "grpc.MakeRequestAndExpectEventuallyConsistentResponse": consistentCall,
  "grpc.MakeRequestAndExpectEventuallyConsistentFailure": failingCall,
  [mirroredShare]: mirroredShareMismatches,
  "weight.TestWeightedDistribution": (system, step, of) => weightMismatches(system, step, of),
};

/** Looks so often; what is wrong with the first that is wrong. */
async function inARow(times: number, once: () => Promise<string[]>): Promise<string[]> {
  for (let count = 0; count < times; count++) {
    const wrong = await once();
    if (wrong.length > 0) return wrong;
  }
  return [];
}

async function consistentResponse(system: SystemUnderTest, step: Step): Promise<string[]> {
  const expected = withOwnCertificates(system, wanted(step.args.expected, "an expected response"));
  const target = await targetOf(system, step);
  return inARow(consecutive, async () => mismatches(expected, await exchange(target, expected), target));
}

/** Any answer but 200 and a timeout. */
async function consistentFailure(system: SystemUnderTest, step: Step): Promise<string[]> {
  const expected = wanted(step.args.expected, "an expected response");
  const target = await targetOf(system, step);
  return inARow(consecutiveFailures, async () => {
    const { status } = await exchange(target, expected);
    return [200, 408, 504].includes(status) ? [`status: expected a failure, got ${status}`] : [];
  });
}

/** No answer at all: the handshake fails, or the connection is ended. */
async function connectionFailure(system: SystemUnderTest, step: Step): Promise<string[]> {
  const expected = wanted(step.args.expected, "an expected response");
  const target = await targetOf(system, step);
  return inARow(consecutive, () =>
    exchange(target, expected).then(
      ({ status }) => [`expected that no connection is made, got status ${status}`],
      () => [],
    ),
  );
}

const infra = "gateway-conformance-infra";

/** The suite's TLS tests all verify with this certificate. */
const serverCertificate = `${infra}/tls-validity-checks-certificate`;

/** Certificates are recorded by their lengths only; those of the keys differ by which client they are of. */
const clientOfKeyLength: Readonly<Record<string, string>> = {
  "<1679 bytes>": `${infra}/tls-validity-checks-client-certificate`,
  "<1675 bytes>": `${infra}/tls-validity-checks-per-port-client-certificate`,
};

async function targetOf(system: SystemUnderTest, { fn, args }: Step): Promise<Target> {
  const address = wanted(args.gwAddr, "an address");
  if (!fn.startsWith("tls.")) return system.target(address, 80);
  const { host, port } = await system.target(address, 443);
  const serverName = wanted(args.serverName, "a server name");
  const authority = system.suiteObjects.certificate(serverCertificate).certificate;
  return { host, port, tls: { serverName, authority, client: clientOf(system, args.clientCertificateKey) } };
}

function clientOf({ suiteObjects }: SystemUnderTest, key = "<0 bytes>"): Certificate | undefined {
  if (key === "<0 bytes>") return undefined;
  return suiteObjects.certificate(wanted(clientOfKeyLength[key], `a known client key, got ${key}`));
}

/** The recorded client certificate stands for the one that this run made. */
function withOwnCertificates(
  { suiteObjects }: SystemUnderTest,
  expected: ExpectedResponse,
): ExpectedResponse {
  const sent = expected.ExpectedRequest ?? expected.Request;
  if (sent.ClientCert === undefined) return expected;
  const { certificate } = suiteObjects.certificate(`${infra}/tls-checks-client-certificate`);
  return { ...expected, ExpectedRequest: { ...sent, ClientCert: certificate } };
}

async function mirrored({ echoLog }: SystemUnderTest, { args }: Step): Promise<string[]> {
  const path = wanted(args.path, "a path");
  return wanted(args.mirrorPods, "pods").flatMap(({ Namespace, Name }) =>
    echoLog.echoed(`${Namespace}/${Name}`, path) > 0 ? [] : [`${Namespace}/${Name} has not seen ${path}`],
  );
}

async function consistentCall(system: SystemUnderTest, step: Step, of: ConformanceCase): Promise<string[]> {
  const expected = wanted(step.args.expected, "an expected response") as unknown as ExpectedCall;
  const target = await targetOf(system, step);
  const method = methodOf(step, of);
  return inARow(consecutive, async () =>
    callMismatches(method, expected, await call(target, method, expected)),
  );
}

async function failingCall(system: SystemUnderTest, step: Step, of: ConformanceCase): Promise<string[]> {
  const expected = wanted(step.args.expected, "an expected response") as unknown as ExpectedCall;
  const target = await targetOf(system, step);
  return inARow(consecutive, async () => {
    const { code } = await call(target, methodOf(step, of), expected);
    return code === grpcStatus.OK ? ["code: expected a failure, got OK"] : [];
  });
}

/** Steps that call the second method, though their names do not say so: by case, what the name begins with. */
const secondMethod: Readonly<Record<string, readonly string[]>> = {
  BackendTLSPolicyGRPCRoute: [
    "gRPC_request_sent_to_Service_targeted_by_BackendTLSPolicy_with_mismatched_hostname",
  ],
  GRPCRouteRequestHeaderModifier: ["Case_sensitivity", "Multiple_operations"],
};

/** The empty requests of all methods are recorded alike; the name of most steps says which one it was. */
function methodOf({ sub = "" }: Step, { name }: ConformanceCase): string {
  if (secondMethod[name]?.some((beginning) => sub.startsWith(beginning))) return "EchoTwo";
  return /GrpcEcho\/(Echo\w*)/.exec(sub)?.[1] ?? "Echo";
}
