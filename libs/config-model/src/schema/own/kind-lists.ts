/** The lists of an Extension that declare kinds: of filters, of policies, of backends. */
export const kindLists = ["resources", "policyResources", "backendResources"] as const;

export type KindList = (typeof kindLists)[number];
