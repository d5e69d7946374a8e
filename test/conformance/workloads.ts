import { assert, type JsonObject } from "@routeledger/std";
import { type EchoBackend, startEchoBackend } from "./echo-backend.ts";

interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata: { readonly labels: Labels } };
  };
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

/**
 * Plays the part of a cluster's kubelet and endpoint controller: a Deployment becomes echo backends on addresses of
 * 127.1.0.0/16, a Service with a selector gets the EndpointSlice that lists them.
 */
export class Workloads {
  /** The third number of the addresses. Runs on one machine that meet in it fail, as two servers cannot share one. */
  readonly #net = process.pid & 255;
  readonly #backends: EchoBackend[] = [];
  readonly #pods: Pod[] = [];

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
    const { labels } = spec.template.metadata;
    for (let replica = 0; replica < (spec.replicas ?? 1); replica++) {
      const number = this.#pods.length + 1;
      assert(number < 255, "at most 254 pods");
      const address = `127.1.${this.#net}.${number}`;
      const pod = {
        namespace: metadata.namespace,
        service: metadata.name,
        pod: `${metadata.name}-5d6f7c8b9-x${number}`,
      };
      this.#pods.push({ address, namespace: metadata.namespace, labels });
      this.#backends.push(await startEchoBackend(address, pod));
    }
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
