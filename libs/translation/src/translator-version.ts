/**
 * Of which translator bytes are. Raise it whenever an output changes for an input that stays the same: the golden
 * files remember which version wrote them.
 */
export const translatorVersion = 2;
