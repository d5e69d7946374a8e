import { stringify } from "yaml";

/**
 * YAML as kubectl and every other reader take it back: words that YAML 1.1 reads as something else (`yes`, `on`) are
 * quoted, long lines stay whole, nothing is an alias.
 */
export function toYaml(value: unknown, options: { readonly sorted?: boolean } = {}): string {
  const { sorted = false } = options;
  return stringify(value, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    compat: "yaml-1.1",
    sortMapEntries: sorted,
  });
}
