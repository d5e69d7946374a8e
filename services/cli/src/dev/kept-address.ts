import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatHostPort, type HostPort } from "../addresses.ts";
import { freePort } from "./free-port.ts";
import { writeFileWhole } from "./write-file-whole.ts";

/**
 * The address to listen on. Port 0 is a free one that is chosen once and kept in the data folder: Envoys that run
 * on across a restart of `dev` must find the edge again.
 */
export async function keptAddress(
  dataFolder: string,
  name: "api" | "edge",
  address: HostPort,
): Promise<string> {
  if (address.port !== 0) return formatHostPort(address);
  const path = join(dataFolder, `${name}-port`);
  const known = Number(await readFile(path, "utf8").catch(() => ""));
  if (Number.isSafeInteger(known) && known > 0) return formatHostPort({ ...address, port: known });
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  await writeFileWhole(path, String(port));
  return formatHostPort({ ...address, port });
}
