import { compareStrings } from "@routeledger/std";
import type { PartKey } from "./group-delta.ts";
import { typeNumbers } from "./resource-type.ts";

/** The order of parts everywhere: type, resource, virtual host; a shell stands before its virtual hosts. */
export function comparePartKeys(a: PartKey, b: PartKey): number {
  return (
    typeNumbers[a.type] - typeNumbers[b.type] ||
    compareStrings(a.resource, b.resource) ||
    compareStrings(a.virtualHost, b.virtualHost)
  );
}

/** One string a part, for maps, in the order of parts. Names may hold any character but a line break. */
export function partKeyText({ type, resource, virtualHost }: PartKey): string {
  return `${typeNumbers[type]}\n${resource}\n${virtualHost}`;
}
