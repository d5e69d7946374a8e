import { writeFile } from "node:fs/promises";
import { utf8 } from "@routeledger/std";
import { composeResource, type Part, typeUrls } from "@routeledger/xds-model";

/** Writes whole resources as the peer reads them: type URL and message, each after its length in four bytes. */
export async function writeResourceFile(path: string, parts: readonly Part[]): Promise<void> {
  const byResource = Map.groupBy(parts, ({ type, resource }) => `${type} ${resource}`);
  const entries = [...byResource.values()].flatMap((own) => {
    const { type, bytes } = composeResource(own, { epoch: 1, sequence: 1 });
    return [utf8(typeUrls[type]), bytes].flatMap((entry) => [lengthOf(entry), entry]);
  });
  await writeFile(path, Buffer.concat(entries));
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return length;
}
