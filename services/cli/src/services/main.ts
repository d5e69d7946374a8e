/** Runs one service as this process: `routeledger api`, `translator`, `edge`. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { ProcessInput, Setting } from "@routeledger/service-kit";
import type { CommandContext } from "../command-context.ts";
import type { ServiceName } from "../commands/services.ts";
import { knownNames } from "../environment-names.ts";

/** A service as the command runs it. */
export interface ServiceProcess {
  /** Its settings: what `--help` prints and the documents show. */
  readonly table: { readonly settings: readonly Setting[]; help(): string };
  /** Returns the exit code. @throws Failure `config.invalid` */
  readonly run: (input: ProcessInput) => Promise<number>;
}

/** Each alone: an edge has no use for a store. */
const loaders: Readonly<Record<ServiceName, () => Promise<ServiceProcess>>> = {
  api: async () => {
    const { apiTable, runApi } = await import("@routeledger/api/main");
    const { checkReplay } = await import("@routeledger/translator");
    return { table: apiTable, run: (input) => runApi(input, { checkReplay }) };
  },
  translator: async () => {
    const { translatorTable, runTranslator } = await import("@routeledger/translator/main");
    return { table: translatorTable, run: runTranslator };
  },
  edge: async () => {
    const { edgeTable, runEdge } = await import("@routeledger/xds-edge/main");
    return { table: edgeTable, run: runEdge };
  },
};

export function loadService(name: ServiceName): Promise<ServiceProcess> {
  return loaders[name]();
}

/** Runs it until SIGINT or SIGTERM; returns the exit code. @throws Failure before it runs */
export async function runService(
  { clock, environment, signal }: CommandContext,
  name: ServiceName,
  args: readonly string[],
): Promise<number> {
  const { run } = await loadService(name);
  return run({
    ...{ args, environment, clock, signal, otherNames: knownNames },
    hostName: hostname(),
    randomBytes: (length) => randomBytes(length),
    onUncaught: (say) => {
      // What was being done is unknown: the process begins again from the logs.
      process.on("uncaughtException", (error) => {
        say(error);
        process.exit(1);
      });
    },
  });
}
