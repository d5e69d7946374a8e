import type { StepArguments } from "./case.ts";
import { webSocketMismatches } from "./echo-websocket.ts";
import { exchange } from "./http-exchange.ts";
import type { Player } from "./play-step.ts";

const suiteGateway = "same-namespace.gateway-conformance-infra.gw";
const roundTrips = 20;
const webSocketTimeoutMs = 5_000;

/** For helpers whose recorded arguments do not say what the case looks for: by case and helper. */
export const casePlayers: Readonly<Record<string, Readonly<Record<string, Player>>>> = {
  HTTPRouteRequestHeaderModifierBackendWeights: {
    /** Whichever backend answers got the header of its own backendRef. */
    "RAW CaptureRoundTrip": async (system) => {
      const port = system.ports.ofAddress(suiteGateway);
      for (let count = 0; count < roundTrips; count++) {
        const { echo, status } = await exchange(port, { Request: { Path: "/" } });
        const header = echo?.headers.Backend?.join(",") ?? "";
        if (header === "" || !echo?.pod.startsWith(`${header}-`))
          return [`status ${status} of pod ${echo?.pod}: the header Backend is "${header}"`];
      }
      return [];
    },
  },
};

/** What the suite's Go code asks behind a case's recorded steps. */
export const lastSteps: Readonly<
  Record<string, { readonly fn: string; readonly args: StepArguments; play: Player }>
> = {
  HTTPRouteBackendProtocolWebSocket: {
    fn: "a text that is sent over a WebSocket comes back",
    args: {},
    play: (system) =>
      webSocketMismatches(`ws://127.0.0.1:${system.ports.ofAddress(suiteGateway)}/ws`, webSocketTimeoutMs),
  },
};
