/**
 * The layout of design.md: an import goes to a lower tier only, is declared in the package's own package.json, and
 * names an entry of the other package. Neither npm nor tsc enforces any of it.
 */
import { builtinModules } from "node:module";
import { dirname, join } from "node:path/posix";
import { type Import, scanImports } from "./scan-imports.ts";
import { type Finding, isForTests, isTypeScript, packageFolder, type SourceFile } from "./source-tree.ts";

const scope = "@routeledger/";

/** Tier of each package. A package that is not here is a finding: its place must be decided. */
const tiers: Readonly<Record<string, number>> = {
  std: 0,
  protos: 0,
  "config-model": 1,
  "xds-model": 1,
  translation: 2,
  "xds-stream": 2,
  "route-explain": 2,
  "event-log": 2,
  "event-log-nats": 3,
  "event-log-sqlite": 3,
  "snapshot-store": 3,
  "service-kit": 3,
  api: 4,
  translator: 4,
  "xds-edge": 4,
  cli: 5,
  test: 6,
  // examples/extension
  extension: 6,
};

/** The one import inside a tier: generated codecs use the words of std. */
const sameTier = new Set(["protos std"]);

/** Packages that connect a port to the world: all of them, or only their functions that open something. */
const adapters: Readonly<Record<string, RegExp>> = {
  "event-log-nats": /^/,
  "event-log-sqlite": /^/,
  "snapshot-store": /^open[A-Z]/,
};
const mayNameAdapters =
  /^services\/[^/]+\/src\/main\.ts$|^services\/cli\/src\/(dev|nats)\/main\.ts$|^scripts\//;

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
}

/** Tiers, declared dependencies, entries, adapters, and relative imports that leave their package. */
export function checkImports(files: readonly SourceFile[]): readonly Finding[] {
  const manifests = new Map<string, Manifest>();
  for (const file of files) {
    if (/(^|\/)package\.json$/.test(file.path)) manifests.set(dirname(file.path), JSON.parse(file.text));
  }
  const findings: Finding[] = [];
  for (const file of files.filter(({ path }) => isTypeScript(path))) {
    for (const found of scanImports(file)) {
      for (const message of breaches(file, found, manifests)) {
        findings.push({ path: file.path, line: found.line, message });
      }
    }
  }
  return [...findings, ...unplacedPackages(manifests), ...declaredUpwards(manifests)];
}

function breaches(file: SourceFile, found: Import, manifests: ReadonlyMap<string, Manifest>): string[] {
  const { specifier } = found;
  if (specifier.startsWith(".")) return leavesPackage(file.path, specifier);
  if (specifier.startsWith("node:")) return [];
  if (builtinModules.includes(specifier)) return [`"${specifier}" is written "node:${specifier}"`];
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  return [...undeclared(file.path, name, manifests), ...ownPackage(file.path, found, manifests)];
}

function leavesPackage(path: string, specifier: string): string[] {
  const from = packageFolder(path);
  const to = packageFolder(join(dirname(path), specifier));
  const toScripts = join(dirname(path), specifier).startsWith("scripts/");
  // Scripts are no package: they reach into all of them, and tests run what scripts export.
  if (path.startsWith("scripts/") || from === to || (from === "test" && toScripts)) return [];
  return [`"${specifier}" leaves the package; import ${scope}<name>`];
}

function undeclared(path: string, name: string, manifests: ReadonlyMap<string, Manifest>): string[] {
  const own = manifests.get(packageFolder(path) || ".");
  if (own?.dependencies?.[name] !== undefined || own?.devDependencies?.[name] !== undefined) return [];
  if (isForTests(path) && manifests.get(".")?.devDependencies?.[name] !== undefined) return [];
  if (path.startsWith("scripts/") && declaredSomewhere(name, manifests)) return [];
  return [`"${name}" is not declared in ${join(packageFolder(path), "package.json")}`];
}

function declaredSomewhere(name: string, manifests: ReadonlyMap<string, Manifest>): boolean {
  return name.startsWith(scope) || [...manifests.values()].some(({ dependencies }) => dependencies?.[name]);
}

/** What holds for imports of our own packages. */
function ownPackage(path: string, found: Import, manifests: ReadonlyMap<string, Manifest>): string[] {
  if (!found.specifier.startsWith(scope)) return [];
  const [name = "", ...rest] = found.specifier.slice(scope.length).split("/");
  const entry = [".", ...rest].join("/");
  const messages: string[] = [];
  const from = shortName(packageFolder(path));
  if (from !== "" && !mayImport(from, name)) {
    messages.push(`${from} (tier ${tiers[from]}) must not import ${name} (tier ${tiers[name]})`);
  }
  const manifest = manifests.get(`libs/${name}`) ?? manifests.get(`services/${name}`);
  if (manifest?.exports?.[entry] === undefined) messages.push(`${found.specifier} is no entry of ${name}`);
  if (entry === "./testing" && !isForTests(path)) messages.push(`${found.specifier} is for tests only`);
  return [...messages, ...namesAdapter(path, name, found.names)];
}

function namesAdapter(path: string, name: string, names: readonly string[]): string[] {
  const guarded = adapters[name];
  if (guarded === undefined || isForTests(path) || mayNameAdapters.test(path)) return [];
  // Without braces (a dynamic import, a namespace) everything is named.
  const named = names.length === 0 ? [name] : names.filter((word) => guarded.test(word));
  return named.map((word) => `adapters are named in a service's main.ts only: ${word} of ${name}`);
}

function mayImport(from: string, to: string): boolean {
  if (sameTier.has(`${from} ${to}`)) return true;
  return (tiers[from] ?? -1) > (tiers[to] ?? Number.POSITIVE_INFINITY);
}

function unplacedPackages(manifests: ReadonlyMap<string, Manifest>): Finding[] {
  return [...manifests.keys()]
    .filter(
      (folder) => /^(libs|services)\/[^/]+$|^test$/.test(folder) && !Object.hasOwn(tiers, shortName(folder)),
    )
    .map((folder) => ({
      path: `${folder}/package.json`,
      line: 1,
      message: "the package has no tier in scripts/tidy/check-imports.ts",
    }));
}

function declaredUpwards(manifests: ReadonlyMap<string, Manifest>): Finding[] {
  return [...manifests].flatMap(([folder, manifest]) =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter((name) => name.startsWith(scope) && !mayImport(shortName(folder), name.slice(scope.length)))
      .map((name) => ({
        path: `${folder}/package.json`,
        line: 1,
        message: `declares ${name}, which is not below it`,
      })),
  );
}

function shortName(folder: string): string {
  return folder.split("/").at(-1) ?? "";
}
