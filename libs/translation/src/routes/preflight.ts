import type { HttpMatch } from "./match.ts";

/**
 * The match of the preflights of a match with a method, which are OPTIONS and which it would never see (G59): those
 * that ask for its method, all other conditions kept. Undefined where the match sees them itself.
 */
export function preflightOf(match: HttpMatch): HttpMatch | undefined {
  const { headers = [], ...conditions } = match.conditions;
  const asked = headers.find(({ name }) => name === ":method")?.stringMatch;
  if (asked === undefined || asked.exact === "OPTIONS") return undefined;
  const others = headers.filter(({ name }) => name !== ":method");
  return {
    ...match,
    conditions: {
      ...conditions,
      headers: [
        { name: ":method", stringMatch: { exact: "OPTIONS" } },
        { name: "origin", presentMatch: true },
        { name: "access-control-request-method", stringMatch: asked },
        ...others,
      ],
    },
  };
}
