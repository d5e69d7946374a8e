/** Whether two values are the same plain data, at any depth. Costs little where they share parts. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameValue(item, b[index]))
    );
  }
  const [of, other] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    of.length === other.size &&
    of.every(([name, value]) => other.has(name) && sameValue(value, other.get(name)))
  );
}
