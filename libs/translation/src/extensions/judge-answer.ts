import { codec, fieldViolations, topLevelFields, unpackAny } from "@routeledger/protos";
import { fromUtf8 } from "@routeledger/std";
import type { ResourceQuestion, TranslationQuestion, TranslationResources } from "./hook-questions.ts";
import { type ResourceKind, resourceKinds, resourceName } from "./resource-names.ts";
import { type AskedList, askedLists, isSplittable } from "./translation-parts.ts";

/**
 * What is wrong with a resource that an extension made; undefined where it may be served. Envoy's field rules (G111);
 * no private key in clear (P11); a virtual host keeps its domains, or it might take those of another.
 * @param answer a message of the question's kind, under the same name
 */
export function judgeResource(question: ResourceQuestion, answer: Uint8Array): string | undefined {
  const kind = resourceKinds[question.hook];
  if (question.hook === "VirtualHost" && domainsOf(question.resource) !== domainsOf(answer))
    return "other domains: a virtual host keeps those that it has";
  return judge(kind, answer);
}

/** The same of the lists of a translation, with what a list as a whole must keep to. */
export function judgeTranslation(
  question: TranslationQuestion,
  answer: TranslationResources,
): string | undefined {
  for (const list of askedLists) {
    const asked = new Set(question.resources[list] ?? []);
    for (const resource of answer[list] ?? []) {
      if (asked.has(resource)) continue;
      const wrong = judge(resourceKinds[list], resource) ?? judgeListed(list, resource);
      if (wrong !== undefined)
        return `${wrong}, in ${list} ${JSON.stringify(resourceName(resourceKinds[list], resource))}`;
    }
  }
  return undefined;
}

function judgeListed(list: AskedList, resource: Uint8Array): string | undefined {
  return isSplittable(list, resource) ? undefined : "two virtual hosts of one name, or one without a name";
}

const nameOfControls = /\p{Cc}/u;

function judge(kind: ResourceKind, bytes: Uint8Array): string | undefined {
  if (nameOfControls.test(resourceName(kind, bytes))) return "a control character in the name";
  const message = codec(kind.type).decode(bytes);
  const [violation] = fieldViolations(kind.type, message);
  if (violation !== undefined) return `what Envoy refuses: ${violation.path}: ${violation.message}`;
  if (holdsKey(message)) return "a private key: keys go over SDS, by the name of a Secret";
  return undefined;
}

type Message = Readonly<Record<string, unknown>>;

/** Whether a private key stands in a message in clear, at any depth and inside `Any`s whose type is known. */
function holdsKey(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsKey);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  const message = value as Message;
  if (typeof message.typeUrl === "string" && message.value instanceof Uint8Array) {
    const inner = unpackAny({ typeUrl: message.typeUrl, value: message.value });
    return inner !== undefined && holdsKey(inner.message);
  }
  return Object.entries(message).some(
    ([field, inside]) => (field === "privateKey" && isInline(inside)) || holdsKey(inside),
  );
}

function isInline(source: unknown): boolean {
  const { inlineBytes, inlineString } = (source ?? {}) as Message;
  return inlineBytes !== undefined || inlineString !== undefined;
}

/** `VirtualHost.domains` */
const domainsField = 2;

function domainsOf(host: Uint8Array): string {
  const fields = topLevelFields(host);
  if ("illFormed" in fields) return "";
  return fields
    .filter(({ number }) => number === domainsField)
    .map(({ value }) => fromUtf8(value ?? new Uint8Array(0)))
    .join("\n");
}
