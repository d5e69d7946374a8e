/** As Envoy Gateway's CRDs write sizes: whole numbers, with one of Kubernetes' suffixes. */
const pattern = /^([1-9][0-9]{0,14})(?:([KMGTPE])i|([kMGTPE]))?$/;
const powers: Readonly<Record<string, number>> = { k: 1, K: 1, M: 2, G: 3, T: 4, P: 5, E: 6 };

/** Bytes of a Kubernetes quantity such as `4M`, `4Mi` or 4194304; undefined for what is no positive whole number. */
export function quantityBytes(quantity: string | number): number | undefined {
  const [, count = "", binary, decimal] = pattern.exec(String(quantity)) ?? [];
  if (count === "") return undefined;
  if (binary !== undefined) return Number(count) * 1024 ** (powers[binary] ?? 0);
  return Number(count) * 1000 ** (decimal === undefined ? 0 : (powers[decimal] ?? 0));
}
