import assert from "node:assert/strict";
import { test } from "node:test";
import { openNatsEventLogs } from "@routeledger/event-log-nats";
import { Cluster } from "../cluster/cluster.ts";
import { ConstantEdits } from "../cluster/constant-edits.ts";
import { runCli } from "../features/cli/run-cli.ts";
import { TrafficWatch } from "./traffic-watch.ts";

/** Sequences at which CONFIG and XDS begin, as NATS has them. */
async function beginnings(url: string): Promise<readonly [number, number]> {
  const logs = await openNatsEventLogs({ servers: url.split(","), name: "test" });
  try {
    const [config, xds] = await Promise.all([logs.config.info(), logs.xds.info()]);
    return [config.firstSequence, xds.firstSequence];
  } finally {
    await logs.close();
  }
}

test("P2, P10: where the beginning of the logs is purged, a new translator, edge and api come up right", async (t) => {
  const cluster = await Cluster.start(t, {
    ...{ natsServers: 1, apis: 2, translators: 2, edges: 2 },
    translatorArgs: [
      ...["--checkpoint-every-revisions", "20", "--retain-checkpoints", "2"],
      ...["--stores-to-confirm", "1", "--takeover-after-ms", "500"],
    ],
    later: ["api-2", "translator-2", "edge-2"],
  });
  const edits = new ConstantEdits([cluster.apiUrls[0]!]);
  t.after(() => edits.stop().catch(() => undefined));
  const deadline = performance.now() + 60_000;
  for (;;) {
    const first = await beginnings(cluster.nats.url);
    if (first.every((sequence) => sequence > 50)) break;
    assert.ok(performance.now() < deadline, `CONFIG and XDS begin at ${first} after 60 s`);
    await edits.nextAcknowledged();
  }

  const [api, anotherApi] = cluster.apis;
  const [edge, anotherEdge] = cluster.edges;
  const [translator, anotherTranslator] = cluster.translators;
  await anotherTranslator!.start();
  await translator!.kill();
  await anotherEdge!.start();
  await edge!.kill();
  await anotherApi!.start();
  await cluster.envoy("delta");
  const traffic = new TrafficWatch(cluster.ports.delta, edits.editor);
  t.after(() => traffic.stop());
  await traffic.sawEdit(await edits.nextAcknowledged());
  await edits.stop();
  await cluster.published();

  const shown = await Promise.all(
    cluster.apiUrls.map((server) => runCli(["get", "httproute", "-A", "-o", "yaml"], { server })),
  );
  assert.equal(shown[1]!.stdout, shown[0]!.stdout);
  assert.match(shown[0]!.stdout, new RegExp(`value: "${edits.editor.acknowledged}"`));
  const tooOld = await runCli(["get", "httproute", "shop", "--at", "@3"], { server: cluster.apiUrls[1]! });
  assert.match(tooOld.stderr, /compacted: oldest 1\.\d+/);
  const old = await runCli(["get", "httproute", "shop", "--at", "@1.6"], { server: cluster.apiUrls[0]! });
  assert.equal(old.code, 0, old.stderr);
  assert.deepEqual(traffic.wrong, []);
  const { compared } = await cluster.checkReplay();
  assert.ok(compared > 0);
  await api!.kill();
  await anotherApi!.kill();
});
