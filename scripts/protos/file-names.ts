import { relative } from "node:path";
import protobuf from "protobufjs";
import { includeDirs } from "./load-protos.ts";
import { type KeptSymbols, nameOf } from "./prune.ts";

/** The well-known types' files, which protobufjs carries without their names. */
const wellKnownFileOf: Readonly<Record<string, string>> = {
  Any: "any",
  Duration: "duration",
  Empty: "empty",
  FieldMask: "field_mask",
  ListValue: "struct",
  NullValue: "struct",
  Struct: "struct",
  Timestamp: "timestamp",
  Value: "struct",
};

/** Of each file, by import path, the outermost messages, enums and services of which something is kept. Sorted. */
export function fileNames(kept: KeptSymbols): Record<string, string[]> {
  const files = new Map<string, Set<string>>();
  for (const symbol of [...kept.messages, ...kept.enums, ...kept.services]) {
    const outermost = outermostOf(symbol);
    const file = fileOf(outermost);
    files.set(file, (files.get(file) ?? new Set()).add(nameOf(outermost)));
  }
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([file, symbols]) => [file, [...symbols].sort()]));
}

function outermostOf(symbol: protobuf.ReflectionObject): protobuf.ReflectionObject {
  return symbol.parent instanceof protobuf.Type ? outermostOf(symbol.parent) : symbol;
}

function fileOf(symbol: protobuf.ReflectionObject): string {
  const name = nameOf(symbol);
  if (/^google\.protobuf\.\w+$/.test(name))
    return `google/protobuf/${wellKnownFileOf[symbol.name] ?? "wrappers"}.proto`;
  const { filename } = symbol;
  const dir = includeDirs.find((candidate) => filename?.startsWith(`${candidate}/`));
  if (dir === undefined || !filename) throw new Error(`name the file of ${name}: it is in no include folder`);
  return relative(dir, filename);
}
