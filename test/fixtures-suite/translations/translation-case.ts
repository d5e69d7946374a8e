import { readFileSync } from "node:fs";
import { join } from "node:path";
import { refOf } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { parseAllDocuments } from "yaml";
import { ownClass } from "../fixture-objects.ts";
import { endpointSliceOf, makeService, portsOf } from "../fixture-services.ts";
import { fixturesFolder } from "../fixtures-folder.ts";
import { ourConfig } from "./our-config.ts";
import { envoyGatewayConfig, kgatewayConfig } from "./their-config.ts";
import type { XdsConfig } from "./xds-config.ts";

/** The same Gateway, translated by another project and by us. */
export interface TranslationCase {
  readonly name: string;
  readonly objects: readonly JsonObject[];
  readonly gateway: JsonObject;
  /** That speak HTTP or HTTPS. */
  readonly ports: readonly number[];
  readonly theirs: XdsConfig;
  readonly ours: XdsConfig;
}

/** Every case of the fixtures. */
export function translationCases(): TranslationCase[] {
  return [
    kgatewayCase("http-routing", ["gateway", "foo-httproute", "bar-httproute"]),
    kgatewayCase("http-routing-missing-backend", ["manifests"], "http-routing-missing-backend"),
    kgatewayCase("http-with-header-modifier", ["manifests"]),
    kgatewayCase("https-routing", ["gateway"]),
    kgatewayCase("multiple-listeners-http-routing", ["gateway"]),
    envoyGatewayCase("default-resources", ["all"], "default"),
    envoyGatewayCase("from-gateway-api-to-xds", ["listener", "route", "cluster"], "default"),
    quickstartCase(),
  ];
}

function kgatewayCase(name: string, parts: readonly string[], output = `${name}-proxy`): TranslationCase {
  const folder = fixturesFolder("kgateway");
  const files = parts.map((part) => join(folder, `inputs__${name}__${part}.yaml`));
  const objects = readObjects(files, "default");
  return makeCase(`kgateway ${name}`, withEndpoints(objects), (ports) =>
    kgatewayConfig(join(folder, `outputs__${output}.yaml`), ports),
  );
}

function envoyGatewayCase(name: string, outputs: readonly string[], namespace: string): TranslationCase {
  const folder = fixturesFolder("envoy-gateway", "translate");
  const objects = readObjects([join(folder, `${name}.in.yaml`)], namespace);
  const files = outputs.map((output) => join(folder, `${name}.out.${output}.yaml`));
  return makeCase(`Envoy Gateway ${name}`, withEndpoints(withMissingBackends(objects)), (ports) =>
    envoyGatewayConfig(files, ports, (cluster) => backendOfRule(objects, cluster)),
  );
}

/** Of this one there is a route table only: it is served by the listener of another case. */
function quickstartCase(): TranslationCase {
  const namespace = "envoy-gateway-system";
  const own = envoyGatewayCase("quickstart", ["route"], namespace);
  const [table] = own.theirs.routeTables.values();
  const { theirs } = envoyGatewayCase("from-gateway-api-to-xds", ["listener"], "default");
  const text = JSON.stringify(theirs.listeners.get(80));
  const listener = JSON.parse(text.replaceAll("default/eg/http", String(table?.name))) as JsonObject;
  return { ...own, theirs: { ...own.theirs, listeners: new Map([[80, listener]]) } };
}

function makeCase(
  name: string,
  given: readonly JsonObject[],
  theirs: (ports: readonly number[]) => XdsConfig,
): TranslationCase {
  const gateway = given.find(({ kind }) => kind === "Gateway") as JsonObject;
  const { gatewayClassName, listeners } = gateway.spec as {
    gatewayClassName: string;
    listeners: { protocol: string; port: number }[];
  };
  const spoken = listeners.filter(({ protocol }) => ["HTTP", "HTTPS"].includes(protocol));
  const ports = [...new Set(spoken.map(({ port }) => port))];
  const objects = [...given.filter(({ kind }) => kind !== "GatewayClass"), ownClass(gatewayClassName)];
  const { namespace, name: own } = gateway.metadata as JsonObject;
  return {
    name,
    objects,
    gateway,
    ports,
    theirs: theirs(ports),
    ours: ourConfig(objects, `${namespace}/${own}`),
  };
}

/** @param namespace of the objects that say none */
function readObjects(files: readonly string[], namespace: string): JsonObject[] {
  const documents = files.flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")));
  return documents
    .map((document) => document.toJS() as JsonObject | null)
    .filter((object) => object !== null)
    .map((object) => ({ ...object, metadata: { namespace, ...(object.metadata as JsonObject) } }));
}

interface BackendRef {
  readonly name: string;
  readonly port: number;
}

function backendRefsOf(rule: JsonObject | undefined): readonly BackendRef[] {
  return (rule?.backendRefs ?? []) as unknown as readonly BackendRef[];
}

/** `httproute/<namespace>/<name>/rule/<index>`, a cluster of Envoy Gateway's: the rule's first backend. */
function backendOfRule(objects: readonly JsonObject[], cluster: string): string | undefined {
  const [kind, namespace, name, , index] = cluster.split("/");
  const route = objects.find(
    (object) =>
      String(object.kind).toLowerCase() === kind &&
      (object.metadata as JsonObject).namespace === namespace &&
      (object.metadata as JsonObject).name === name,
  );
  const rule = rulesOf(route)[Math.max(0, Number(index))];
  const [ref] = backendRefsOf(rule);
  return ref && `${namespace}/${ref.name}:${ref.port}`;
}

export function rulesOf(route: JsonObject | undefined): JsonObject[] {
  return ((route?.spec as JsonObject | undefined)?.rules ?? []) as JsonObject[];
}

/** Envoy Gateway's command line makes the Services, and the ports of Services, that routes name and nobody gave. */
function withMissingBackends(objects: readonly JsonObject[]): JsonObject[] {
  const services = new Map(
    objects.filter(({ kind }) => kind === "Service").map((service) => [refOf(service).name, service]),
  );
  for (const route of objects.filter(({ kind }) => kind === "HTTPRoute" || kind === "GRPCRoute")) {
    for (const { name, port } of rulesOf(route).flatMap(backendRefsOf)) {
      const service = services.get(name) ?? makeService(refOf(route).namespace, name, []);
      const ports = portsOf(service);
      if (ports.some((one) => one.port === port)) continue;
      const all = [...ports, { name: `port-${port}`, port }];
      services.set(name, makeService(refOf(service).namespace, name, all));
    }
  }
  return [...objects.filter(({ kind }) => kind !== "Service"), ...services.values()];
}

/** Each Service has one endpoint: which ones a cluster has is not what is compared. */
function withEndpoints(objects: readonly JsonObject[]): JsonObject[] {
  const services = objects.filter(({ kind }) => kind === "Service");
  const slices = services.map((service) => endpointSliceOf(service, "192.0.2.1"));
  return [...objects.filter(({ kind }) => kind !== "EndpointSlice"), ...slices];
}
