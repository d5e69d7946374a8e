import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, type ApiOptions, startApi } from "@routeledger/api";
import type { EventLog } from "@routeledger/event-log";
import { silentLogger } from "@routeledger/service-kit";
import { openSnapshotStore, projectLogs, type SnapshotStore } from "@routeledger/snapshot-store";
import { type JsonObject, systemClock } from "@routeledger/std";
import { startTranslator } from "@routeledger/translator";
import { memoryLogs } from "../store/random-history.ts";

export interface Logs {
  readonly config: EventLog;
  readonly xds: EventLog;
  readonly delivery: EventLog;
}

/** An api with everything behind it but edges, on logs in memory. */
export interface RunningApi {
  readonly api: Api;
  readonly logs: Logs;
  readonly store: SnapshotStore;
  /** Of this test alone; removed at the end. */
  readonly folder: string;
  get(path: string): Promise<Answer>;
  post(path: string, body: object | string, headers?: Record<string, string>): Promise<Answer>;
  /** Applies YAML and returns the answer. */
  apply(text: string, query?: string): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

export interface RunningApiOptions {
  /** False: nothing translates. */
  readonly translator?: boolean;
  readonly logs?: Logs;
  readonly options?: Partial<ApiOptions>;
}

/** Runs `use` with a fresh api. */
export async function withApi(
  use: (running: RunningApi) => Promise<void>,
  { translator: translates = true, logs = memoryLogs(), options = {} }: RunningApiOptions = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-api-"));
  const store = openSnapshotStore({ folder: join(folder, "store") });
  const stopping = new AbortController();
  const projection = projectLogs(store, logs, { signal: stopping.signal });
  const common = {
    logs,
    clock: systemClock,
    randomBytes: (count: number) => new Uint8Array(randomBytes(count)),
  };
  const logger = silentLogger;
  const translator = translates
    ? await startTranslator({
        ...common,
        logger,
        name: "test",
        retireGraceMs: 60_000,
        checkpointEveryRevisions: 1000,
      })
    : undefined;
  const api = await startApi({ ...common, logger, store, address: "127.0.0.1:0", ...options });
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`http://${api.address}${path}`, init);
    return { status: response.status, body: (await response.json()) as JsonObject };
  };
  const post: RunningApi["post"] = (path, body, headers = {}) => {
    const isText = typeof body === "string";
    const type = isText ? "application/yaml" : "application/json";
    return ask(path, {
      method: "POST",
      headers: { "content-type": type, ...headers },
      body: isText ? body : JSON.stringify(body),
    });
  };
  try {
    await use({
      api,
      logs,
      store,
      folder,
      get: (path) => ask(path, {}),
      post,
      apply: (text, query = "") => post(`/v1/apply${query}`, { files: [{ path: "test.yaml", text }] }),
    });
  } finally {
    await api.stop();
    await translator?.stop();
    stopping.abort();
    await projection;
    await store.close();
    await rm(folder, { recursive: true });
  }
}

/** The objects of an answer's results: outcome by `Kind/name`. */
export function outcomes({ body }: Answer): Record<string, unknown> {
  const results = body.results as { ref?: { kind: string; name: string }; outcome: string }[];
  return Object.fromEntries(results.map(({ ref, outcome }) => [`${ref?.kind}/${ref?.name}`, outcome]));
}

export const gatewayClass = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: routeledger }
spec: { controllerName: routeledger.dev/gateway }
`;

export const gateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: shop }
spec:
  gatewayClassName: routeledger
  listeners:
  - { name: http, port: 8080, protocol: HTTP }
`;

export const backend = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: local, namespace: shop }
spec:
  endpoints:
  - ip: { address: 127.0.0.1, port: 9001 }
`;

export function route(name: string, path = "/"): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: shop }
spec:
  parentRefs: [{ name: web }]
  rules:
  - matches: [{ path: { type: PathPrefix, value: "${path}" } }]
    backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: local }]
`;
}

export function documents(...texts: readonly string[]): string {
  return texts.join("---");
}
