import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure } from "@routeledger/std";

/** Where the logs of a data folder are. Opening makes what is missing, so it is looked for. @throws Failure `log.missing` */
export async function logsFolder(dataFolder: string): Promise<string> {
  const folder = join(resolve(dataFolder), "logs");
  await access(join(folder, "config.sqlite")).catch((cause: unknown) => {
    throw new Failure(`open the logs of ${dataFolder}: there are none`, {
      code: "log.missing",
      retryable: false,
      hint: "name the folder that `routeledger dev --data` was given",
      cause,
    });
  });
  return folder;
}
