import { readFile } from "node:fs/promises";
import { join } from "node:path";

const spec = join(import.meta.dirname, "..", "..", "docs", "spec", "nats.md");

/** The users of docs/spec/nats.md as lines of a server's configuration; all have the same password. */
export async function usersOfSpec(password: string): Promise<string> {
  const block = /```conf\n(.*?)```/s.exec(await readFile(spec, "utf8"))?.[1];
  if (block === undefined) throw new Error(`a block of configuration in ${spec}`);
  return block.replaceAll(/\$[A-Z]+_PASSWORD/g, password);
}
