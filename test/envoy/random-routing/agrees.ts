/** Whether an answer is one of those that the oracle expects. */
import type { Answer, Got } from "./ask.ts";
import { type Asked, type CorsAnswer, type Expected, type Headers, isGrpc, type Outcome } from "./oracle.ts";

/** Of requests and answers of backends: what filters may change. */
const watchedHeaders = ["x", "y", "z", "new"];
/** As Envoy tells gRPC clients of a status of its own; all others are UNKNOWN, 2. */
const grpcStatuses: Readonly<Record<number, string>> = { 400: "13", 404: "12", 503: "14" };

export function agrees(asked: Asked, expected: Expected, got: Got): boolean {
  if (expected === "unspecified") return true;
  if (expected === "refused" || got === "refused") return expected === got;
  return expected.some((outcome) => isOutcome(asked, outcome, got));
}

function isOutcome(asked: Asked, outcome: Outcome, got: Answer): boolean {
  if ((outcome.backend === undefined) !== (got.echo === undefined)) return false;
  if (got.echo === undefined && isGrpc(asked)) return isGrpcStatus(outcome.status, got);
  if (outcome.status !== got.status) return false;
  if (outcome.location !== undefined && !sameLocation(outcome.location, got.headers.location)) return false;
  if (outcome.cors !== undefined && !isCorsAnswer(outcome.cors, got.headers)) return false;
  const { echo } = got;
  if (echo === undefined) return true;
  return (
    echo.backend === outcome.backend &&
    echo.method === asked.method &&
    echo.path === outcome.path &&
    echo.host === outcome.host &&
    sameHeaders(outcome.requestHeaders ?? {}, echo.headers) &&
    sameHeaders(outcome.responseHeaders ?? {}, got.headers)
  );
}

function isGrpcStatus(status: number, { status: got, headers }: Answer): boolean {
  return got === 200 && headers["grpc-status"] === (grpcStatuses[status] ?? "2");
}

/** A port that the scheme implies may be shown (G47), and hosts are equal in any case. */
function sameLocation(expected: string, got: string | undefined): boolean {
  return got !== undefined && URL.canParse(got) && new URL(got).href === new URL(expected).href;
}

/** To a foreign origin Envoy says that it may send credentials, harmless without its name (G58). */
function isCorsAnswer({ allowOrigins, credentials }: CorsAnswer, headers: Headers): boolean {
  const origin = headers["access-control-allow-origin"];
  if (allowOrigins.length === 0) return origin === undefined;
  const withCredentials = headers["access-control-allow-credentials"] === "true";
  return origin !== undefined && allowOrigins.includes(origin) && withCredentials === credentials;
}

function sameHeaders(
  expected: Headers,
  got: Readonly<Record<string, string | readonly string[] | undefined>>,
): boolean {
  return watchedHeaders.every((name) => listed(expected[name]) === listed(got[name]));
}

/** Several values, in one line or in many, with blanks or without. */
function listed(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value).replaceAll(/\s*,\s*/g, ",");
}
