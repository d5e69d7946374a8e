/**
 * Measures the pure middle alone, in one process and on one core: a state of many HTTPRoutes, then one of them changed, 200
 * times. Prints p50 and p99 of evolve, translate and publish, and memory; and 1,000 routes from YAML to checked xDS in
 * a process that has done nothing yet. `node --expose-gc test/bench/route-change.ts [count ...]`.
 */
import { execFileSync } from "node:child_process";
import {
  type ConfigEvent,
  type ConfigState,
  completeObject,
  emptyConfigState,
  evolve,
  getObject,
  refOf,
  validateObject,
} from "@routeledger/config-model";
import { codec, fieldViolations } from "@routeledger/protos";
import { type JsonObject, revision } from "@routeledger/std";
import { publish, type TranslatedState, TranslationCache, translateAll } from "@routeledger/translation";
import { messageNames } from "@routeledger/translation/testing";
import { emptyPublished, type Published } from "@routeledger/xds-model";
import { parseAllDocuments, stringify } from "yaml";

const changes = 200;
const warmUp = 50;
/** Of the routes that come as YAML. */
const coldServices = 100;

function base(): JsonObject[] {
  const allowedRoutes = { namespaces: { from: "All" } };
  return [
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "GatewayClass",
      metadata: { name: "routeledger" },
      spec: { controllerName: "routeledger.dev/gateway" },
    },
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { name: "web", namespace: "default" },
      spec: {
        gatewayClassName: "routeledger",
        listeners: [{ name: "http", port: 8080, protocol: "HTTP", allowedRoutes }],
      },
    },
  ];
}

function service(index: number): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `service-${index}`, namespace: "default" },
    spec: { ports: [{ name: "http", port: 80, protocol: "TCP" }] },
  };
}

function route(index: number, change: number, backend = index): JsonObject {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: `route-${index}`, namespace: "default" },
    spec: {
      parentRefs: [{ name: "web" }],
      hostnames: [`host-${index}.example.com`],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: `/change-${change}` } }],
          backendRefs: [{ name: `service-${backend}`, port: 80 }],
        },
      ],
    },
  };
}

function objects(count: number): JsonObject[] {
  const indexes = Array.from({ length: count }, (_, index) => index);
  return [...base(), ...indexes.map(service), ...indexes.map((index) => route(index, 0))];
}

function eventOf(state: ConfigState, inputs: readonly JsonObject[], sequence: number): ConfigEvent {
  const timeMs = sequence * 1_000;
  const changed = inputs.flatMap((input) => {
    const { object, errors } = validateObject(input);
    if (errors.length > 0) throw new Error(JSON.stringify(errors));
    const existing = getObject(state, refOf(object));
    const change = completeObject(object, { existing, source: "bench", uid: `u-${sequence}`, timeMs });
    return change === "unchanged" ? [] : [change];
  });
  return { revision: revision(1, sequence), timeMs, term: 0, fact: { type: "changeSet", changes: changed } };
}

function measure(count: number): void {
  const cache = new TranslationCache();
  let state = emptyConfigState;
  let published: Published = emptyPublished;
  let last: TranslatedState | undefined;
  const took = { evolve: [] as number[], translate: [] as number[], publish: [] as number[] };
  const fold = (inputs: readonly JsonObject[], sequence: number): void => {
    const event = eventOf(state, inputs, sequence);
    const begun = performance.now();
    state = evolve(state, event);
    const evolved = performance.now();
    const translated = translateAll(state, cache);
    const done = performance.now();
    const moment = { revision: event.revision, timeMs: event.timeMs, retireGraceMs: 60_000 };
    published = publish(published, { ...moment, ...translated }, last).published;
    last = translated;
    took.evolve.push(evolved - begun);
    took.translate.push(done - evolved);
    took.publish.push(performance.now() - done);
  };
  fold(objects(count), 1);
  for (let change = 1; change <= warmUp; change++) fold([route(change % count, change)], 1 + change);
  for (const list of Object.values(took)) list.length = 0;
  for (let change = warmUp + 1; change <= warmUp + changes; change++)
    fold([route((change * 7919) % count, change)], 1 + change);
  globalThis.gc?.();
  const mib = (process.memoryUsage().heapUsed / 2 ** 20).toFixed(0);
  const said = Object.entries(took).map(([what, times]) => `${what} ${middle(times)}`);
  say(`${count} routes, one changed: ${said.join(", ")}; heap ${mib} MiB`);
}

function middle(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} p99 ${at(0.99)} ms`;
}

/** In a process of its own: nothing is compiled yet. */
function cold(count: number): void {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const services = indexes.slice(0, coldServices).map(service);
  const routes = indexes.map((index) => route(index, 0, index % coldServices));
  const text = [...base(), ...services, ...routes].map((object) => stringify(object)).join("---\n");
  const begun = performance.now();
  const inputs = parseAllDocuments(text).map((document) => document.toJS() as JsonObject);
  const parsed = performance.now();
  const state = evolve(emptyConfigState, eventOf(emptyConfigState, inputs, 1));
  const validated = performance.now();
  const { groups } = translateAll(state);
  const translated = performance.now();
  for (const parts of groups.values()) {
    for (const { type, virtualHost, bytes } of parts.values()) {
      const name = virtualHost === "" ? messageNames[type] : "envoy.config.route.v3.VirtualHost";
      if (fieldViolations(name, codec(name).decode(bytes) as never).length > 0) throw new Error(name);
    }
  }
  const ms = (from: number, to: number): string => (to - from).toFixed(0);
  say(
    `${count} routes cold: ${ms(begun, translated)} ms from YAML to xDS (YAML ${ms(begun, parsed)}, ` +
      `door ${ms(parsed, validated)}, translation ${ms(validated, translated)}); field rules again ${ms(translated, performance.now())} ms`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const [first = "", ...rest] = process.argv.slice(2);
if (first === "--cold") cold(Number(rest[0] ?? 1_000));
else {
  for (let run = 0; run < 3; run++) {
    process.stdout.write(execFileSync(process.execPath, ["--no-warnings", import.meta.filename, "--cold"]));
  }
  const counts = [first, ...rest].filter((text) => text !== "").map(Number);
  for (const count of counts.length > 0 ? counts : [1_000, 5_000, 10_000]) measure(count);
}
