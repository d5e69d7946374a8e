/** TLS and certificates of proxies on the edge's port, and P11: a proxy gets only what its identity allows. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import { type ChannelCredentials, credentials, status } from "@grpc/grpc-js";
import { silentLogger } from "@routeledger/service-kit";
import { compareStrings } from "@routeledger/std";
import type { XdsEdge } from "@routeledger/xds-edge";
import { authority, first, foreign, gateway, other, type Pair, second } from "./xds/certificates.ts";
import { defaultGroup, EdgeWorld, until } from "./xds/edge-world.ts";
import { cluster } from "./xds/sample-parts.ts";

const identity = "spiffe://example.org/gateways/{nodeGroup}";
const node = { id: "envoy-1", cluster: defaultGroup };

/** Files of the edge's certificates, in a folder of the test. */
class Files {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;

  private constructor(folder: string) {
    [this.cert, this.key, this.clientCa] = ["edge.crt", "edge.key", "ca.crt"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
  }

  static async of(test: TestContext, pair: Pair): Promise<Files> {
    const folder = await mkdtemp(join(tmpdir(), "routeledger-edge-tls-"));
    test.after(() => rm(folder, { recursive: true }));
    const files = new Files(folder);
    await writeFile(files.clientCa, authority);
    await files.write(files.cert, pair.cert);
    await files.write(files.key, pair.key);
    return files;
  }

  async write(path: string, text: string): Promise<void> {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
}

function channelOf(client?: Pair): ChannelCredentials {
  const root = Buffer.from(authority);
  if (client === undefined) return credentials.createSsl(root);
  return credentials.createSsl(root, Buffer.from(client.key), Buffer.from(client.cert));
}

/** The certificate that a new connection is shown. */
async function shownBy({ address }: XdsEdge): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect({ host, port: Number(port), ca: authority, ALPNProtocols: ["h2"] });
  await once(socket, "secureConnect");
  const shown = socket.getPeerX509Certificate()?.toString() ?? "";
  socket.destroy();
  return shown;
}

interface Line {
  readonly level: string;
  readonly message: string;
}

function recorded(): { readonly lines: Line[]; readonly logger: typeof silentLogger } {
  const lines: Line[] = [];
  const at = (level: string) => (_fields: object, message: string) => void lines.push({ level, message });
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { lines, logger: Object.assign(logger, { child: () => silentLogger }) };
}

test("a proxy is served over TLS, and one that speaks in clear is not", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const { cert, key } = await Files.of(t, first);
  const edge = await world.startEdge({ tls: { cert, key } });
  const stream = world.client(edge.address, channelOf()).open("delta", node);
  stream.subscribe("cluster");
  equal((await stream.take("cluster")).summary, "cluster a");
  const clear = world.connect(edge, "delta");
  clear.subscribe("cluster");
  equal((await clear.ended).code, status.UNAVAILABLE);
});

test("with a client CA a proxy must show a certificate that it signed; deliveries say whose", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ tls: await Files.of(t, first) });
  for (const client of [undefined, foreign]) {
    const refused = world.client(edge.address, channelOf(client)).open("delta", node);
    refused.subscribe("cluster");
    equal((await refused.ended).code, status.UNAVAILABLE);
  }
  for (const [index, client] of [gateway, other].entries()) {
    const stream = world
      .client(edge.address, channelOf(client))
      .open("sotw", { ...node, id: `envoy-${index}` });
    stream.subscribe("cluster");
    equal((await stream.take("cluster")).summary, "cluster a");
  }
  await edge.stop();
  const connected = (await world.deliveries()).flatMap(({ connected: fact }) =>
    fact ? [fact.identity] : [],
  );
  deepEqual(
    connected.sort(compareStrings),
    ["gateway", "other"].map((name) => `spiffe://example.org/gateways/default/${name}`),
  );
});

test("P11: with identities a stream of a node group that its certificate does not allow gets PERMISSION_DENIED", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const edge = await world.startEdge({ tls: await Files.of(t, first), identity });
  const allowed = world.client(edge.address, channelOf(gateway)).open("delta", node);
  allowed.subscribe("cluster");
  equal((await allowed.take("cluster")).summary, "cluster a");
  const client = world.client(edge.address, channelOf(other));
  for (const service of [undefined, "cluster"] as const) {
    const denied = client.open("delta", node, service);
    denied.subscribe("cluster");
    const { code, details } = await denied.ended;
    equal(code, status.PERMISSION_DENIED);
    match(details, /spiffe:\/\/example\.org\/gateways\/default\/other .* default\/gateway$/);
  }
  equal(edge.proxies().length, 1);
});

test("certificates are read again: new connections get the new one, open streams stay, no restart", async (t) => {
  const world = await EdgeWorld.serving(t, [cluster("a")]);
  const files = await Files.of(t, first);
  const { lines, logger } = recorded();
  const edge = await world.startEdge({ tls: { cert: files.cert, key: files.key }, logger });
  const stream = world.client(edge.address, channelOf()).open("delta", node);
  stream.subscribe("cluster");
  await stream.take("cluster");
  const said = async (pattern: RegExp): Promise<Line | undefined> => {
    await until(() => {
      world.clock.advance(5_000);
      return lines.some(({ message }) => pattern.test(message));
    });
    return lines.find(({ message }) => pattern.test(message));
  };
  await files.write(files.cert, second.cert);
  equal((await said(/cannot be read again: the former ones are kept/))?.level, "error");
  equal(await shownBy(edge), first.cert);
  await files.write(files.key, second.key);
  await said(/certificates were read again/);
  equal(await shownBy(edge), second.cert);
  equal(lines.filter(({ level }) => level === "error").length, 1);
  deepEqual(await stream.answersUntilFence(), []);
});

test("certificates that cannot be used are refused at the start", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const files = await Files.of(t, first);
  await rejects(world.openEdge({ tls: { cert: files.cert, key: "/none" } }), { code: "edge.tls" });
  await files.write(files.key, second.key);
  await rejects(world.openEdge({ tls: files }), { code: "edge.tls" });
  await files.write(files.key, first.key);
  await files.write(files.clientCa, "no certificate");
  await rejects(world.openEdge({ tls: files }), { code: "edge.tls" });
  await rejects(world.openEdge({ identity: "{cluster}" }), { code: "edge.identity" });
});

test("an edge that serves in clear beyond loopback says so once", async (t) => {
  const world = await EdgeWorld.serving(t, []);
  const { lines, logger } = recorded();
  const inClear = () => lines.filter(({ message }) => /in clear/.test(message)).length;
  await world.openEdge({ logger });
  equal(inClear(), 0);
  // Bound and never spoken to; traffic stays on loopback.
  await world.openEdge({ address: "0.0.0.0:0", logger });
  equal(inClear(), 1);
  ok(lines.some(({ level }) => level === "warn"));
});
