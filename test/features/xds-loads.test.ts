/** LRS with a raw client: what proxies report is counted for their own node group, and no report harms anybody else. */
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ChannelCredentials, Client, credentials, type StatusObject, status } from "@grpc/grpc-js";
import { type DecodedTypes, type MessageTypes, methodPath } from "@routeledger/protos";
import { Metrics } from "@routeledger/service-kit";
import type { XdsEdge } from "@routeledger/xds-edge";
import { authority, first, gateway, other, type Pair } from "./xds/certificates.ts";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { cluster } from "./xds/sample-parts.ts";
import { SideClient, type SideStream } from "./xds/side-client.ts";

type Request = MessageTypes["envoy.service.load_stats.v3.LoadStatsRequest"];
type Answer = DecodedTypes["envoy.service.load_stats.v3.LoadStatsResponse"];
type Stream = Omit<SideStream<Answer>, "ask"> & { ask(request: Request): void };
const service = "envoy.service.load_stats.v3.LoadReportingService";
const windowMs = 60_000;

function connect(test: TestContext, { address }: XdsEdge, channel?: ChannelCredentials): Stream {
  const client = new SideClient(address, channel);
  test.after(() => client.close());
  return client.open<Answer>(service, "StreamLoadStats") as Stream;
}

/** A stream that has been told what to report. */
async function reporting(test: TestContext, edge: XdsEdge, id = "envoy-1"): Promise<Stream> {
  const stream = connect(test, edge);
  stream.ask({ node: { id, cluster: defaultGroup } });
  await stream.next();
  return stream;
}

/** Of one cluster in two localities. */
function report(clusterName: string, successful: number, errors: number, inProgress = 0): Request {
  const half = { totalSuccessfulRequests: successful, totalIssuedRequests: successful + errors };
  const rest = { totalErrorRequests: errors, totalRequestsInProgress: inProgress };
  return { clusterStats: [{ clusterName, upstreamLocalityStats: [half, rest] }, { clusterName: "idle" }] };
}

/** The end of a stream whose one message these bytes are. */
function endOfBytes(test: TestContext, { address }: XdsEdge, bytes: Buffer): Promise<StatusObject> {
  const client = new Client(address, credentials.createInsecure());
  test.after(() => client.close());
  const same = (message: Buffer): Buffer => message;
  const call = client.makeBidiStreamRequest(methodPath(service, "StreamLoadStats"), same, same);
  call.on("error", () => undefined);
  call.write(bytes);
  return new Promise((resolve) => call.on("status", resolve));
}

const loadOf = (edge: XdsEdge, name: string) =>
  edge.loads.sum({ nodeGroup: defaultGroup, cluster: name, windowMs });

test("LRS: a proxy that says who it is is asked for all clusters in the interval that is set, by cluster and not by endpoint", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ loadReportIntervalMs: 2_500 });
  for (const [served, interval] of [
    [world.edge, { seconds: 1, nanos: 0 }],
    [edge, { seconds: 2, nanos: 500_000_000 }],
  ] as const) {
    const stream = connect(t, served);
    stream.ask({ node: { id: "envoy-1", cluster: defaultGroup } });
    const answer = await stream.next();
    deepEqual(answer, {
      ...{ clusters: [], sendAllClusters: true, reportEndpointGranularity: false },
      loadReportingInterval: interval,
    });
    equal(loadOf(served, "a").proxies, 0);
  }
});

test("LRS: what a proxy counted since its last report to another edge comes with its first request, and counts", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const stream = connect(t, world.edge);
  stream.ask({ node: { id: "envoy-1", cluster: defaultGroup }, ...report("a", 0, 9) });
  await stream.next();
  equal(loadOf(world.edge, "a").errors, 9);
  equal(loadOf(world.edge, "a").proxies, 1);
});

test("LRS: reports are summed over localities and proxies, and only of clusters that the node group has", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a"), cluster("idle")]);
  const [one, two] = [await reporting(t, world.edge), await reporting(t, world.edge, "envoy-2")];
  one.ask(report("a", 5, 1, 2));
  two.ask(report("a", 3, 0));
  two.ask(report("routeledger/xds-edge", 3, 3));
  await until(() => loadOf(world.edge, "a").successful === 8 && loadOf(world.edge, "a").proxies === 2);
  const a = { successful: 8, errors: 1, issued: 9, inProgress: 2, errorShare: 1 / 9, proxies: 2 };
  await until(() => world.edge.loads.proxies({ nodeGroup: defaultGroup, cluster: "a" }).length === 1);
  deepEqual(world.edge.loads.clusters({ nodeGroup: defaultGroup, windowMs }), [{ cluster: "a", ...a }]);
  one.end();
  equal((await one.ended).code, status.OK);
  await until(() => loadOf(world.edge, "a").proxies === 1);
  deepEqual(loadOf(world.edge, "a"), { ...a, inProgress: 0, proxies: 1 });
});

test("LRS: a cluster that left counts while proxies may still use it", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b")]);
  const stream = await reporting(t, world.edge);
  await world.publish(world.edge, [cluster("b")]);
  stream.ask(report("a", 1, 0));
  await until(() => loadOf(world.edge, "a").successful === 1);
});

test("P11, LRS: a proxy reports for the node group that its certificate allows, and stays the one that it was first", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const folder = await mkdtemp(join(tmpdir(), "routeledger-loads-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = { cert: first.cert, key: first.key, clientCa: authority };
  const tls = { cert: "", key: "", clientCa: "" };
  for (const name of ["cert", "key", "clientCa"] as const) {
    tls[name] = join(folder, name);
    await writeFile(tls[name], files[name]);
  }
  const edge = await world.startEdge({ tls, identity: "spiffe://example.org/gateways/{nodeGroup}" });
  const channel = (pair: Pair) =>
    credentials.createSsl(Buffer.from(authority), Buffer.from(pair.key), Buffer.from(pair.cert));
  const refused = connect(t, edge, channel(other));
  refused.ask({ node: { id: "envoy-1", cluster: defaultGroup } });
  const { code, details } = await refused.ended;
  equal(code, status.PERMISSION_DENIED);
  match(details, /does not allow node group default\/gateway/);
  const taken = connect(t, edge, channel(gateway));
  taken.ask({ node: { id: "envoy-1", cluster: defaultGroup } });
  await taken.next();
  taken.ask({ node: { id: "envoy-2", cluster: "default/other" }, ...report("a", 0, 1) });
  await until(() => loadOf(edge, "a").errors === 1);
  deepEqual(edge.loads.nodeGroups(), [defaultGroup]);
  equal(edge.loads.proxies({ nodeGroup: defaultGroup, cluster: "a" })[0]?.nodeId, "envoy-1");
});

test("LRS: what is no report ends its stream and counts for nothing, others report on", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const metrics = new Metrics();
  const edge = await world.startEdge({ metrics });
  const sound = await reporting(t, edge, "sound");
  const nameless = connect(t, edge);
  nameless.ask(report("a", 0, 1));
  equal((await nameless.ended).code, status.INVALID_ARGUMENT);
  const long = connect(t, edge);
  long.ask({ node: { id: "x".repeat(513), cluster: defaultGroup } });
  equal((await long.ended).code, status.INVALID_ARGUMENT);
  const large = await reporting(t, edge);
  large.ask({ ...report("a", 0, 1), node: { id: "x".repeat(4 * 1024 * 1024) } });
  equal((await large.ended).code, status.RESOURCE_EXHAUSTED);
  const silent = connect(t, edge);
  await until(async () => /edge_load_streams 2/.test(await metrics.text()));
  world.clock.advance(15_000);
  equal((await silent.ended).code, status.DEADLINE_EXCEEDED);
  equal((await endOfBytes(t, edge, Buffer.from([0x0a, 0x7f]))).code, status.INVALID_ARGUMENT);
  sound.ask(report("a", 1, 0));
  await until(() => loadOf(edge, "a").successful === 1);
  equal(loadOf(edge, "a").errors, 0);
});

test("LRS: a proxy that reports without a pause is read slower, and loses nothing", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const stream = await reporting(t, world.edge);
  const quick = await reporting(t, world.edge, "envoy-2");
  for (let n = 0; n < 100; n++) stream.ask(report("a", 1, 0));
  quick.ask(report("a", 0, 1));
  await until(() => loadOf(world.edge, "a").errors === 1 && loadOf(world.edge, "a").successful >= 3);
  // Whatever the edge would read of it without a pause, it has read after so many answers to somebody else.
  const served = world.connect(world.edge, "delta");
  for (let answer = 0; answer < 20; answer++) await served.answersUntilFence();
  const { successful } = loadOf(world.edge, "a");
  equal(successful < 10, true, `fewer than 10 without time passing, got ${successful}`);
  let taken = successful;
  for (; taken < 100; taken = loadOf(world.edge, "a").successful) {
    world.clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
  equal(taken, 100);
});

test("LRS: more streams than may be open are refused, and a stopping edge sends all to others", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ streamsMax: 1 });
  const stream = await reporting(t, edge);
  const refused = connect(t, edge);
  equal((await refused.ended).code, status.UNAVAILABLE);
  // Streams of discovery have places of their own.
  const served = world.connect(edge, "delta");
  served.subscribe("cluster");
  await served.take("cluster");
  const stopped = edge.stop();
  equal((await stream.ended).code, status.UNAVAILABLE);
  await stopped;
});

test("rule 64, LRS: a stream of reports does not hold open a connection that has reached its age", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ connectionAgeMs: 1_000, keepaliveMs: 100_000 });
  const stream = await reporting(t, edge);
  world.clock.advance(1_101);
  equal((await stream.ended).code, status.UNAVAILABLE);
});

test("LRS: an edge that is not ready takes no reports, as it knows no cluster", async (t) => {
  const world = new EdgeWorld(t);
  world.gate.cut();
  const edge = await world.openEdge();
  equal((await connect(t, edge).ended).code, status.UNAVAILABLE);
});

test("LRS: metrics count reports and requests by outcome, whatever the clusters are called", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a"), cluster("b")]);
  const metrics = new Metrics();
  const edge = await world.startEdge({ metrics });
  const stream = await reporting(t, edge);
  stream.ask(report("a", 5, 1));
  stream.ask(report("b", 1, 1));
  stream.ask({ clusterStats: [{ clusterName: "a", upstreamLocalityStats: [{ totalErrorRequests: 2e9 }] }] });
  await until(async () => /load_reports_total 3/.test(await metrics.text()));
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("routeledger_edge_load"));
  deepEqual(lines, [
    "routeledger_edge_load_streams 1",
    "routeledger_edge_load_reports_total 3",
    "routeledger_edge_load_clusters_left_out_total 1",
    'routeledger_edge_load_requests_total{outcome="success"} 6',
    'routeledger_edge_load_requests_total{outcome="error"} 2',
  ]);
});
