/**
 * Hostnames of listeners and routes: lower case; `*.example.com` covers any number of labels to the left, never the
 * bare apex; `*` is what has no name and covers everything (G7).
 */
export const anyHost = "*";

const namePattern = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The name in lower case; undefined for text that is no hostname of Gateway API. */
export function parseHostname(text: string): string | undefined {
  const name = text.toLowerCase();
  return name.length <= 253 && namePattern.test(name) ? name : undefined;
}

/** Whether each host that `narrow` means is also meant by `wide`. */
export function covers(wide: string, narrow: string): boolean {
  if (wide === anyHost || wide === narrow) return true;
  if (!wide.startsWith("*.")) return false;
  const suffix = wide.slice(1);
  const name = narrow.startsWith("*.") ? narrow.slice(1) : narrow;
  return name.length > suffix.length && name.endsWith(suffix);
}

/** The more specific of two names where one covers the other; undefined when they have no host in common. */
export function intersect(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

/** The more specific first: characters of names without wildcard, then of all names (G20). */
export function compareSpecificity(a: string, b: string): number {
  return exactLength(b) - exactLength(a) || nameLength(b) - nameLength(a);
}

export function isExact(name: string): boolean {
  return !name.startsWith("*");
}

function exactLength(name: string): number {
  return isExact(name) ? name.length : 0;
}

function nameLength(name: string): number {
  return name === anyHost ? 0 : name.length;
}

/** All names that cover a host or a wildcard, itself included, most specific first: `a.b.c`, `*.b.c`, `*.c`, `*`. */
export function coveringNames(narrow: string): string[] {
  if (narrow === anyHost) return [anyHost];
  const labels = narrow.split(".");
  const wider = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
  return [...new Set([narrow, ...wider, anyHost])];
}
