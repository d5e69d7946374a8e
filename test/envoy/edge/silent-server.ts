import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { codec, methodPath } from "@routeledger/protos";
import { type Snapshot, typeUrls } from "@routeledger/xds-model";
import type { Protocol } from "../../features/xds/raw-client.ts";

const ads = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/**
 * A management server that dies half-way: sends the clusters of a snapshot and never their endpoints, so that every
 * cluster that changed warms until another server comes.
 */
export async function startSilentServer(port: number, snapshot: Snapshot): Promise<{ stop(): void }> {
  const server = new Server();
  const method = (name: string) => ({
    path: methodPath(ads, name),
    requestStream: true,
    responseStream: true,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  });
  server.addService(
    {
      StreamAggregatedResources: method("StreamAggregatedResources"),
      DeltaAggregatedResources: method("DeltaAggregatedResources"),
    },
    {
      StreamAggregatedResources: (call: Call) => sendClusters(call, "sotw", snapshot),
      DeltaAggregatedResources: (call: Call) => sendClusters(call, "delta", snapshot),
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return { stop: () => server.forceShutdown() };
}

type Call = ServerDuplexStream<Buffer, Buffer>;

function sendClusters(call: Call, protocol: Protocol, snapshot: Snapshot): void {
  let isSent = false;
  call.on("error", () => undefined);
  call.on("data", (bytes: Buffer) => {
    const request =
      protocol === "sotw"
        ? codec("envoy.service.discovery.v3.DiscoveryRequest").decode(bytes)
        : codec("envoy.service.discovery.v3.DeltaDiscoveryRequest").decode(bytes);
    if (isSent || request.typeUrl !== typeUrls.cluster) return;
    isSent = true;
    call.write(Buffer.from(clustersOf(protocol, snapshot)));
  });
}

function clustersOf(protocol: Protocol, { types }: Snapshot): Uint8Array {
  const { version, resources } = types.cluster;
  const typeUrl = typeUrls.cluster;
  const clusters = [...resources.values()];
  if (protocol === "sotw") {
    return codec("envoy.service.discovery.v3.DiscoveryResponse").encode({
      versionInfo: version,
      typeUrl,
      nonce: "1",
      resources: clusters.map(({ bytes }) => ({ typeUrl, value: bytes })),
    });
  }
  return codec("envoy.service.discovery.v3.DeltaDiscoveryResponse").encode({
    systemVersionInfo: version,
    typeUrl,
    nonce: "1",
    resources: clusters.map(({ name, version: own, bytes }) => ({
      name,
      version: own,
      resource: { typeUrl, value: bytes },
    })),
  });
}
