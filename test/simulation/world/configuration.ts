/** What is wanted, as few words as random histories need, and the closed set of resources that it makes. */
import { type Part, type ResourceType, referencesOf } from "@routeledger/xds-model";
import {
  certificate,
  cluster,
  endpoint,
  invalidCluster,
  invalidEndpoint,
  invalidTable,
  listener,
  table,
  unbuildableCluster,
  unbuildableListener,
  validationContext,
} from "../parts.ts";

export interface ClusterWish {
  readonly of: "cluster";
  readonly name: string;
  readonly salt: number;
  /** Its endpoints have a name that other clusters share. */
  readonly isShared: boolean;
  readonly secret: string | undefined;
  readonly isHealthChecked: boolean;
  /** 0: no hosts. */
  readonly port: number;
  readonly bad: "field" | "build" | "endpoints" | undefined;
}

export interface TableWish {
  readonly of: "table";
  readonly name: string;
  readonly cluster: string;
  readonly salt: number;
  readonly isBad: boolean;
}

export interface ListenerWish {
  readonly of: "listener";
  readonly name: string;
  /** Without one its routes are inside. */
  readonly table: string | undefined;
  /** Of the routes inside. */
  readonly cluster: string | undefined;
  readonly salt: number;
  readonly secret: string | undefined;
  readonly fetchTimeoutMs: number;
  readonly isBad: boolean;
}

export interface SecretWish {
  readonly of: "secret";
  readonly name: string;
  readonly salt: number;
}

export type Wish = ClusterWish | TableWish | ListenerWish | SecretWish;
/** One change of what is wanted; `nothing`: it is deleted. */
export type Edit = Wish | { readonly of: "nothing"; readonly was: Wish["of"]; readonly name: string };

export type Wishes = ReadonlyMap<string, Wish>;

/** How long what waits in a proxy for a resource waits before it gives up, milliseconds. */
export const fetchTimeoutMs = 15_000;
const sharedName = "shared";

export function edited(wishes: Wishes, edits: readonly Edit[]): Wishes {
  const next = new Map(wishes);
  for (const edit of edits) {
    if (edit.of === "nothing") next.delete(`${edit.was} ${edit.name}`);
    else next.set(`${edit.of} ${edit.name}`, edit);
  }
  return next;
}

/** The same without what a proxy rejects: mended, or taken away. */
export function mended(wishes: Wishes, isRemoved: boolean): Wishes {
  const next = new Map<string, Wish>();
  for (const [key, wish] of wishes) {
    const isBad = wish.of === "cluster" ? wish.bad !== undefined : wish.of !== "secret" && wish.isBad;
    if (!isBad) next.set(key, wish);
    else if (!isRemoved && wish.of === "cluster") next.set(key, { ...wish, bad: undefined });
    else if (!isRemoved && wish.of !== "secret") next.set(key, { ...wish, isBad: false } as Wish);
  }
  return next;
}

/** Resources of a closed configuration: what is referred to and not wished for is there in its plainest form. */
export function partsOf(wishes: Wishes): Part[] {
  const parts = new Map<string, Part>();
  const add = (part: Part): void => void parts.set(`${part.type} ${part.resource}`, part);
  for (const wish of wishes.values()) addWish(wish, wishes, add);
  for (const name of dangling(parts, "route")) add(table(name, "a"));
  for (const name of dangling(parts, "cluster")) add(cluster(name, { fetchTimeoutMs }));
  for (const name of dangling(parts, "endpoint")) add(endpoint(name));
  return [...parts.values()];
}

function addWish(wish: Wish, wishes: Wishes, add: (part: Part) => void): void {
  switch (wish.of) {
    case "cluster":
      addCluster(wish, wishes, add);
      break;
    case "table":
      add(wish.isBad ? invalidTable(wish.name) : table(wish.name, wish.cluster, wish.salt));
      break;
    case "listener":
      addListener(wish, wishes, add);
      break;
    case "secret":
      break;
  }
}

function addCluster(wish: ClusterWish, wishes: Wishes, add: (part: Part) => void): void {
  const { name, salt, isShared, secret, isHealthChecked, port, bad } = wish;
  const serviceName = isShared ? sharedName : "";
  const options = { salt, serviceName, isHealthChecked, fetchTimeoutMs };
  if (bad === "field") add(invalidCluster(name));
  else if (bad === "build") add(unbuildableCluster(name));
  else add(cluster(name, secret === undefined ? options : { ...options, secret }));
  if (bad === "field" || !isShared) add(bad === "endpoints" ? invalidEndpoint(name) : endpoint(name, port));
  else if (bad !== "build") add(endpoint(sharedName, port));
  if (secret !== undefined) add(validationContext(secret, saltOf(wishes, secret)));
}

function addListener(wish: ListenerWish, wishes: Wishes, add: (part: Part) => void): void {
  const { name, salt, secret, isBad } = wish;
  if (isBad) {
    add(unbuildableListener(name));
    return;
  }
  add(
    listener(name, {
      salt,
      fetchTimeoutMs: wish.fetchTimeoutMs,
      ...(wish.table === undefined ? {} : { table: wish.table }),
      ...(wish.table !== undefined || wish.cluster === undefined ? {} : { cluster: wish.cluster }),
      ...(secret === undefined ? {} : { secret }),
    }),
  );
  if (secret !== undefined) add(certificate(secret, saltOf(wishes, secret)));
}

function saltOf(wishes: Wishes, secret: string): number {
  const wish = wishes.get(`secret ${secret}`);
  return wish?.of === "secret" ? wish.salt : 1;
}

function dangling(parts: ReadonlyMap<string, Part>, type: ResourceType): string[] {
  const names = new Set<string>();
  for (const part of parts.values())
    for (const reference of referencesOf(part))
      if (reference.type === type && !parts.has(`${type} ${reference.name}`)) names.add(reference.name);
  return [...names];
}
