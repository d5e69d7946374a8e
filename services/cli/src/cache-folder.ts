import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where downloads are kept between runs: `ROUTELEDGER_CACHE`, else `XDG_CACHE_HOME`, else `~/.cache`, always with
 * `routeledger` below it. The folder need not exist.
 * @param environment of the process; only a `main.ts` or a script passes `process.env`
 */
export function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const root = environment.ROUTELEDGER_CACHE || environment.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(root, "routeledger");
}
