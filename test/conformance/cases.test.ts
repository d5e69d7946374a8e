import { deepEqual } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { knownKinds } from "@routeledger/config-model";
import type { JsonObject } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { cacheFolder } from "../../services/cli/src/cache-folder.ts";
import { envoyBinary } from "../../services/cli/src/envoy-binary.ts";
import { obstacles } from "./can-run.ts";
import type { ConformanceCase } from "./case.ts";
import { gatewayClass, readManifest } from "./manifests.ts";
import { notRun } from "./not-run.ts";
import { playCase } from "./run-case.ts";
import { RunningSystem } from "./system-under-test.ts";
import { Workloads } from "./workloads.ts";

const fixtures = process.env.ROUTELEDGER_FIXTURES;
if (fixtures === undefined || fixtures === "")
  throw new Error("ROUTELEDGER_FIXTURES to name the fixtures' folder");
const folder = join(fixtures, "gateway-api");
const cases = JSON.parse(await readFile(join(folder, "cases.json"), "utf8")) as ConformanceCase[];

const binary = await envoyBinary({ cacheFolder: cacheFolder(process.env), progress: () => {} });
const system = await RunningSystem.start(binary);
const workloads = new Workloads();
after(async () => {
  await system.stop();
  await workloads.stop();
});

await system.apply([
  {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name: gatewayClass },
    spec: { controllerName },
  },
]);
const base = await readManifest(folder, "base.yaml");
await workloads.start(base);
await system.apply(applicable(base));
const servedFeatures = await namedFeatures();
const manifests = new Map<string, JsonObject[]>();
for (const { name, manifests: paths } of cases)
  manifests.set(name, (await Promise.all(paths.map((path) => readManifest(folder, path)))).flat());

test("a case of the official suite is run, or listed with the reason why it cannot be", () => {
  const able = cases.filter((one) => reasonsAgainst(one).length === 0).map(({ name }) => name);
  const listed = Object.values(notRun).flat();
  const all = cases.map(({ name }) => name);
  deepEqual([...able, ...listed].sort(), all.sort());
});

for (const one of cases.filter((each) => reasonsAgainst(each).length === 0)) {
  test(`official case ${one.name}`, async () => {
    const objects = manifests.get(one.name) ?? [];
    await workloads.start(objects);
    const applied = applicable(objects);
    try {
      await system.apply(applied);
      await playCase(system, one, applied);
    } finally {
      await system.delete(applied);
    }
  });
}

function reasonsAgainst(one: ConformanceCase): string[] {
  return obstacles(one, { objects: manifests.get(one.name) ?? [], base, servedFeatures });
}

/** What an API server would hand to a controller: of known kinds, endpoints made, ports mapped. */
function applicable(objects: readonly JsonObject[]): JsonObject[] {
  const kinds = new Set(knownKinds().map(({ kind }) => kind));
  return workloads
    .withEndpoints(objects)
    .filter(({ kind }) => kinds.has(String(kind)))
    .map((object) => system.ports.rewrite(object));
}

async function namedFeatures(): Promise<Set<string>> {
  const { status } = (await system.get("GatewayClass", "", gatewayClass)) as {
    status?: { supportedFeatures?: { name: string }[] };
  };
  return new Set(status?.supportedFeatures?.map(({ name }) => name));
}
