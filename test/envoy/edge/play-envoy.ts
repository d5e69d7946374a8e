import type { TestContext } from "node:test";
import { bootstrap } from "@routeledger/translation";
import { freePorts } from "../../conformance/free-ports.ts";
import { defaultGroup } from "../../features/xds/edge-world.ts";
import { type Move, quietMs, type Scenario, seenRequest, type Trace } from "../../simulation/scenario.ts";
import type { Variant } from "./envoy-world.ts";
import { ScriptedServer } from "./scripted-server.ts";
import { TestEnvoy } from "./test-envoy.ts";

export interface PlayOptions extends Variant {
  /** How many times longer than `quietMs` nothing must come until a move is over. Default 1. */
  readonly patience?: number;
}

/** What a real Envoy sends after each move of a scenario; `scenario.ts` says how it is driven. */
export async function playEnvoy(
  test: TestContext,
  { moves }: Scenario,
  { version, protocol, patience = 1 }: PlayOptions,
): Promise<Trace> {
  const [port = 0] = await freePorts(1);
  const server = new ScriptedServer(protocol, port);
  test.after(() => server.stop());
  await server.start();
  const edges = [{ host: "127.0.0.1", port }];
  const made = bootstrap({ gateway: defaultGroup, nodeId: "envoy-1", edges, protocol });
  const envoy = await TestEnvoy.start(version, waitingForEver(made));
  test.after(() => envoy.stop());
  await server.untilStream(1);
  const trace: Trace[number][] = [];
  let taken = 0;
  let responses = 0;
  const takeMove = async (): Promise<void> => {
    await quiet(server, quietMs * patience);
    const requests = server.requests.slice(taken);
    taken = server.requests.length;
    trace.push(
      requests.flatMap(({ type, decoded }) => (type === undefined ? [] : [seenRequest(type, decoded)])),
    );
  };
  await takeMove();
  for (const move of moves) {
    responses = await play(server, move, responses);
    await takeMove();
  }
  await envoy.stop();
  server.stop();
  return trace;
}

/** Returns how many responses were sent by then. */
async function play(server: ScriptedServer, move: Move, responses: number): Promise<number> {
  if (move.do === "reconnect") await server.reconnect();
  if (move.do === "pass") await new Promise((resolve) => setTimeout(resolve, move.ms));
  if (move.do !== "send") return responses;
  let sent = responses;
  for (const response of move.responses) {
    sent++;
    server.send({ ...response, nonce: String(sent), version: `v${sent}` });
  }
  return sent;
}

/** Resolves when nothing came for so long. */
async function quiet(server: ScriptedServer, ms: number): Promise<void> {
  const start = performance.now();
  for (;;) {
    const last = Math.max(start, server.requests.at(-1)?.receivedAtMs ?? 0);
    if (performance.now() - last >= ms) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Listeners and clusters themselves have no fetch timeout. */
function waitingForEver(made: ReturnType<typeof bootstrap>): ReturnType<typeof bootstrap> {
  const source = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  const { ads_config } = Object(made.dynamic_resources);
  return { ...made, dynamic_resources: { ads_config, cds_config: source, lds_config: source } };
}
