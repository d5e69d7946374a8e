import { deepEqual, equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { cacheFolder, envoyBinary } from "@routeledger/cli";
import { knownKinds } from "@routeledger/config-model";
import { assert, type JsonObject } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { obstacles } from "./can-run.ts";
import type { ConformanceCase } from "./case.ts";
import { gatewayClass, readManifest } from "./manifests.ts";
import { notRun } from "./not-run.ts";
import { playCase } from "./run-case.ts";
import { RunningSystem } from "./system-under-test.ts";
import { Workloads } from "./workloads.ts";

/**
 * Defines a test for each case of the official suite that can run, with Envoys that speak this protocol. Reads the
 * fixtures that `ROUTELEDGER_FIXTURES` names, starts everything and applies base.yaml before it returns.
 */
export async function defineOfficialCases(protocol: "delta" | "sotw"): Promise<void> {
  const folder = join(process.env.ROUTELEDGER_FIXTURES ?? "", "gateway-api");
  assert(folder !== "gateway-api", "ROUTELEDGER_FIXTURES to name the fixtures' folder");
  const suite = await OfficialSuite.start(folder, protocol);
  after(() => suite.stop());

  test(`${protocol}: a case of the official suite is run, or listed with the reason why it cannot be`, () => {
    const listed = Object.values(notRun).flat();
    equal(new Set(listed).size, listed.length, "a case is listed once");
    const names = suite.cases.map(({ name }) => name);
    deepEqual(
      listed.filter((name) => !names.includes(name)),
      [],
      "a listed case is one of the suite",
    );
    const runnable = suite.runnable().map(({ name }) => name);
    deepEqual(
      runnable.filter((name) => listed.includes(name)),
      [],
      "a listed case cannot run",
    );
    const others = suite.cases.filter(({ name }) => !runnable.includes(name) && !listed.includes(name));
    deepEqual(
      others.map((one) => `${one.name} needs ${suite.reasonsAgainst(one).join(", ")}`),
      [],
      "what cannot run is listed",
    );
  });

  for (const one of suite.runnable()) test(`${protocol}: official case ${one.name}`, () => suite.play(one));

  test(`${protocol}: no proxy rejected anything of all that (G111)`, async () => {
    deepEqual(await suite.system.rejections(), []);
  });

  test(`${protocol}: all that was published replays to the same bytes (P2)`, async () => {
    const { differences, otherVersions, compared } = await suite.system.checkReplay();
    deepEqual(differences, []);
    deepEqual(otherVersions, []);
    ok(compared > suite.runnable().length);
  });
}

/** The suite's cases and a running system with what base.yaml asks for. */
class OfficialSuite {
  readonly system: RunningSystem;
  readonly cases: readonly ConformanceCase[];
  readonly #workloads = new Workloads();
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
    this.cases = cases;
    this.#base = manifests.base;
    this.#objects = manifests.objects;
  }

  static async start(folder: string, protocol: "delta" | "sotw"): Promise<OfficialSuite> {
    const cases = JSON.parse(await readFile(join(folder, "cases.json"), "utf8")) as ConformanceCase[];
    const base = await readManifest(folder, "base.yaml");
    const objects = new Map<string, JsonObject[]>();
    for (const { name, manifests } of cases)
      objects.set(name, (await Promise.all(manifests.map((path) => readManifest(folder, path)))).flat());
    const binary = await envoyBinary({ cacheFolder: cacheFolder(process.env), progress: () => {} });
    const system = await RunningSystem.start({ envoyBinary: binary, protocol });
    const suite = new OfficialSuite(system, cases, { base, objects });
    await suite.#applyBase();
    return suite;
  }

  runnable(): ConformanceCase[] {
    return this.cases.filter((one) => this.reasonsAgainst(one).length === 0);
  }

  reasonsAgainst(one: ConformanceCase): string[] {
    const objects = this.#objects.get(one.name) ?? [];
    return obstacles(one, { objects, base: this.#base, servedFeatures: this.#servedFeatures });
  }

  /** Applies the case's manifests, plays its steps, deletes what it applied. */
  async play(one: ConformanceCase): Promise<void> {
    const objects = this.#objects.get(one.name) ?? [];
    await this.#workloads.start(objects);
    const applied = this.#applicable(objects);
    try {
      await this.system.apply(applied);
      await playCase(this.system, one, applied);
    } finally {
      await this.system.delete(applied);
    }
  }

  async stop(): Promise<void> {
    await this.system.stop();
    await this.#workloads.stop();
  }

  async #applyBase(): Promise<void> {
    const metadata = { name: gatewayClass };
    const apiVersion = "gateway.networking.k8s.io/v1";
    await this.system.apply([{ apiVersion, kind: "GatewayClass", metadata, spec: { controllerName } }]);
    await this.#workloads.start(this.#base);
    await this.system.apply(this.#applicable(this.#base));
    const { status } = (await this.system.get("GatewayClass", "", gatewayClass)) as {
      status?: { supportedFeatures?: { name: string }[] };
    };
    this.#servedFeatures = new Set(status?.supportedFeatures?.map(({ name }) => name));
  }

  /** What an API server would hand to a controller: of known kinds, endpoints made, ports mapped. */
  #applicable(objects: readonly JsonObject[]): JsonObject[] {
    const kinds = new Set(knownKinds().map(({ kind }) => kind));
    return this.#workloads
      .withEndpoints(objects)
      .filter(({ kind }) => kinds.has(String(kind)))
      .map((object) => this.system.ports.rewrite(object));
  }
}
