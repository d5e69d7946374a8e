/** The four ways in which a client speaks to an edge (rule 1), and how a scenario says in which of them it differs. */
import type { Protocol } from "./raw-client.ts";

export interface Variant {
  readonly protocol: Protocol;
  /** `ads`: all types on one stream; `perType`: each type on a stream of a service of its own. */
  readonly services: "ads" | "perType";
  /** For people. */
  readonly name: string;
}

export const variants: readonly Variant[] = (["ads", "perType"] as const).flatMap((services) =>
  (["sotw", "delta"] as const).map((protocol) => ({
    protocol,
    services,
    name: `${protocol} ${services === "ads" ? "ADS" : "per type"}`,
  })),
);

/** What is in a list for some variants only. */
export class Only<T> {
  readonly items: readonly Choice<T>[];
  readonly #holds: (variant: Variant) => boolean;

  constructor(holds: (variant: Variant) => boolean, items: readonly Choice<T>[]) {
    this.#holds = holds;
    this.items = items;
  }

  holds(variant: Variant): boolean {
    return this.#holds(variant);
  }
}

export type Choice<T> = T | Only<T>;

export function sotw<T>(...items: Choice<T>[]): Only<T> {
  return new Only(({ protocol }) => protocol === "sotw", items);
}

export function delta<T>(...items: Choice<T>[]): Only<T> {
  return new Only(({ protocol }) => protocol === "delta", items);
}

export function ads<T>(...items: Choice<T>[]): Only<T> {
  return new Only(({ services }) => services === "ads", items);
}

export function perType<T>(...items: Choice<T>[]): Only<T> {
  return new Only(({ services }) => services === "perType", items);
}

/** The items of a list that are there in the variant, in order. */
export function chosen<T>(items: readonly Choice<T>[], variant: Variant): T[] {
  return items.flatMap((item) => {
    if (!(item instanceof Only)) return [item];
    return item.holds(variant) ? chosen(item.items as readonly Choice<T>[], variant) : [];
  });
}
