import { WatchedProcess } from "./watched-process.ts";

export interface DevProcessOptions {
  readonly dataFolder: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A `routeledger dev` in a process of its own, on ports that the system chose and the data folder keeps. */
export class DevProcess extends WatchedProcess {
  constructor({ dataFolder, args = [], environment = {} }: DevProcessOptions) {
    const ports = ["--api-address", "127.0.0.1:0", "--edge-address", "127.0.0.1:0"];
    super({ args: ["dev", "--data", dataFolder, ...ports, ...args], environment });
  }

  /** `http://127.0.0.1:1234`, as soon as the api answers. */
  async apiUrl(): Promise<string> {
    return (await this.saw(/^routeledger dev: api (http:\/\/\S+),/m))[1] as string;
  }
}
