import type { JsonObject, JsonValue } from "@routeledger/std";
import fc, { type Arbitrary } from "fast-check";
import { pattern } from "./nasty-patterns.ts";
import {
  backendRefWith,
  extensionFilter,
  few,
  headerFilters,
  mirrorFilter,
  some,
  specOfRules,
  valueMatch,
} from "./nasty-route.ts";
import * as values from "./nasty-values.ts";
import { drawn, mostly } from "./text-arbitraries.ts";

const service = mostly(
  ["shop.Cart", "shop.v2.Cart", "Cart"],
  [".shop.Cart", "_", "shop..Cart", "shop/Cart", "shop.Cart/", "", "é", "a".repeat(1024), "a".repeat(1025)],
  drawn("aB_.1/-", 8),
);

const method = mostly(
  ["Get", "Put", "_do"],
  ["get/put", "", "Get?", "é", "toString", "m".repeat(1024), "m".repeat(1025)],
  drawn("aB_1/.", 6),
);

const methodMatch = fc.oneof(
  { arbitrary: some({ type: fc.constant("Exact"), service, method }, ["type", "service"]), weight: 4 },
  { arbitrary: some({ type: fc.constant("Exact"), method }, ["method"]), weight: 2 },
  {
    arbitrary: some({ type: fc.constant("RegularExpression"), service: pattern, method: pattern }, ["type"]),
    weight: 2,
  },
);

const match = some({ method: methodMatch, headers: few(valueMatch(values.headerName), 2) });

const filters: Arbitrary<JsonValue[]> = fc.oneof(
  { arbitrary: fc.constant([] as JsonValue[]), weight: 9 },
  { arbitrary: few(fc.oneof(...headerFilters, mirrorFilter), 2), weight: 9 },
  { arbitrary: few(fc.oneof(...headerFilters, extensionFilter), 3), weight: 1 },
);

/** The spec of a GRPCRoute, as nasty as `routeSpec`. */
export const grpcRouteSpec: Arbitrary<JsonObject> = specOfRules(
  some({
    name: fc.constantFrom("r", "s", "t"),
    matches: few(match, 4),
    filters,
    backendRefs: few(backendRefWith(filters), 3, 1),
  }),
);
