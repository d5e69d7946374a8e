import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Cluster } from "../cluster/cluster.ts";
import { gateways } from "../cluster/cluster-objects.ts";
import type { ClusterService } from "../cluster/cluster-service.ts";
import { ConstantEdits } from "../cluster/constant-edits.ts";
import { TrafficWatch } from "./traffic-watch.ts";

const rounds = Number(process.env.CLUSTER_ROUNDS ?? 1);

/** From the kill of a leading translator until traffic shows an edit made after it, milliseconds (aim of the design: 5 s). */
const takeoverWithinMs = 5_000;

/** A cluster with an Envoy of each protocol, requests through both, and edits that go on. */
class BusyCluster {
  readonly cluster: Cluster;
  readonly edits: ConstantEdits;
  readonly traffics: readonly TrafficWatch[];

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.edits = new ConstantEdits(cluster.apiUrls);
    this.traffics = gateways.map((name) => new TrafficWatch(cluster.ports[name], this.edits.editor));
  }

  static async start(test: TestContext): Promise<BusyCluster> {
    const cluster = await Cluster.start(test, { natsServers: 3, apis: 2, translators: 2, edges: 2 });
    for (const name of gateways) await cluster.envoy(name);
    const busy = new BusyCluster(cluster);
    test.after(() => busy.end().catch(() => undefined));
    return busy;
  }

  /** Waits until both Envoys show an edit that was acknowledged from now on. Returns the milliseconds. */
  async showsNewEdit(what: string): Promise<number> {
    const start = performance.now();
    const edit = await this.edits.nextAcknowledged();
    for (const traffic of this.traffics) await traffic.sawEdit(edit);
    for (const traffic of this.traffics) assert.deepEqual(traffic.wrong, [], what);
    return performance.now() - start;
  }

  async end(): Promise<void> {
    await this.edits.stop();
    for (const traffic of this.traffics) await traffic.stop();
  }
}

test(`P1, P2, P4, P6: every process of a cluster is killed in turn while edits and requests go on, ${rounds} times`, async (t) => {
  const busy = await BusyCluster.start(t);
  const { cluster } = busy;
  await busy.showsNewEdit("before");
  const said: string[] = [];
  const killed = async (what: string, service: ClusterService): Promise<void> => {
    await service.kill();
    const without = await busy.showsNewEdit(`${what} is gone`);
    await service.start();
    const again = await busy.showsNewEdit(`${what} is back`);
    said.push(`${what}: next edit after ${without.toFixed(0)} ms, when it was back ${again.toFixed(0)} ms`);
    if (what === "leading translator") {
      assert.ok(without < takeoverWithinMs, `take-over took ${without.toFixed(0)} ms`);
    }
  };

  for (let round = 0; round < rounds; round++) {
    for (const api of cluster.apis) await killed(api.name, api);
    await killed("leading translator", await cluster.leader());
    const leader = await cluster.leader();
    const standby = cluster.translators.find((translator) => translator !== leader);
    assert.ok(standby);
    await killed("standby translator", standby);
    for (const edge of cluster.edges) await killed(edge.name, edge);

    const server = (await cluster.nats.leaderOf("CONFIG")) ?? cluster.nats.servers[0]!;
    await server.kill();
    const without = await busy.showsNewEdit("one NATS server is gone");
    await server.start();
    const again = await busy.showsNewEdit("the NATS server is back");
    said.push(`NATS server of three: ${without.toFixed(0)} ms, ${again.toFixed(0)} ms`);

    for (const one of cluster.nats.servers) await one.kill();
    for (const one of cluster.nats.servers) await one.spawn();
    await cluster.nats.ready();
    said.push(`all NATS servers: ${(await busy.showsNewEdit("all NATS servers were gone")).toFixed(0)} ms`);
  }

  await busy.end();
  const { editor } = busy.edits;
  const answers = busy.traffics.reduce((sum, traffic) => sum + traffic.answers, 0);
  t.diagnostic(`${said.join("\n")}\n${answers} answers, ${editor.acknowledged} edits`);
  for (const traffic of busy.traffics) assert.deepEqual(traffic.wrong, []);
  const { compared } = await cluster.checkReplay();
  assert.ok(compared >= editor.acknowledged / 2, `${compared} revisions were compared`);
  const [first, ...others] = await cluster.storeDigests();
  for (const other of others) assert.equal(other, first);
});

test("P10: with NATS, translators and apis gone, edges serve on, also an Envoy that comes only now", async (t) => {
  const cluster = await Cluster.start(t, { natsServers: 1, apis: 1, translators: 1, edges: 2 });
  const edits = new ConstantEdits(cluster.apiUrls);
  t.after(() => edits.stop().catch(() => undefined));
  await cluster.envoy("delta");
  const traffic = new TrafficWatch(cluster.ports.delta, edits.editor);
  t.after(() => traffic.stop());
  await traffic.sawEdit(await edits.nextAcknowledged());
  await edits.stop();

  for (const service of [...cluster.apis, ...cluster.translators]) await service.kill();
  for (const server of cluster.nats.servers) await server.kill();
  await cluster.envoy("sotw");
  const late = new TrafficWatch(cluster.ports.sotw, edits.editor);
  t.after(() => late.stop());
  await late.sawEdit(edits.editor.acknowledged);
  const [first, second] = cluster.edges;
  await first!.kill();
  const before = traffic.answers;
  while (traffic.answers < before + 200) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await second!.readiness())?.ready, true);
  assert.deepEqual([...traffic.wrong, ...late.wrong], []);
});
