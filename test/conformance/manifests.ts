import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "@routeledger/std";
import { controllerName } from "@routeledger/translation";
import { parseAllDocuments } from "yaml";

/** The class that the suite's Gateways name in this run. */
export const gatewayClass = "routeledger";

/** Objects of one manifest of the suite, with this run's class and controller. Throws where it is no YAML. */
export async function readManifest(folder: string, path: string): Promise<JsonObject[]> {
  const text = (await readFile(join(folder, path), "utf8"))
    .replaceAll("{GATEWAY_CLASS_NAME}", gatewayClass)
    .replaceAll("{GATEWAY_CONTROLLER_NAME}", controllerName);
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${path}: ${error.message}`);
    const object = document.toJS() as JsonObject | null;
    return object === null ? [] : [object];
  });
}

export interface ListenerPort {
  /** namespace/name of the Gateway. */
  readonly gateway: string;
  /** As the suite writes it. */
  readonly port: number;
}

/**
 * Gives each listener port of each Gateway a port of its own, as all Gateways of a run share one machine. A port that
 * a parentRef names is mapped with it.
 */
export class PortMap {
  readonly #next: () => number;
  readonly #ports = new Map<string, number>();

  /** @param next a port that nobody listens on, a new one each time */
  constructor(next: () => number) {
    this.#next = next;
  }

  of({ gateway, port }: ListenerPort): number {
    const key = `${gateway}:${port}`;
    const mapped = this.#ports.get(key) ?? this.#next();
    this.#ports.set(key, mapped);
    return mapped;
  }

  /** The port of the suite's symbolic address, `<gateway>.<namespace>.gw:<port>`. */
  ofAddress(address: string): number {
    const match = /^([^.]+)\.([^.]+)\.gw(?::(\d+))?$/.exec(address);
    if (match === null) throw new Error(`an address of the suite, got ${address}`);
    return this.of({ gateway: `${match[2]}/${match[1]}`, port: Number(match[3] ?? 80) });
  }

  rewrite(object: JsonObject): JsonObject {
    const { namespace = "default", name } = object.metadata as { namespace?: string; name: string };
    const copy = structuredClone(object);
    const spec = (copy.spec ?? {}) as { listeners?: { port: number }[]; parentRefs?: ParentRef[] };
    if (object.kind === "Gateway") {
      for (const listener of spec.listeners ?? [])
        listener.port = this.of({ gateway: `${namespace}/${name}`, port: listener.port });
    }
    for (const ref of spec.parentRefs ?? []) {
      if (ref.port !== undefined)
        ref.port = this.of({ gateway: `${ref.namespace ?? namespace}/${ref.name}`, port: ref.port });
    }
    return copy;
  }
}

interface ParentRef {
  name: string;
  namespace?: string;
  port?: number;
}
