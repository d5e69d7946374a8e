import { type FastifyInstance, fastify } from "fastify";
import { apiFailure, httpErrorOf } from "./api-failure.ts";
import { authenticate } from "./authenticate.ts";
import type { ApiContext } from "./routes/api-context.ts";
import { changeRoutes } from "./routes/changes.ts";
import { historyRoutes } from "./routes/history.ts";
import { objectRoutes } from "./routes/objects.ts";
import { operationRoutes } from "./routes/operations.ts";
import { overviewRoutes } from "./routes/overview.ts";
import { proxyRoutes } from "./routes/proxies.ts";
import { switchRoutes } from "./routes/switches.ts";
import { xdsRoutes } from "./routes/xds.ts";

/** How long a client may take to send its request, milliseconds. */
const requestTimeoutMs = 120_000;

/** Characters of one part of a path: names have at most 253, a kind with its group less. */
const pathPartLengthMax = 512;

/**
 * What is taken besides JSON. None of the types that a web page of anywhere may send without being asked: whoever
 * has a browser open on this machine has not allowed that.
 */
const yamlTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];

/** The HTTP side of the api, not yet listening. Errors are `{error: {code, message, hint}}`. */
export function httpServer(context: ApiContext): FastifyInstance {
  const server = plainServer(context.tls);
  server.removeContentTypeParser("text/plain");
  for (const type of yamlTypes) {
    server.addContentTypeParser(type, { parseAs: "buffer" }, (_, body, done) => done(null, body));
  }
  server.decorateRequest("tokenActor", undefined);
  server.addHook("onRequest", async (request) => {
    const { host, authorization } = request.headers;
    // The route that answers decides, not the path as it was written.
    const route = request.routeOptions.url;
    request.tokenActor = authenticate({ route, host, authorization }, context.tokens);
  });
  server.addHook("onSend", async (_, reply) => {
    // A connection that lives on would hold up the end.
    if (context.stopping.aborted) reply.header("connection", "close");
  });
  answerErrors(server, context);
  measureRequests(server, context);
  for (const routes of [
    changeRoutes,
    objectRoutes,
    historyRoutes,
    xdsRoutes,
    proxyRoutes,
    switchRoutes,
    overviewRoutes,
    operationRoutes,
  ]) {
    routes(server, context);
  }
  return server;
}

function plainServer(tls: ApiContext["tls"]): FastifyInstance {
  const options = {
    logger: false,
    requestTimeout: requestTimeoutMs,
    // What is being answered is answered; see `onSend`.
    forceCloseConnections: "idle" as const,
    routerOptions: { maxParamLength: pathPartLengthMax },
  };
  // An HTTPS server is an HTTP server to all that is done with it here.
  return tls === undefined
    ? fastify(options)
    : (fastify({ ...options, https: tls }) as unknown as FastifyInstance);
}

function answerErrors(server: FastifyInstance, { metrics, logger }: ApiContext): void {
  const unauthorized = metrics.counter({
    name: "api_unauthorized_requests_total",
    help: "requests without a token that is somebody's",
  });
  server.setErrorHandler((error, request, reply) => {
    const { status, body, headers } = httpErrorOf(error);
    if (status === 401) unauthorized.inc();
    if (status >= 500) logger.error({ err: error, url: request.url }, "a request failed");
    return reply.code(status).headers(headers).send(body);
  });
  server.setNotFoundHandler((request, reply) => {
    const failure = apiFailure(
      "notFound",
      `${request.method} ${request.url.split("?")[0]}: no such page`,
      "/ lists them",
    );
    return reply.code(404).send(httpErrorOf(failure).body);
  });
}

function measureRequests(server: FastifyInstance, { metrics }: ApiContext): void {
  const seconds = metrics.histogram({
    name: "api_request_seconds",
    help: "time of requests",
    labels: ["method", "route", "status"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  });
  server.addHook("onResponse", async (request, reply) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? "",
      status: String(reply.statusCode),
    };
    seconds.observe(labels, reply.elapsedTime / 1000);
  });
}
