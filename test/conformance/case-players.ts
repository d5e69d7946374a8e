import { randomUUID } from "node:crypto";
import type { StepArguments } from "./case.ts";
import { mismatches } from "./compare-answer.ts";
import { webSocketMismatches } from "./echo-websocket.ts";
import { exchange } from "./http-exchange.ts";
import { type Player, wanted } from "./player.ts";

const infra = "gateway-conformance-infra";
const suiteGateway = `same-namespace.${infra}.gw`;
const roundTrips = 20;
const consecutive = 3;
const webSocketTimeoutMs = 5_000;
const raw = "RAW CaptureRoundTrip";

/** For helpers whose recorded arguments do not say what the case looks for: by case and helper. */
export const casePlayers: Readonly<Record<string, Readonly<Record<string, Player>>>> = {
  HTTPRouteRequestHeaderModifierBackendWeights: {
    /** Whichever backend answers got the header of its own backendRef. */
    [raw]: async (system) => {
      const target = await system.target(suiteGateway, 80);
      for (let count = 0; count < roundTrips; count++) {
        const { echo, status } = await exchange(target, { Request: { Path: "/" } });
        const header = echo?.headers.Backend?.join(",") ?? "";
        if (header === "" || !echo?.pod.startsWith(`${header}-`))
          return [`status ${status} of pod ${echo?.pod}: the header Backend is "${header}"`];
      }
      return [];
    },
  },
  HTTPRouteRetry: {
    [raw]: retried([[200], [500], [503], [200], [500], [200], [502], [200], [503], [200], [504]]),
  },
  HTTPRouteRetryConnectionError: { [raw]: retried([[200], [500, 503]]) },
  HTTPRouteRetryWithTimeouts: { [raw]: retried([[200], [504], [200], [504]]) },
};

/**
 * The step's name begins with the number of its request; each request has a uuid of its own, by which the backend counts.
 * @param statuses by number of the request
 */
function retried(statuses: readonly (readonly number[])[]): Player {
  return async (system, { sub = "", args }) => {
    const StatusCodes = wanted(statuses[Number.parseInt(sub, 10)], `a request's number, got ${sub}`);
    const { pathname, searchParams } = new URL(wanted(args.url, "a URL"));
    const target = await system.target(suiteGateway, 80);
    for (let count = 0; count < consecutive; count++) {
      searchParams.set("uuid", randomUUID());
      const Request = { Path: `${pathname}?${searchParams}` };
      const expected = { Request, Response: { StatusCodes }, Backend: "infra-backend-v3", Namespace: infra };
      const wrong = mismatches(expected, await exchange(target, expected), target);
      if (wrong.length > 0) return wrong;
    }
    return [];
  };
}

/** What the suite's Go code asks behind a case's recorded steps. */
export const lastSteps: Readonly<
  Record<string, { readonly fn: string; readonly args: StepArguments; play: Player }>
> = {
  GatewayStaticAddresses: {
    fn: "the usable address alone stands in the status",
    args: {},
    play: async (system) => {
      const gateway = await system.get("Gateway", infra, "gateway-static-addresses");
      const { spec, status } = gateway as unknown as Record<"spec" | "status", { addresses?: object[] }>;
      const [wanted, got] = [JSON.stringify(spec.addresses), JSON.stringify(status?.addresses)];
      return wanted === got ? [] : [`addresses: expected ${wanted}, got ${got}`];
    },
  },
  HTTPRouteBackendProtocolWebSocket: {
    fn: "a text that is sent over a WebSocket comes back",
    args: {},
    play: async (system) => {
      const { host, port } = await system.target(suiteGateway, 80);
      return webSocketMismatches(`ws://${host}:${port}/ws`, webSocketTimeoutMs);
    },
  },
};
