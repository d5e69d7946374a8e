import { Failure } from "@routeledger/std";

/** Codes of the api's own errors, with their HTTP status. docs/spec/api.md explains each. */
const statusOfCode: Readonly<Record<string, number>> = {
  badRequest: 400,
  badMoment: 400,
  unknownKind: 400,
  unauthorized: 401,
  notFound: 404,
  conflict: 409,
  compacted: 410,
  preconditionFailed: 412,
  tooLarge: 413,
  notReady: 503,
  behind: 503,
  busy: 503,
  outcomeUnknown: 503,
};

/** An expected error of a request. @param code one of those that have a status */
export function apiFailure(
  code: keyof typeof statusOfCode & string,
  message: string,
  hint?: string,
): Failure {
  return new Failure(message, {
    code,
    retryable: statusOfCode[code] === 503,
    ...(hint !== undefined && { hint }),
  });
}

/** When to ask again after what is retryable, seconds. */
const retryAfterSeconds = 1;

export interface HttpError {
  readonly status: number;
  /** `WWW-Authenticate` of a 401, `Retry-After` of what may succeed unchanged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
  };
}

/** The one place where errors become HTTP. What is no Failure says nothing of its inside. */
export function httpErrorOf(error: unknown): HttpError {
  if (error instanceof Failure) {
    const status = statusOfCode[error.code] ?? 503;
    const { code, message, hint, retryable } = error;
    const headers = {
      ...(status === 401 && { "www-authenticate": "Bearer" }),
      ...(retryable && { "retry-after": String(retryAfterSeconds) }),
    };
    return { status, headers, body: { error: { code, message, ...(hint !== undefined && { hint }) } } };
  }
  const status = statusCodeOf(error);
  if (status !== undefined && status < 500) {
    const code = status === 413 ? "tooLarge" : "badRequest";
    return { status, headers: {}, body: { error: { code, message: (error as Error).message } } };
  }
  const internal = { code: "internal", message: "the api failed: see its log" };
  return { status: 500, headers: {}, body: { error: internal } };
}

/** Of the HTTP framework's own errors. */
function statusCodeOf(error: unknown): number | undefined {
  const hasStatus = error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";
  return hasStatus ? (error.statusCode as number) : undefined;
}
