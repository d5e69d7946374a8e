import type { JsonObject } from "@routeledger/std";
import { type EchoBackend, type EchoPod, type EchoTls, startEchoBackend } from "./echo-backend.ts";
import type { EchoLog } from "./echo-log.ts";
import { startGrpcEchoBackend } from "./grpc-echo-backend.ts";
import type { LoopbackNet } from "./loopback-net.ts";
import type { SuiteObjects } from "./suite-objects.ts";

interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: { readonly containers: readonly Container[]; readonly volumes?: readonly Volume[] };
    };
  };
}

interface Container {
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}

interface Volume {
  readonly secret?: { readonly secretName: string };
  readonly configMap?: { readonly name: string };
}

interface Service {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly selector?: Labels; readonly ports?: readonly ServicePort[] };
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number;
  readonly protocol?: string;
}

type Labels = Readonly<Record<string, string>>;

interface Pod {
  readonly address: string;
  readonly namespace: string;
  readonly labels: Labels;
}

export interface WorkloadsOptions {
  readonly net: LoopbackNet;
  readonly suiteObjects: SuiteObjects;
  readonly echoLog: EchoLog;
}

/**
 * Plays the part of a cluster's kubelet and endpoint controller: a Deployment of the suite's echo server becomes echo
 * backends on addresses of loopback, a Service with a selector gets the EndpointSlice that lists them.
 */
export class Workloads {
  readonly #options: WorkloadsOptions;
  readonly #backends: EchoBackend[] = [];
  readonly #pods: Pod[] = [];

  constructor(options: WorkloadsOptions) {
    this.#options = options;
  }

  /** Starts what the Deployments among the objects ask for. */
  async start(objects: readonly JsonObject[]): Promise<void> {
    for (const object of objects) {
      if (object.kind === "Deployment") await this.#startDeployment(object as unknown as Deployment);
    }
  }

  /** The objects without Deployments, with the EndpointSlices of the Services among them. */
  withEndpoints(objects: readonly JsonObject[]): JsonObject[] {
    return objects.flatMap((object): JsonObject[] => {
      if (object.kind === "Deployment") return [];
      if (object.kind === "EndpointSlice") return [this.#fill(object)];
      const slice = object.kind === "Service" ? this.#endpointSlice(object as unknown as Service) : undefined;
      return slice === undefined ? [object] : [object, slice];
    });
  }

  /** The slices of HTTPRouteServiceTypes list the pods of infra-backend-v1 as the suite's Go code does. */
  #fill(slice: JsonObject): JsonObject {
    const { namespace } = slice.metadata as unknown as Pod;
    const addresses =
      slice.addressType === "IPv4" ? this.#addresses(namespace, { app: "infra-backend-v1" }) : [];
    return { ...slice, endpoints: addresses.map((address) => ({ addresses: [address] })) };
  }

  /** The addresses of the pods of a namespace that carry all of these labels. */
  #addresses(namespace: string, selector: Labels): string[] {
    return this.#pods
      .filter((pod) => pod.namespace === namespace)
      .filter(({ labels }) => Object.entries(selector).every(([name, value]) => labels[name] === value))
      .map(({ address }) => address);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend.stop()));
  }

  async #startDeployment({ metadata, spec }: Deployment): Promise<void> {
    const { namespace, name } = metadata;
    const [container] = spec.template.spec.containers;
    const settings = new Set(container?.env?.map((one) => one.name));
    // TCP and UDP are for cases that are not run.
    if (!container?.image.includes("echo-basic") || settings.has("TCP_ECHO_SERVER")) return;
    const tls = this.#tls(namespace, settings, spec.template.spec.volumes ?? []);
    const start = settings.has("GRPC_ECHO_SERVER") ? startGrpcEchoBackend : startEchoBackend;
    for (let replica = 0; replica < (spec.replicas ?? 1); replica++) {
      const number = this.#pods.length + 1;
      const address = this.#options.net.pod(number);
      const pod: EchoPod = {
        ...{ namespace, service: name, pod: `${name}-5d6f7c8b9-x${number}`, ...(tls && { tls }) },
        log: (line) => this.#options.echoLog.add(`${namespace}/${name}`, line),
      };
      this.#pods.push({ address, namespace, labels: spec.template.metadata.labels });
      this.#backends.push(await start(address, pod));
    }
  }

  /** The certificate of the Secret, and the authority of the ConfigMap, that the pod mounts. */
  #tls(namespace: string, settings: ReadonlySet<string>, volumes: readonly Volume[]): EchoTls | undefined {
    const { suiteObjects } = this.#options;
    const secret = volumes.find((volume) => volume.secret !== undefined)?.secret?.secretName;
    if (secret === undefined || !settings.has("TLS_SERVER_CERT")) return undefined;
    const certificate = suiteObjects.certificate(`${namespace}/${secret}`);
    const map = volumes.find((volume) => volume.configMap !== undefined)?.configMap?.name;
    if (map === undefined || !settings.has("TLS_CLIENT_CACERTS")) return certificate;
    return { ...certificate, clientAuthority: suiteObjects.authority(`${namespace}/${map}`) };
  }

  #endpointSlice({ metadata, spec }: Service): JsonObject | undefined {
    if (spec.selector === undefined) return undefined;
    const addresses = this.#addresses(metadata.namespace, spec.selector);
    return {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: `${metadata.name}-made`,
        namespace: metadata.namespace,
        labels: { "kubernetes.io/service-name": metadata.name },
      },
      addressType: "IPv4",
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports: (spec.ports ?? []).map(({ name = "", port, targetPort = port, protocol = "TCP" }) => ({
        name,
        port: targetPort,
        protocol,
      })),
    };
  }
}
