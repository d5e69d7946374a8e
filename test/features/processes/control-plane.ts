import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceProcess } from "./service-process.ts";

export interface StartedServices {
  readonly api: ServiceProcess;
  readonly translator: ServiceProcess;
  readonly edge: ServiceProcess;
  readonly all: readonly ServiceProcess[];
  /** Kills what still runs and removes the store. */
  dispose(): Promise<void>;
}

/** Starts an api, a translator and an edge on free ports; does not wait for them. */
export async function startServices(natsUrl: string): Promise<StartedServices> {
  const folder = await mkdtemp(join(tmpdir(), "routeledger-processes-"));
  const start = (service: string, ...args: string[]): ServiceProcess =>
    new ServiceProcess({ args: [service, "--nats-url", natsUrl, ...args] });
  const operations = ["--operations-address", "127.0.0.1:0"];
  const api = start("api", "--api-address", "127.0.0.1:0", "--store-folder", join(folder, "store"));
  const translator = start("translator", ...operations);
  const edge = start("edge", "--edge-address", "127.0.0.1:0", "--drain-ms", "200", ...operations);
  const all = [api, translator, edge];
  return {
    ...{ api, translator, edge, all },
    async dispose() {
      for (const service of all) await service.end("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
