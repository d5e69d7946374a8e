/**
 * Fetches the Go modules whose manifests the schemas and the tests are made from, and prints their folders:
 * `node scripts/fetch-gateway-api.ts`. Does nothing when they are in Go's cache.
 */
import { goModuleFolder, goModules } from "./go-module.ts";

for (const module of Object.values(goModules)) process.stdout.write(`${await goModuleFolder(module)}\n`);
