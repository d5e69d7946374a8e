/**
 * Writes a golden log of the formats as they are now: `node scripts/write-golden-log.ts v1`.
 *
 * test/golden/logs/<version>/ is then read by every later version, for ever, and never written again: a folder that
 * is there is refused. A new one is made when a schema version is raised.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  configKinds,
  deliveryKinds,
  MemoryStorage,
  type ReadableKinds,
  xdsKinds,
} from "@routeledger/event-log";
import { describedLog, parseHexLog, renderHexLog } from "../test/golden/logs/hex-log.ts";
import { kindSchemas } from "../test/golden/logs/kind-schemas.ts";
import { goldenConfig } from "../test/golden/logs/now/golden-config.ts";
import { goldenDelivery } from "../test/golden/logs/now/golden-delivery.ts";
import { goldenXds } from "../test/golden/logs/now/golden-xds.ts";

const logs = [
  { name: "CONFIG", file: "config", kinds: configKinds, fill: goldenConfig },
  { name: "XDS", file: "xds", kinds: xdsKinds, fill: goldenXds },
  { name: "DELIVERY", file: "delivery", kinds: deliveryKinds, fill: goldenDelivery },
] as const;

const version = process.argv[2] ?? "";
if (!/^v\d+$/.test(version)) throw new Error("which version? node scripts/write-golden-log.ts v1");
const folder = join(import.meta.dirname, "../test/golden/logs", version);
if (existsSync(folder)) throw new Error(`${folder} is there: a golden log is written once`);

await mkdir(folder, { recursive: true });
for (const { name, file, kinds, fill } of logs) {
  const storage = new MemoryStorage(`golden ${name}`);
  await fill(storage);
  const text = renderHexLog(`${name}: sequence, subject, body in hexadecimal`, storage.messages);
  await writeFile(join(folder, `${file}.hexlog`), text);
  const readable: ReadableKinds = kinds;
  const described = await describedLog(await parseHexLog(name, text), readable);
  await writeFile(join(folder, `${file}.json`), `${JSON.stringify(described, null, 2)}\n`);
}
await writeFile(join(folder, "schemas.json"), `${JSON.stringify(await kindSchemas(), null, 2)}\n`);
process.stdout.write(`wrote ${folder}\n`);
