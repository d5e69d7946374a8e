/**
 * Fetches the Envoys that the tests run and prints their paths: `node scripts/fetch-envoy.ts [version ...]`.
 * Does nothing when they are in the cache.
 */
import { Failure } from "@routeledger/std";
import { cacheFolder } from "../services/cli/src/cache-folder.ts";
import { type EnvoyVersion, envoyBinary } from "../services/cli/src/envoy-binary.ts";

const testedVersions: readonly EnvoyVersion[] = ["1.40.0", "1.36.4"];

function wanted(args: readonly string[]): readonly EnvoyVersion[] {
  if (args.length === 0) return testedVersions;
  return args.map((arg) => {
    const version = testedVersions.find((tested) => tested === arg);
    if (version === undefined) throw new Error(`fetch Envoy ${arg}: pinned are ${testedVersions.join(", ")}`);
    return version;
  });
}

async function fetchAll(versions: readonly EnvoyVersion[]): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  for (const version of versions) {
    process.stdout.write(
      `${await envoyBinary({ version, cacheFolder: cacheFolder(process.env), progress })}\n`,
    );
  }
}

try {
  await fetchAll(wanted(process.argv.slice(2)));
} catch (cause) {
  process.stderr.write(`error: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  if (cause instanceof Failure && cause.hint !== undefined) process.stderr.write(`hint: ${cause.hint}\n`);
  process.exitCode = 1;
}
