import { equal, match } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cacheFolder, type EnvoyVersion, envoyBinary } from "@routeledger/cli";
import type { JsonObject, JsonValue } from "@routeledger/std";
import { bootstrap, translateAll } from "@routeledger/translation";
import { partJson } from "@routeledger/translation/testing";
import type { Part } from "@routeledger/xds-model";
import { caseState, goldenCases } from "../golden/translation-case.ts";

const versions: readonly EnvoyVersion[] = ["1.40.0", "1.36.4"];

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "envoy-validate-"));
});
after(() => rm(folder, { recursive: true, force: true }));

for (const version of versions) {
  test(`Envoy ${version} accepts the bootstrap`, async () => {
    equal(await refusal(version, bootstrapOf("default/web")), "");
  });

  for (const name of goldenCases()) {
    test(`rule G111: Envoy ${version} accepts all of golden case ${name}`, async () => {
      for (const [group, parts] of translateAll(caseState(name)).groups) {
        equal(await refusal(version, staticConfig(group, [...parts.values()])), "", `${name} ${group}`);
      }
    });
  }

  test(`Envoy ${version} refuses what is planted: the check can fail`, async () => {
    const parts = [...(translateAll(caseState("basic")).groups.get("default/web")?.values() ?? [])];
    const config = JSON.stringify(staticConfig("default/web", parts));
    const planted = JSON.parse(config.replace('"prefix":"/"', '"safeRegex":{"regex":"("}')) as JsonObject;
    match(await refusal(version, planted), /missing \)/);
  });
}

/** What Envoy says against a configuration; empty when it accepts it. */
async function refusal(version: EnvoyVersion, config: JsonObject): Promise<string> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const envoy = await envoyBinary({ version, cacheFolder: cacheFolder(process.env), progress });
  const file = join(folder, `${version}.json`);
  await writeFile(file, JSON.stringify(config));
  return new Promise((resolve) => {
    const args = ["--mode", "validate", "-c", file, "--log-level", "error"];
    execFile(envoy, args, (error, stdout, stderr) => resolve(error === null ? "" : `${stderr}${stdout}`));
  });
}

function bootstrapOf(gateway: string): JsonObject {
  return bootstrap({
    gateway,
    nodeId: "proxy-1",
    edges: [{ host: "127.0.0.1", port: 18000 }],
    protocol: "delta",
  });
}

/** The bootstrap with all resources of a node group in it: each connection manager has its route table inline. */
function staticConfig(group: string, parts: readonly Part[]): JsonObject {
  const config = bootstrapOf(group);
  const tables = new Map<string, JsonObject>();
  const resources: Record<string, JsonValue[]> = { cluster: [], listener: [] };
  for (const part of parts) {
    const json = partJson(part) as JsonObject;
    if (part.type !== "route") resources[part.type]?.push(json);
    else if (part.virtualHost === "") tables.set(part.resource, { ...json, virtualHosts: [] });
    else (tables.get(part.resource)!.virtualHosts as JsonValue[]).push(json);
  }
  const listeners = (resources.listener ?? []).map((listener) => withInlineTables(listener, tables));
  const edge = (config.static_resources as JsonObject).clusters as JsonValue[];
  return { ...config, static_resources: { clusters: [...edge, ...(resources.cluster ?? [])], listeners } };
}

function withInlineTables(value: JsonValue, tables: ReadonlyMap<string, JsonObject>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => withInlineTables(item, tables));
  if (typeof value !== "object" || value === null) return value;
  const { rds, ...rest } = value;
  const inner = Object.fromEntries(
    Object.entries(rest).map(([name, member]) => [name, withInlineTables(member, tables)]),
  );
  if (rds === undefined) return inner;
  const table = tables.get(String((rds as JsonObject).routeConfigName));
  // An inline table's clusters are checked, one over RDS is not (G113); the invalid backend's never exists.
  return { ...inner, routeConfig: { ...table, validateClusters: false } };
}
