/** Which nodes a request for client status means (`envoy.type.matcher.v3.NodeMatcher`). */
import type { DecodedTypes } from "@routeledger/protos";
import type { ProxyNode } from "@routeledger/xds-stream";

type NodeMatcher = DecodedTypes["envoy.type.matcher.v3.NodeMatcher"];
type StringMatcher = DecodedTypes["envoy.type.matcher.v3.StringMatcher"];
type StructMatcher = DecodedTypes["envoy.type.matcher.v3.StructMatcher"];
type ValueMatcher = DecodedTypes["envoy.type.matcher.v3.ValueMatcher"];
type DoubleMatcher = DecodedTypes["envoy.type.matcher.v3.DoubleMatcher"];
type Value = DecodedTypes["google.protobuf.Value"];

/** Why these matchers cannot be applied; undefined when they can: regular expressions and extensions are not. */
export function whyNotMatched(matchers: readonly NodeMatcher[]): string | undefined {
  const strings = matchers.flatMap(({ nodeId, nodeMetadatas }) => [
    ...(nodeId === undefined ? [] : [nodeId]),
    ...nodeMetadatas.flatMap(({ value }) => stringsOf(value)),
  ]);
  const isOther = strings.some(({ safeRegex, custom }) => safeRegex !== undefined || custom !== undefined);
  return isOther ? "node matchers: expected exact, prefix, suffix or contains" : undefined;
}

function stringsOf(matcher: ValueMatcher | undefined): StringMatcher[] {
  if (matcher === undefined) return [];
  const { stringMatch, listMatch, orMatch } = matcher;
  return [
    ...(stringMatch === undefined ? [] : [stringMatch]),
    ...stringsOf(listMatch?.oneOf),
    ...(orMatch?.valueMatchers ?? []).flatMap(stringsOf),
  ];
}

/** One of the matchers matches, or there is none. Within one, id and all metadata must match. */
export function matchesNode(matchers: readonly NodeMatcher[], { id, metadata }: ProxyNode): boolean {
  if (matchers.length === 0) return true;
  return matchers.some(
    ({ nodeId, nodeMetadatas }) =>
      (nodeId === undefined || matchesString(nodeId, id)) &&
      nodeMetadatas.every((matcher) => matchesStruct(matcher, metadata)),
  );
}

function matchesString(matcher: StringMatcher, text: string): boolean {
  const fold = (value: string): string => (matcher.ignoreCase ? value.toLowerCase() : value);
  const { exact, prefix, suffix, contains } = matcher;
  if (exact !== undefined) return fold(text) === fold(exact);
  if (prefix !== undefined) return fold(text).startsWith(fold(prefix));
  if (suffix !== undefined) return fold(text).endsWith(fold(suffix));
  return contains !== undefined && fold(text).includes(fold(contains));
}

function matchesStruct({ path, value: matcher }: StructMatcher, metadata: ProxyNode["metadata"]): boolean {
  let value: Value | undefined = metadata === undefined ? undefined : { structValue: metadata };
  for (const { key = "" } of path) {
    const fields: Readonly<Record<string, Value>> = value?.structValue?.fields ?? {};
    value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  }
  return matchesValue(matcher, value);
}

function matchesValue(matcher: ValueMatcher | undefined, value: Value | undefined): boolean {
  if (matcher === undefined) return false;
  const { nullMatch, doubleMatch, stringMatch, boolMatch, presentMatch, listMatch, orMatch } = matcher;
  if (presentMatch !== undefined) return (value !== undefined) === presentMatch;
  if (orMatch !== undefined) return orMatch.valueMatchers.some((one) => matchesValue(one, value));
  if (value === undefined) return false;
  const { nullValue, numberValue, stringValue, boolValue, listValue } = value;
  if (nullMatch !== undefined) return nullValue !== undefined;
  if (boolMatch !== undefined) return boolValue === boolMatch;
  if (doubleMatch !== undefined) return numberValue !== undefined && matchesDouble(doubleMatch, numberValue);
  if (stringMatch !== undefined) return stringValue !== undefined && matchesString(stringMatch, stringValue);
  return (
    listMatch !== undefined && (listValue?.values ?? []).some((one) => matchesValue(listMatch.oneOf, one))
  );
}

/** A range holds its start and not its end. */
function matchesDouble({ exact, range }: DoubleMatcher, value: number): boolean {
  if (exact !== undefined) return value === exact;
  return range !== undefined && value >= range.start && value < range.end;
}
