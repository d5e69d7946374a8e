import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { type GoModule, goModuleFolder, goModules } from "../go-module.ts";

/** A CustomResourceDefinition, as far as the generator reads it. */
export interface Crd {
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: unknown };
    }[];
  };
}

/** One CRD file and where it came from: `sigs.k8s.io/gateway-api@v1.6.3/config/crd/...`. */
export interface CrdFile {
  readonly source: string;
  readonly channel: string;
  readonly crd: Crd;
}

interface CrdFolder {
  readonly module: GoModule;
  readonly folder: string;
  readonly channel: string;
  readonly files: readonly string[];
}

/**
 * The experimental channel is a superset of the standard one: it has the same kinds and versions, and
 * beside them the fields (retry, session persistence) that a user may write and gets a status for.
 */
const FOLDERS: readonly CrdFolder[] = [
  {
    module: goModules.gatewayApi,
    folder: "config/crd/experimental",
    channel: "experimental",
    files: [
      "backendtlspolicies",
      "gatewayclasses",
      "gateways",
      "grpcroutes",
      "httproutes",
      "listenersets",
      "referencegrants",
      "tcproutes",
      "tlsroutes",
      "udproutes",
    ].map((plural) => `gateway.networking.k8s.io_${plural}.yaml`),
  },
  {
    module: goModules.envoyGateway,
    folder: "charts/gateway-helm/charts/crds/crds/generated",
    channel: "envoy-gateway",
    files: ["gateway.envoyproxy.io_backends.yaml"],
  },
];

/** Where the CRD files are on this machine, fetched if need be. */
export async function crdPaths(): Promise<string[]> {
  const paths: string[] = [];
  for (const { module, folder, files } of FOLDERS) {
    const root = await goModuleFolder(module);
    paths.push(...files.map((file) => join(root, folder, file)));
  }
  return paths;
}

/** Reads the CRDs out of their Go modules, which Go's own client fetches if they are not in its cache. */
export async function readCrds(): Promise<CrdFile[]> {
  const files: CrdFile[] = [];
  for (const { module, folder, channel, files: names } of FOLDERS) {
    const root = await goModuleFolder(module);
    for (const name of names) {
      const text = await readFile(join(root, folder, name), "utf8");
      files.push({ source: `${module}/${folder}/${name}`, channel, crd: parse(text) as Crd });
    }
  }
  return files;
}
