import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { annotationImports, envoyRootFiles, wellKnownFiles } from "./roots.ts";

/** The top of the checkout. */
export const checkoutDir: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Our own `.proto` files and the extension protocol. */
export const protosDir: string = join(checkoutDir, "protos");

const require = createRequire(import.meta.url);
const envoyDepsDir = join(dirname(require.resolve("@grpc/grpc-js-xds/package.json")), "deps");

/** Where imports are looked for, in this order. */
export const includeDirs: readonly string[] = [
  protosDir,
  join(envoyDepsDir, "envoy-api"),
  join(envoyDepsDir, "xds"),
  join(envoyDepsDir, "googleapis"),
];

export interface LoadedProtos {
  /** All that was parsed, names as written in the source (snake_case), references resolved. */
  readonly root: protobuf.Root;
  /** Absolute paths of the files that were read, sorted. */
  readonly files: readonly string[];
  /** Absolute paths of the files whose symbols are all roots of the pruning. */
  readonly rootFiles: ReadonlySet<string>;
}

/**
 * Parses `protos/` of the checkout and the root files of Envoy's API with their imports.
 * @throws when an import is nowhere, or a file cannot be parsed
 */
export function loadProtos(): LoadedProtos {
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => resolveImport(origin, target);
  const own = protoFilesUnder(protosDir).map((file) => relative(protosDir, file));
  const imports = [...wellKnownFiles, ...envoyRootFiles, ...own];
  root.loadSync(imports, { keepCase: true });
  root.resolveAll();
  const rootFiles = new Set(imports.map((target) => resolveImport("", target)).filter((f) => f !== null));
  return { root, files: root.files.filter((file) => existsSync(file)).sort(), rootFiles };
}

function resolveImport(origin: string, target: string): string | null {
  if (annotationImports.test(target) || target === "google/protobuf/descriptor.proto") return null;
  if (wellKnownFiles.includes(target)) return target;
  if (existsSync(target)) return target;
  for (const dir of includeDirs) {
    const file = join(dir, target);
    if (existsSync(file)) return file;
  }
  throw new Error(`resolve import ${target} of ${origin || "the root files"}: found in no include folder`);
}

function protoFilesUnder(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".proto"))
    .map((name) => join(dir, name))
    .sort();
}
