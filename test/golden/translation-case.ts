import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type ConfigState, sealSecret, validateObject } from "@routeledger/config-model";
import { testKeyring } from "@routeledger/config-model/testing";
import { type JsonObject, type JsonValue, sha256Hex, sortedEntries } from "@routeledger/std";
import { translateAll } from "@routeledger/translation";
import { partJson, stateOf } from "@routeledger/translation/testing";
import type { Part } from "@routeledger/xds-model";
import { parseAllDocuments, stringify } from "yaml";

export const goldenFolder: string = join(import.meta.dirname, "translation");

/** Which translator wrote the golden files, and the digest of each case's outputs. */
export const recordFile: string = join(goldenFolder, "versions.json");

export interface GoldenRecord {
  readonly translatorVersion: number;
  readonly cases: { readonly [name: string]: { readonly input: string; readonly output: string } };
}

/** Names of the cases: folders with an `input.yaml`. */
export function goldenCases(): string[] {
  return globSync("*/input.yaml", { cwd: goldenFolder })
    .map((file) => basename(dirname(file)))
    .sort();
}

/** The objects of a case, validated, defaulted and sealed as the door does it. @throws when one would be refused */
export function caseState(name: string): ConfigState {
  const text = readFileSync(join(goldenFolder, name, "input.yaml"), "utf8");
  const objects = parseAllDocuments(text).map((document) => document.toJS() as JsonObject);
  return stateOf(
    objects.map((input) => {
      const { object, errors } = validateObject(input);
      if (errors.length > 0) throw new Error(`golden case ${name}: refused: ${JSON.stringify(errors)}`);
      return object.kind === "Secret" ? sealSecret(object, testKeyring) : object;
    }),
  );
}

/** The output files of a case by name: one a resource type, and the statuses. */
export function caseOutputs(name: string): Map<string, string> {
  const { groups, statuses } = translateAll(caseState(name));
  const byType = new Map<string, Record<string, JsonValue>>();
  for (const [group, parts] of sortedEntries(groups)) {
    for (const [type, resources] of sortedEntries(resourcesByType(parts.values()))) {
      byType.set(type, { ...byType.get(type), [group]: resources });
    }
  }
  const files = [...byType].map(([type, content]): [string, string] => [`${type}s.yaml`, yaml(content)]);
  return new Map([...files, ["statuses.yaml", yaml(Object.fromEntries(statuses))]]);
}

/** A route table's virtual hosts stand in its shell, as in what a proxy gets. */
function resourcesByType(parts: Iterable<Part>): Map<string, JsonValue[]> {
  const types = new Map<string, JsonValue[]>();
  for (const part of parts) {
    const list = types.get(part.type) ?? [];
    types.set(part.type, list);
    if (part.virtualHost === "") list.push(partJson(part));
    else appendVirtualHost(list.at(-1) as JsonObject, partJson(part));
  }
  return types;
}

function appendVirtualHost(table: JsonObject, virtualHost: JsonValue): void {
  table.virtualHosts = [...((table.virtualHosts as JsonValue[] | undefined) ?? []), virtualHost];
}

function yaml(value: JsonValue): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

export function digestOfOutputs(outputs: ReadonlyMap<string, string>): string {
  return sha256Hex(Buffer.from(JSON.stringify(sortedEntries(outputs))));
}

export function digestOfInput(name: string): string {
  return sha256Hex(readFileSync(join(goldenFolder, name, "input.yaml")));
}

/** The output files of a case as they are on disk. */
export function committedOutputs(name: string): Map<string, string> {
  const files = globSync("*.yaml", { cwd: join(goldenFolder, name) }).filter((file) => file !== "input.yaml");
  return new Map(files.sort().map((file) => [file, readFileSync(join(goldenFolder, name, file), "utf8")]));
}
