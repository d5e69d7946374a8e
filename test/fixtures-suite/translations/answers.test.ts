/**
 * Real Envoys with the configurations that kgateway and Envoy Gateway make of their Gateways, beside real Envoys with
 * ours: the same requests get the same answers. Where they do not, answer-differences.yaml says why ours are right.
 * Run by `make test-fixtures`.
 */
import { ok } from "node:assert/strict";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { defaultEnvoyVersion } from "@routeledger/cli";
import type { JsonObject } from "@routeledger/std";
import { type EchoBackend, echoPorts, startEchoBackend } from "../../conformance/echo-backend.ts";
import { freePorts } from "../../conformance/free-ports.ts";
import { claimLoopbackNet } from "../../conformance/loopback-net.ts";
import { TestEnvoy } from "../../envoy/edge/test-envoy.ts";
import { type Difference, ListedDifferences } from "../listed-differences.ts";
import { answerFacts, Client, probeName } from "./answers.ts";
import { type Probe, probesOf } from "./requests.ts";
import { type TranslationCase, translationCases } from "./translation-case.ts";
import { type Served, staticBootstrap } from "./xds-config.ts";

const list = ListedDifferences.read(join(import.meta.dirname, "answer-differences.yaml"));
const cases = translationCases();
const client = new Client();
const backends: EchoBackend[] = [];
const envoys: TestEnvoy[] = [];
/** Local ports of a case, by the Gateway's port. */
const theirPorts = new Map<TranslationCase, ReadonlyMap<number, number>>();
const ourPorts = new Map<TranslationCase, ReadonlyMap<number, number>>();

before(async () => {
  const addressOf = await startBackends();
  for (const [ports, side] of [
    [theirPorts, "theirs"],
    [ourPorts, "ours"],
  ] as const) {
    const served: Served[] = [];
    for (const one of cases) {
      const local = await freePorts(one.ports.length);
      const byPort = new Map(one.ports.map((port, index) => [port, local[index] as number]));
      ports.set(one, byPort);
      served.push({ prefix: one.name, config: one[side], localPort: (port) => byPort.get(port) as number });
    }
    const envoy = await TestEnvoy.start(defaultEnvoyVersion, staticBootstrap(served, addressOf));
    envoys.push(envoy);
    await envoy.untilReady();
  }
});

after(async () => {
  client.close();
  await Promise.all([...envoys, ...backends].map((one) => one.stop()));
});

test("the same requests get the same answers of our configurations as of theirs, but for what is listed", async (context) => {
  const compared: Difference[] = cases.flatMap(otherListeners);
  let requests = 0;
  for (const one of cases) {
    const probes = probesOf(one);
    requests += probes.length;
    const facts = await Promise.all(probes.map((probe) => compareProbe(one, probe)));
    compared.push(...facts.flat());
  }
  const problems = list.check(compared.filter(({ theirs, ours }) => theirs !== ours));
  ok(problems.length === 0, problems.join("\n"));
  const reached = compared.filter(({ what, ours }) => what.endsWith(": answer") && ours.startsWith("200 "));
  ok(requests >= 500, `at least 500 requests, got ${requests}`);
  ok(reached.length >= 180, `at least 180 requests that reached a backend, got ${reached.length}`);
  tell(context, compared, requests);
});

/** Those that speak neither HTTP nor HTTPS: nothing is asked of them. */
function otherListeners({ name, gateway }: TranslationCase): Difference[] {
  const listeners = (gateway.spec as JsonObject).listeners as JsonObject[];
  return listeners
    .filter(({ protocol }) => protocol !== "HTTP" && protocol !== "HTTPS")
    .map((one) => ({
      what: `${name}: ${one.protocol} listener ${one.name}`,
      theirs: "served",
      ours: "absent",
    }));
}

/** Where their answers are the same, all that is known of them; else the answers. */
async function compareProbe(one: TranslationCase, probe: Probe): Promise<Difference[]> {
  const ask = (ports: ReadonlyMap<TranslationCase, ReadonlyMap<number, number>>) =>
    client.ask(probe, ports.get(one)?.get(probe.port) as number);
  const [theirs, ours] = (await Promise.all([ask(theirPorts), ask(ourPorts)])).map(answerFacts) as [
    Map<string, string>,
    Map<string, string>,
  ];
  const same = theirs.get("answer") === ours.get("answer");
  const facts = same ? [...new Set([...theirs.keys(), ...ours.keys()])].sort() : ["answer"];
  return facts.map((fact) => ({
    what: `${one.name}: ${probeName(probe)}: ${fact}`,
    theirs: theirs.get(fact) ?? "absent",
    ours: ours.get(fact) ?? "absent",
  }));
}

/** One for each Service that a cluster of either side reaches. */
async function startBackends() {
  const names = cases.flatMap(({ theirs, ours }) =>
    [...theirs.clusters, ...ours.clusters].flatMap(({ backend }) => backend ?? []),
  );
  const net = await claimLoopbackNet();
  const addresses = new Map<string, string>();
  for (const name of [...new Set(names)].sort()) {
    const address = net.pod(addresses.size + 1);
    addresses.set(name, address);
    const pod = { namespace: "", service: "", pod: name, log: () => undefined };
    backends.push(await startEchoBackend(address, pod));
  }
  return (backend: string, http2: boolean) => ({
    address: addresses.get(backend) as string,
    portValue: http2 ? echoPorts.h2c : echoPorts.http,
  });
}

/** What was compared, and what was not. */
function tell(context: TestContext, compared: readonly Difference[], requests: number): void {
  context.diagnostic(`${cases.length} cases, ${requests} requests`);
  const skipped = Map.groupBy(compared, ({ what }) => list.skips(what));
  context.diagnostic(`${skipped.get(undefined)?.length ?? 0} facts compared`);
  for (const [reason, { length }] of skipped)
    if (reason !== undefined) context.diagnostic(`${length} not compared: ${reason}`);
  for (const line of list.summary()) context.diagnostic(line);
}
