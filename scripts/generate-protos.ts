/**
 * Writes `libs/protos/src/generated/`: the pruned descriptor and the declarations. Run it after a change of a
 * `.proto` file: `node scripts/generate-protos.ts`. Its output depends on nothing but the `.proto` files.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageDeclarations, typeMapDeclarations } from "./protos/declarations.ts";
import { descriptorJson } from "./protos/descriptor-json.ts";
import { fileNames } from "./protos/file-names.ts";
import { checkoutDir, loadProtos } from "./protos/load-protos.ts";
import { prune } from "./protos/prune.ts";

/** Where the generated files are committed. */
export const generatedDir: string = join(checkoutDir, "libs", "protos", "src", "generated");

/** The generated files, by name. */
export function generateProtos(): ReadonlyMap<string, string> {
  const kept = prune(loadProtos());
  return new Map([
    ["descriptor.json", `${JSON.stringify(descriptorJson(kept), null, 1)}\n`],
    ["files.json", `${JSON.stringify(fileNames(kept), null, 1)}\n`],
    ["messages.d.ts", messageDeclarations(kept, "input")],
    ["decoded.d.ts", messageDeclarations(kept, "decoded")],
    ["type-map.d.ts", typeMapDeclarations(kept)],
  ]);
}

if (import.meta.main) {
  mkdirSync(generatedDir, { recursive: true });
  for (const [name, content] of generateProtos()) writeFileSync(join(generatedDir, name), content);
}
