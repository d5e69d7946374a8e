import type { JsonObject, JsonValue } from "@routeledger/std";

interface Endpoint {
  readonly method: "get" | "post";
  /** With `{names}` of its parts. */
  readonly path: string;
  readonly summary: string;
  /** Name to what it means. */
  readonly query?: Readonly<Record<string, string>>;
  /** Header to what it means. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly answer: string;
}

const at = { at: "a moment: @412, @1.412, @head, @-2, @2026-11-21T10:00:00Z; now when left out" };
const change = {
  namespace: "for objects that name none; default: default",
  actor: "who changes it, for the log; with tokens the token says so, and this means nothing",
  source: "through what, for the log; default: http",
  summary: "one line for the log; made from the changes when left out",
  dryRun: "true: say what would change, and change nothing",
};

const preparation = {
  prepare:
    "true: bring the clusters that change up beside the old ones, and switch when they are warm and tried",
  deadlineMs: "of prepare: how long proxies may take for each step; default 30000",
  trialMs: "of prepare: how long requests try the new clusters before the switch, 0: not; default 5000",
  watchErrors: "of prepare: go back when more than so many of a million requests fail",
  watchMs: "of watchErrors: how long after the switch; default 10000",
};

const precondition = { "If-Match": 'a revision, such as "1.412": refuse objects that were written after it' };

/** Everything that the api answers, in the order of its page. */
const endpoints: readonly Endpoint[] = [
  {
    method: "post",
    path: "/v1/apply",
    summary: "Creates and replaces objects: one event of all that are valid",
    query: {
      ...change,
      atomic: "true: one refused object refuses all",
      file: "name of the body when it is YAML",
      ...preparation,
    },
    headers: precondition,
    body: '{"files": [{"path", "text"}]}, {"objects": [{...}]} or one object as JSON; YAML of any number of documents as application/yaml',
    answer:
      "{revision, time, results: [{ref, file, document, outcome, errors, diff}], xds, switch}; 422 when all are refused",
  },
  {
    method: "post",
    path: "/v1/delete",
    summary: "Deletes objects: one event",
    query: {
      ...change,
      ignoreNotFound: "true: what is not there is no result",
      allowMassDelete: "true: allow at least 10 routes and over half of them",
      ...preparation,
    },
    headers: precondition,
    body: '{"refs": [{"kind", "namespace", "name"}]}, or files as in apply',
    answer: "as apply; outcomes deleted, notFound, refused",
  },
  {
    method: "get",
    path: "/v1/switch",
    summary: "The prepared switch that is under way",
    answer: "{switch: null | {prepared, phase, since, waitsFor, objects, clusters, nodeGroups}}",
  },
  {
    method: "get",
    path: "/v1/switches/{moment}",
    summary: "What became of the switch that was prepared at a moment",
    query: {
      steps: "how many of its steps are known: the answer waits for more",
      waitMs: "how long, at most 60000; default 0",
    },
    answer: "{prepared, phase, steps: [{revision, time, kind, summary}], waitsFor}",
  },
  {
    method: "post",
    path: "/v1/switch/revert",
    summary: "Lets the switch that is under way go back",
    query: { actor: change.actor, source: change.source, reason: "why, for the log" },
    answer: "{revision, time}",
  },
  {
    method: "post",
    path: "/v1/secrets/reseal",
    summary: "Seals every Secret with the newest key, so that older ones can be dropped",
    query: { actor: change.actor, source: change.source },
    answer: "as apply; Secrets that are sealed with it already are no result",
  },
  {
    method: "get",
    path: "/v1/objects/{kind}",
    summary: "Objects of a kind, by any of its names",
    query: { namespace: "only this one", ...at },
    answer: "a List",
  },
  {
    method: "get",
    path: "/v1/objects/{kind}/{namespace}/{name}",
    summary: "One object with its status; the namespace of a cluster-scoped one is _",
    query: at,
    answer: "the object; metadata.resourceVersion is the revision that wrote it",
  },
  {
    method: "get",
    path: "/v1/status/{kind}/{namespace}/{name}",
    summary: "The status of one object",
    query: at,
    answer: "the status",
  },
  {
    method: "get",
    path: "/v1/status",
    summary: "How everything is: revisions, Gateways, problems",
    answer: "{head, published, gateways, problems}",
  },
  {
    method: "get",
    path: "/v1/head",
    summary: "The last event",
    answer: "{head, time, oldest, published, translatorVersion}",
  },
  {
    method: "get",
    path: "/v1/log",
    summary: "Events, newest first",
    query: {
      range: "A..B: after A, up to B",
      limit: "at most 10000; default 100",
      kind: "only those that changed objects of a kind",
      object: "KIND/NAME: only those that changed one object",
      namespace: "of that object",
      all: "true: terms and checkpoints, too",
    },
    answer: "{events: [{revision, time, kind, actor, source, summary, changes}]}",
  },
  {
    method: "get",
    path: "/v1/events/{moment}",
    summary: "One event with what it changed, and the xDS that it became",
    answer: "an event with changes (old and new) and xds (old and new)",
  },
  {
    method: "get",
    path: "/v1/diff",
    summary: "What differs between two moments",
    query: { a: "a moment", b: "a moment; default @head" },
    answer: "{a, b, objects, xds}",
  },
  { method: "get", path: "/v1/xds", summary: "Node groups", query: at, answer: "{revision, nodeGroups}" },
  {
    method: "get",
    path: "/v1/xds/{namespace}/{gateway}",
    summary: "The xDS resources of a Gateway as canonical proto3 JSON",
    query: { ...at, names: "present: without the resources themselves" },
    answer: "{nodeGroup, revision, types, resources, retiring}",
  },
  {
    method: "get",
    path: "/v1/proxies",
    summary: "What each proxy should have, was sent, acknowledged and rejected",
    answer: "{proxies, lost}",
  },
  {
    method: "get",
    path: "/v1/proxies/{node}",
    summary: "One proxy, with its history",
    query: { history: "so many records, newest first; default 20" },
    answer: "a proxy",
  },
  {
    method: "get",
    path: "/v1/revisions/{moment}/delivery",
    summary: "Which connected proxies have acknowledged a revision",
    query: { waitMs: "holds the answer back until it is settled, at most so long (60000)" },
    answer: "{revision, published, connected, acknowledged, rejected}",
  },
  {
    method: "post",
    path: "/v1/replay/check",
    summary: "Translates the log again and compares",
    answer: "what differs",
  },
  {
    method: "get",
    path: "/v1/store/digest",
    summary: "Digest of all that the store holds, or of what counts since a CONFIG sequence",
    query: { since: "a CONFIG sequence" },
    answer: "{digest, tables, heldSince}",
  },
  { method: "get", path: "/livez", summary: "The process lives; needs no token", answer: "ok" },
  {
    method: "get",
    path: "/readyz",
    summary: "The logs are read to their end; needs no token",
    answer: "200, or 503 with why not",
  },
  { method: "get", path: "/metrics", summary: "Metrics for Prometheus", answer: "text" },
  { method: "get", path: "/openapi.json", summary: "This description", answer: "OpenAPI 3.1" },
];

const contents: JsonObject = {
  "application/json": { schema: { type: "object" } },
  "application/yaml": { schema: { type: "string" } },
};

/** The api's description as OpenAPI 3.1. */
export const openApi: JsonObject = {
  openapi: "3.1.0",
  info: {
    title: "Routeledger",
    version: "1",
    description:
      "The one door: appends what people say, answers what they ask. docs/spec/api.md is its specification. Where the api was given tokens, all but /livez and /readyz asks for one.",
  },
  // Open mode asks for nothing.
  security: [{}, { token: [] }],
  paths: paths(),
  components: {
    securitySchemes: { token: { type: "http", scheme: "bearer" } },
    schemas: {
      Error: {
        type: "object",
        required: ["error"],
        properties: {
          error: {
            type: "object",
            required: ["code", "message"],
            properties: { code: { type: "string" }, message: { type: "string" }, hint: { type: "string" } },
          },
        },
      },
    },
  },
};

function paths(): JsonObject {
  const byPath = Map.groupBy(endpoints, ({ path }) => path);
  return Object.fromEntries(
    [...byPath].map(([path, methods]) => [
      path,
      Object.fromEntries(methods.map((endpoint) => [endpoint.method, operation(endpoint)])),
    ]),
  );
}

function operation({ path, summary, query = {}, headers = {}, body, answer }: Endpoint): JsonObject {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(
    ([, name]): JsonValue => ({
      ...{ name: name ?? "", in: "path", required: true, schema: { type: "string" } },
    }),
  );
  const inQuery = Object.entries(query).map(
    ([name, description]): JsonValue => ({
      ...{ name, in: "query", description, schema: { type: "string" } },
    }),
  );
  const inHeader = Object.entries(headers).map(
    ([name, description]): JsonValue => ({
      ...{ name, in: "header", description, schema: { type: "string" } },
    }),
  );
  const requestBody = body === undefined ? {} : { requestBody: { description: body, content: contents } };
  return {
    summary,
    parameters: [...inPath, ...inQuery, ...inHeader],
    ...requestBody,
    responses: {
      "200": { description: answer },
      default: {
        description: "an error",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}
