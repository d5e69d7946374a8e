import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { generatedDir, generateProtos } from "../../scripts/generate-protos.ts";
import { loadProtos } from "../../scripts/protos/load-protos.ts";

interface DescriptorNode {
  readonly nested?: Readonly<Record<string, DescriptorNode>>;
  readonly fields?: Readonly<
    Record<string, { readonly id: number; readonly options?: Record<string, unknown> }>
  >;
  readonly oneofs?: Readonly<Record<string, { readonly options?: Record<string, unknown> }>>;
}

test("the committed protos are what the .proto files give; else run node scripts/generate-protos.ts", () => {
  for (const [name, fresh] of generateProtos()) {
    const committed = readFileSync(join(generatedDir, name), "utf8");
    assert.ok(
      committed === fresh,
      `libs/protos/src/generated/${name} is not what node scripts/generate-protos.ts writes`,
    );
  }
});

test("no field rule of the .proto files is lost in the descriptor, and none of its arguments", () => {
  const descriptor = JSON.parse(
    readFileSync(join(generatedDir, "descriptor.json"), "utf8"),
  ) as DescriptorNode;
  const described = describedRules(descriptor, "");
  const written = new Map<string, number>();
  for (const file of loadProtos().files) {
    for (const [field, count] of writtenRules(readFileSync(file, "utf8"))) {
      if (described.has(field)) written.set(field, count);
    }
  }
  const withRules = [...written.values()].filter((count) => count > 0).length;
  assert.ok(withRules > 500, `only ${withRules} fields and oneofs with rules were found in the sources`);
  assert.deepEqual(
    described,
    new Map([...described.keys()].map((field) => [field, written.get(field) ?? 0])),
  );
});

/** Of each kept field and oneof of Envoy's API and xDS's, by full name, how many arguments its rules have. */
function describedRules(node: DescriptorNode, name: string): Map<string, number> {
  const rules = new Map<string, number>();
  for (const field of Object.values(node.fields ?? {})) {
    if (/^(envoy|xds)\./.test(name))
      rules.set(`${name}#${field.id}`, argumentsIn(field.options?.["(validate.rules)"]));
  }
  for (const [oneof, { options }] of Object.entries(node.oneofs ?? {})) {
    if (/^(envoy|xds)\./.test(name))
      rules.set(`${name}.${oneof}`, options?.["(validate.required)"] === true ? 1 : 0);
  }
  for (const [child, nested] of Object.entries(node.nested ?? {})) {
    for (const [field, count] of describedRules(nested, name ? `${name}.${child}` : child))
      rules.set(field, count);
  }
  return rules;
}

function argumentsIn(rules: unknown): number {
  if (rules === undefined) return 0;
  if (typeof rules !== "object" || rules === null) return 1;
  const parts = Object.values(rules);
  // `gt {}` means greater than zero.
  if (parts.length === 0) return 1;
  return parts.reduce<number>((sum, part) => sum + argumentsIn(part), 0);
}

/** The same, read from a source text by a scanner that shares nothing with the parser. */
function writtenRules(source: string): Map<string, number> {
  const rules = new Map<string, number>();
  const tokens: readonly string[] =
    source.replace(/\/\/.*$/gm, "").match(/"(?:[^"\\]|\\.)*"|'[^']*'|[\w]+|[^\s\w]/g) ?? [];
  const scope: string[] = [];
  let packageName = "";
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as string;
    const owner = [packageName, ...scope.filter((part) => !part.startsWith("oneof "))].join(".");
    if (token === "package" && scope.length === 0) {
      const end = tokens.indexOf(";", at);
      packageName = tokens.slice(at + 1, end).join("");
      at = end;
    } else if (/^(message|enum|service|rpc|oneof)$/.test(token) && /^\w+$/.test(tokens[at + 1] ?? "")) {
      const open = opening(tokens, at + 1);
      if (open === undefined) continue;
      scope.push(token === "oneof" ? `oneof ${tokens[at + 1]}` : (tokens[at + 1] as string));
      if (token === "oneof") rules.set(`${owner}.${tokens[at + 1]}`, 0);
      at = open;
    } else if (token === "option") {
      const end = tokens.indexOf(";", at);
      const [oneof] = scope.slice(-1).filter((part) => part.startsWith("oneof "));
      if (oneof && tokens.slice(at, end).join("") === "option(validate.required)=true") {
        rules.set(`${owner}.${oneof.slice("oneof ".length)}`, 1);
      }
      at = end;
    } else if (token === "=" && /^\d+$/.test(tokens[at + 1] ?? "")) {
      const end = statementEnd(tokens, at);
      rules.set(`${owner}#${Number(tokens[at + 1])}`, writtenArguments(tokens.slice(at + 2, end)));
      at = end;
    } else if (token === "}") scope.pop();
  }
  return rules;
}

/** Where the block of a declaration opens; undefined when the words are a field named so. */
function opening(tokens: readonly string[], from: number): number | undefined {
  for (let at = from; at < tokens.length; at++) {
    if (tokens[at] === "{") return at;
    if (tokens[at] === ";" || tokens[at] === "=") return undefined;
  }
  return undefined;
}

function statementEnd(tokens: readonly string[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    if (/^[[{]$/.test(tokens[at] as string)) depth++;
    if (/^[\]}]$/.test(tokens[at] as string)) depth--;
    if (tokens[at] === ";" && depth === 0) return at;
  }
  throw new Error("a statement without an end");
}

/** Arguments of the `validate.rules` among a field's options: literals, and empty blocks. */
function writtenArguments(tokens: readonly string[]): number {
  let count = 0;
  for (const option of splitOptions(tokens)) {
    if (!option.join("").startsWith("(validate.rules)")) continue;
    const rest = option.slice(5);
    for (const [index, token] of rest.entries()) {
      const next = rest[index + 1] ?? "";
      if (token === "{" && next === "}") count++;
      if (/^["']/.test(token) || (/^\w/.test(token) && !/^[:{=.]$/.test(next))) {
        // A decimal is three tokens; its last one counts.
        count++;
      }
    }
  }
  return count;
}

function splitOptions(tokens: readonly string[]): string[][] {
  const options: string[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(1, -1)) {
    if (token === "," && depth === 0) options.push([]);
    else options.at(-1)?.push(token);
    if (/^[[{]$/.test(token)) depth++;
    if (/^[\]}]$/.test(token)) depth--;
  }
  return options;
}
