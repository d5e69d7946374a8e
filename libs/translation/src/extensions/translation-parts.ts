import { topLevelFields } from "@routeledger/protos";
import { concatBytes } from "@routeledger/std";
import type { Part, ResourceType } from "@routeledger/xds-model";
import { type ResourceKind, resourceKinds, resourceName } from "./resource-names.ts";

/** The lists of the translation hook that are asked about. Secrets are not: an extension would see keys. */
export const askedLists = ["clusters", "listeners", "routes"] as const;
export type AskedList = (typeof askedLists)[number];

export const listTypes: Readonly<Record<AskedList, ResourceType>> = {
  clusters: "cluster",
  listeners: "listener",
  routes: "route",
};

/** What answers to a translation are kept by: a whole resource, or of a route table its shell or one virtual host. */
export interface AnsweredPart {
  readonly list: AskedList;
  readonly resource: string;
  /** Empty but for a virtual host. */
  readonly virtualHost: string;
}

/** No name of a resource holds it (`judgeTranslation`). */
const separator = "\n";

/** The point's name. */
export function answeredName({ list, resource, virtualHost }: AnsweredPart): string {
  return `${list}/${resource}${virtualHost === "" ? "" : separator}${virtualHost}`;
}

/** What `answeredName` was given; undefined for other names. */
export function answeredPart(name: string): AnsweredPart | undefined {
  const list = askedLists.find((one) => name.startsWith(`${one}/`));
  if (list === undefined) return undefined;
  const [resource = "", virtualHost = ""] = name.slice(list.length + 1).split(separator);
  return { list, resource, virtualHost };
}

/** The list that a part is asked in; undefined for types that are not asked about. */
export function listOfPart({ type }: Part): AskedList | undefined {
  return askedLists.find((list) => listTypes[list] === type);
}

export function kindOfPart({ list, virtualHost }: AnsweredPart): ResourceKind {
  return virtualHost === "" ? resourceKinds[list] : resourceKinds.VirtualHost;
}

/** `RouteConfiguration.virtual_hosts` */
const virtualHostsField = 2;

/** The parts of an encoded resource: of a route table the shell, then its virtual hosts in their order. */
export function splitResource(
  list: AskedList,
  bytes: Uint8Array,
): (AnsweredPart & { readonly bytes: Uint8Array })[] {
  const resource = resourceName(resourceKinds[list], bytes);
  if (list !== "routes") return [{ list, resource, virtualHost: "", bytes }];
  const fields = topLevelFields(bytes);
  if ("illFormed" in fields) return [];
  const isHost = ({ number }: { readonly number: number }) => number === virtualHostsField;
  const shell = concatBytes(fields.filter((field) => !isHost(field)).map((field) => field.bytes));
  const hosts = fields.filter(isHost).flatMap(({ value }) => value ?? []);
  return [
    { list, resource, virtualHost: "", bytes: shell },
    ...hosts.map((host) => ({
      ...{ list, resource, bytes: host },
      virtualHost: resourceName(resourceKinds.VirtualHost, host),
    })),
  ];
}

/** Whether the parts of a resource say the same as it does: hosts have names, each its own. */
export function isSplittable(list: AskedList, bytes: Uint8Array): boolean {
  const parts = splitResource(list, bytes);
  return new Set(parts.map(answeredName)).size === parts.length;
}
