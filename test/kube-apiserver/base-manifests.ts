import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type KindInfo, knownKinds, validateObject } from "@routeledger/config-model";
import { canonicalJson, type JsonObject } from "@routeledger/std";
import { parseAllDocuments } from "yaml";
import { goModuleFolder, goModules } from "../../scripts/go-module.ts";
import { BASE_OBJECTS } from "../../scripts/verdicts/base-objects.ts";

/** A good object, and where a server keeps those of its kind. */
export interface BaseManifest {
  readonly object: JsonObject;
  /** `/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes` */
  readonly collection: string;
  readonly name: string;
}

/**
 * Objects to change: Gateway API's examples and ours of scripts/verdicts, as far as their kinds are known. Each has a
 * name of its own, and is in the namespace `default` when its kind has namespaces. All are accepted here; that a
 * server accepts them is for the tests to show.
 */
export async function baseManifests(): Promise<BaseManifest[]> {
  const examples = await exampleObjects();
  const distinct = new Map(
    [...BASE_OBJECTS, ...examples].map((object) => [canonicalJson({ ...object, metadata: {} }), object]),
  );
  return [...distinct.values()].flatMap((object, index) => {
    const [group, version] = groupAndVersion(String(object.apiVersion));
    const info = knownKinds().find((known) => known.kind === object.kind && known.group === group);
    if (info === undefined) return [];
    const named = renamed(object, info, `base-${index}`);
    return validateObject(named).errors.length > 0 ? [] : [manifest(named, info, version)];
  });
}

function groupAndVersion(apiVersion: string): [string, string] {
  const [first, second] = apiVersion.split("/");
  return second === undefined ? ["", first!] : [first!, second];
}

function renamed(object: JsonObject, { scope }: KindInfo, name: string): JsonObject {
  const { labels, annotations } = object.metadata as JsonObject;
  const metadata: JsonObject = { name, ...(scope === "Namespaced" && { namespace: "default" }) };
  if (labels !== undefined) metadata.labels = labels;
  if (annotations !== undefined) metadata.annotations = annotations;
  const { status: _status, ...rest } = object;
  return { ...rest, metadata };
}

function manifest(object: JsonObject, { group, plural, scope }: KindInfo, version: string): BaseManifest {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const collection = scope === "Namespaced" ? `${root}/namespaces/default/${plural}` : `${root}/${plural}`;
  return { object, collection, name: String((object.metadata as JsonObject).name) };
}

async function exampleObjects(): Promise<JsonObject[]> {
  const folder = join(await goModuleFolder(goModules.gatewayApi), "examples");
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.ya?ml$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as JsonObject | null))
    .filter((object) => object !== null && typeof object.kind === "string") as JsonObject[];
}
