import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createNatsStreams, openNatsEventLogs } from "@routeledger/event-log-nats";
import { type Bootstrap, bootstrap } from "@routeledger/translation";
import type { Part } from "@routeledger/xds-model";
import { ClusterService } from "../../cluster/cluster-service.ts";
import { freePorts } from "../../conformance/free-ports.ts";
import { authority, first, gateway } from "../../features/xds/certificates.ts";
import { Publisher } from "../../features/xds/publisher.ts";
import { startNatsServer } from "../../nats/nats-server.ts";
import { perTypeBootstrap } from "./envoy-parts.ts";
import { startBackend, type Variant } from "./envoy-world.ts";
import { Load } from "./load.ts";
import { TestEnvoy } from "./test-envoy.ts";

/** Long enough for another edge to be ready and a route table to be acknowledged there; short enough to wait for. */
const retireGraceMs = 5_000;
/** Events are as near each other as they really are. */
const apartMs = 10;
const edgesOfFleet = 2;

/** One Envoy of the fleet, in a node group of its own. */
export interface Member extends Variant {
  readonly name: string;
  readonly isPerType: boolean;
  readonly nodeGroup: string;
  readonly port: number;
  readonly backendPort: number;
  readonly envoy: TestEnvoy;
}

/** Edges in processes of their own that may be killed, on NATS, with TLS both ways, and several Envoys. */
export class KilledFleet {
  readonly members: readonly Member[];
  readonly edges: readonly ClusterService[];
  readonly #publisher: Publisher;
  readonly #test: TestContext;

  private constructor(made: Pick<KilledFleet, "members" | "edges">, publisher: Publisher, test: TestContext) {
    this.members = made.members;
    this.edges = made.edges;
    this.#publisher = publisher;
    this.#test = test;
  }

  /** Resolves when all Envoys have what `parts` says. All ends with the test. */
  static async start(
    test: TestContext,
    variants: readonly (Variant & { readonly name: string; readonly isPerType: boolean })[],
    parts: (member: Omit<Member, "envoy">) => readonly Part[],
  ): Promise<KilledFleet> {
    const publisher = await startPublisher(test);
    const backendPort = await startBackend(test);
    const ports = await freePorts(variants.length);
    const planned = variants.map((variant, index) => {
      const nodeGroup = `default/member-${index}`;
      return { ...variant, nodeGroup, port: ports[index] ?? 0, backendPort };
    });
    for (const member of planned) await publisher.log.publish(member.nodeGroup, parts(member));
    const { edges, addresses } = await startEdges(test, publisher.url);
    const members = await Promise.all(
      planned.map(async (member) => ({ ...member, envoy: await startEnvoy(test, member, addresses) })),
    );
    return new KilledFleet({ members, edges }, publisher.log, test);
  }

  async publish({ nodeGroup }: Member, parts: readonly Part[]): Promise<void> {
    await this.#publisher.publish(nodeGroup, parts);
  }

  load({ port }: Member, path: string): Load {
    const load = new Load(port, path);
    this.#test.after(() => load.stop());
    return load;
  }
}

async function startPublisher(test: TestContext): Promise<{ log: Publisher; url: string }> {
  const nats = await startNatsServer();
  test.after(() => nats.dispose());
  const options = { servers: [nats.url], name: "killed-fleet" };
  await createNatsStreams({ ...options, replicas: 1 });
  const logs = await openNatsEventLogs(options);
  test.after(() => logs.close());
  return { log: new Publisher(logs.xds, { retireGraceMs, apartMs }), url: nats.url };
}

async function startEdges(test: TestContext, natsUrl: string) {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-killed-fleet-"));
  test.after(() => rm(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  await writeFile(path("ca.crt"), authority);
  await writeFile(path("edge.crt"), first.cert);
  await writeFile(path("edge.key"), first.key, { mode: 0o600 });
  const ports = await freePorts(2 * edgesOfFleet);
  const addresses = ports.slice(0, edgesOfFleet);
  const edges = addresses.map((port, index) => {
    const operations = `127.0.0.1:${ports[edgesOfFleet + index]}`;
    const args = [
      ...["edge", "--nats-url", natsUrl, "--edge-address", `127.0.0.1:${port}`],
      ...["--operations-address", operations, "--edge-id", `edge-${index + 1}`],
      ...["--edge-tls-cert-file", path("edge.crt"), "--edge-tls-key-file", path("edge.key")],
      ...["--edge-client-ca-file", path("ca.crt")],
    ];
    return new ClusterService({ name: `edge-${index + 1}`, args, operations });
  });
  test.after(async () => {
    for (const edge of edges) if (edge.running) await edge.kill();
  });
  await Promise.all(edges.map((edge) => edge.start()));
  return { edges, addresses };
}

async function startEnvoy(
  test: TestContext,
  { nodeGroup, version, protocol, isPerType }: Omit<Member, "envoy">,
  ports: readonly number[],
): Promise<TestEnvoy> {
  const edges = ports.map((port) => ({ host: "127.0.0.1", port }));
  const made = secured(bootstrap({ gateway: nodeGroup, nodeId: nodeGroup, edges, protocol }));
  const envoy = await TestEnvoy.start(version, isPerType ? perTypeBootstrap(made, protocol) : made);
  test.after(() => envoy.stop());
  await envoy.untilReady();
  return envoy;
}

/** The way to the edges, with TLS both ways. */
function secured(made: Bootstrap): Bootstrap {
  const { clusters } = Object(made.static_resources);
  const typedConfig = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
    sni: "localhost",
    common_tls_context: {
      alpn_protocols: ["h2"],
      tls_certificates: [
        { certificate_chain: { inline_string: gateway.cert }, private_key: { inline_string: gateway.key } },
      ],
      validation_context: { trusted_ca: { inline_string: authority } },
    },
  };
  const transportSocket = { name: "envoy.transport_sockets.tls", typed_config: typedConfig };
  return { ...made, static_resources: { clusters: [{ ...clusters[0], transport_socket: transportSocket }] } };
}
