import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, envoyBinary } from "@routeledger/cli";
import { knownKinds } from "@routeledger/config-model";
import { assert, type JsonObject } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { addedCases } from "./added-cases.ts";
import { inSuiteNames, obstacles } from "./can-run.ts";
import type { ConformanceCase } from "./case.ts";
import { gatewayClass, readManifest, withAddresses } from "./manifests.ts";
import { playCase } from "./run-case.ts";
import { RunningSystem } from "./system-under-test.ts";
import { Workloads } from "./workloads.ts";

/** Where a suite is from. */
export interface SuiteSource {
  /** Manifests are named below it. */
  readonly folder: string;
  /** What all cases stand on. */
  readonly baseManifest: string;
  readonly cases: readonly ConformanceCase[];
}

/** All that the fixtures have, in the folder that `ROUTELEDGER_FIXTURES` names, and what was not recorded. */
export async function fixturesSource(): Promise<SuiteSource> {
  const folder = join(process.env.ROUTELEDGER_FIXTURES ?? "", "gateway-api");
  assert(folder !== "gateway-api", "ROUTELEDGER_FIXTURES to name the fixtures' folder");
  const recorded = JSON.parse(await readFile(join(folder, "cases.json"), "utf8")) as ConformanceCase[];
  return { folder, baseManifest: "base.yaml", cases: [...recorded, ...addedCases] };
}

/** A suite's cases and a running system with what its base manifest asks for. */
export class OfficialSuite {
  readonly system: RunningSystem;
  readonly cases: readonly ConformanceCase[];
  readonly #workloads: Workloads;
  readonly #base: readonly JsonObject[];
  /** By name of the case. */
  readonly #objects: ReadonlyMap<string, readonly JsonObject[]>;
  #servedFeatures: ReadonlySet<string> = new Set();

  private constructor(
    system: RunningSystem,
    cases: readonly ConformanceCase[],
    manifests: { base: readonly JsonObject[]; objects: ReadonlyMap<string, readonly JsonObject[]> },
  ) {
    this.system = system;
    this.#workloads = new Workloads(system);
    this.cases = cases;
    this.#base = manifests.base;
    this.#objects = manifests.objects;
  }

  /** Reads the manifests, starts everything and applies the base. `ROUTELEDGER_ENVOY` names another Envoy. */
  static async start(
    { folder, baseManifest, cases }: SuiteSource,
    protocol: "delta" | "sotw",
  ): Promise<OfficialSuite> {
    const base = await readManifest(folder, baseManifest);
    const objects = new Map<string, JsonObject[]>();
    for (const { name, manifests } of cases)
      objects.set(name, (await Promise.all(manifests.map((path) => readManifest(folder, path)))).flat());
    const { ROUTELEDGER_ENVOY: override } = process.env;
    const binary = await envoyBinary({
      ...{ cacheFolder: cacheFolder(process.env), progress: () => {} },
      ...(override === undefined ? {} : { override }),
    });
    const system = await RunningSystem.start({ envoyBinary: binary, protocol });
    const suite = new OfficialSuite(system, cases, { base, objects });
    await suite.#applyBase();
    return suite;
  }

  /** What the status of the GatewayClass declares. */
  get servedFeatures(): ReadonlySet<string> {
    return this.#servedFeatures;
  }

  runnable(): ConformanceCase[] {
    return this.cases.filter((one) => this.reasonsAgainst(one).length === 0);
  }

  reasonsAgainst(one: ConformanceCase): string[] {
    return obstacles(one, this.#servedFeatures);
  }

  /** Applies the case's manifests, plays its steps, deletes what it applied. */
  async play(one: ConformanceCase): Promise<void> {
    const objects = this.#objects.get(one.name) ?? [];
    await this.#workloads.start(objects);
    await playCase(this.system, one, this.#applicable(objects));
  }

  async stop(): Promise<void> {
    await this.system.stop();
    await this.#workloads.stop();
  }

  async #applyBase(): Promise<void> {
    const metadata = { name: gatewayClass };
    const apiVersion = "gateway.networking.k8s.io/v1";
    await this.system.apply([{ apiVersion, kind: "GatewayClass", metadata, spec: { controllerName } }]);
    await this.system.apply(this.system.suiteObjects.objects);
    await this.#workloads.start(this.#base);
    await this.system.apply(this.#applicable(this.#base));
    const { status } = (await this.system.get("GatewayClass", "", gatewayClass)) as {
      status?: { supportedFeatures?: { name: string }[] };
    };
    this.#servedFeatures = inSuiteNames((status?.supportedFeatures ?? []).map(({ name }) => name));
  }

  /** What an API server would hand to a controller: of known kinds, endpoints made, addresses filled in. */
  #applicable(objects: readonly JsonObject[]): JsonObject[] {
    const kinds = new Set(knownKinds().map(({ kind }) => kind));
    return this.#workloads
      .withEndpoints(objects)
      .filter(({ kind }) => kinds.has(String(kind)))
      .map((object) => withAddresses(object, this.system.net.spare));
  }
}
