import { readFile } from "node:fs/promises";
import type { JsonObject } from "@routeledger/std";
import { parse } from "yaml";
import { crdPaths } from "../../scripts/schemas/crd-source.ts";
import type { KubeApiserver } from "./kube-apiserver.ts";

const establishedWithinMs = 60_000;
const pollEveryMs = 200;

/** Gives a server the CRDs that our schemas are generated from, and waits until it serves them. */
export async function installCrds(server: KubeApiserver): Promise<void> {
  const collection = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const names: string[] = [];
  for (const path of await crdPaths()) {
    const crd = parse(await readFile(path, "utf8")) as JsonObject & { metadata: { name: string } };
    const { code, body } = await server.ask("POST", collection, crd);
    if (code !== 201) throw new Error(`install ${path}: ${code} ${JSON.stringify(body)}`);
    names.push(crd.metadata.name);
  }
  const deadline = performance.now() + establishedWithinMs;
  for (const name of names) {
    while (!(await isEstablished(server, `${collection}/${name}`))) {
      if (performance.now() > deadline)
        throw new Error(`${name} is not served after ${establishedWithinMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
    }
  }
}

async function isEstablished(server: KubeApiserver, path: string): Promise<boolean> {
  const { body } = await server.ask("GET", path);
  const status = body.status as { conditions?: readonly { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") === true;
}
