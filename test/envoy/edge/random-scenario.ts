import type { Part } from "@routeledger/xds-model";
import { seededRandom } from "../../faults/seeded-random.ts";
import type { Protocol } from "../../features/xds/raw-client.ts";
import {
  certificate,
  cluster,
  endpoint,
  invalidEndpoint,
  invalidTable,
  listener,
  table,
  unbuildableCluster,
  validationContext,
} from "../../simulation/parts.ts";
import { drainMs, type Move, type Scenario, type ScriptedResponse } from "../../simulation/scenario.ts";

const clusterNames = ["a", "b", "c"];
const listenerNames = ["l", "m"];
const tableNames = ["r", "q"];
const movesOfScenario = 9;

/**
 * A server that does anything: most of it in some order that makes sense, some of it wrong. The same for one seed. No
 * cluster has a secret: when a replaced one lets go of it depends on Envoy's worker threads.
 */
export function randomScenario(seed: number, protocol: Protocol): Scenario {
  const random = seededRandom(seed);
  const chance = (of: number): boolean => random() < of;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const some = <T>(items: readonly T[], share: number): T[] => items.filter(() => chance(share));
  const salt = (): number => 1 + Math.floor(random() * 3);
  const isDelta = protocol === "delta";

  const clusters = (): ScriptedResponse => {
    const parts = some(clusterNames, 0.6).map((name) =>
      cluster(name, {
        salt: salt(),
        ...(chance(0.2) ? { serviceName: "shared" } : {}),
      }),
    );
    const bad = chance(0.12) ? [unbuildableCluster("x")] : [];
    return { type: "cluster", parts: [...parts, ...bad], removed: removedBeside(parts, clusterNames) };
  };
  const removedBeside = (parts: readonly Part[], names: readonly string[]): string[] =>
    isDelta ? some(names, 0.25).filter((name) => parts.every(({ resource }) => resource !== name)) : [];
  const endpoints = (): ScriptedResponse => {
    const names = [...clusterNames, "shared"];
    const parts = some(names, 0.7).map((name) =>
      chance(0.06) ? invalidEndpoint(name) : endpoint(name, salt()),
    );
    return { type: "endpoint", parts, removed: chance(0.2) ? removedBeside(parts, names) : [] };
  };
  const listeners = (): ScriptedResponse => {
    const parts = some(listenerNames, 0.7).map((name) =>
      listener(name, {
        salt: salt(),
        ...(chance(0.8) ? { table: pick(tableNames) } : {}),
        ...(chance(0.1) ? { secret: "t" } : {}),
      }),
    );
    return { type: "listener", parts, removed: removedBeside(parts, listenerNames) };
  };
  const tables = (): ScriptedResponse => ({
    type: "route",
    parts: some(tableNames, 0.8).map((name) =>
      chance(0.05) ? invalidTable(name) : table(name, "a", salt()),
    ),
  });
  const secrets = (): ScriptedResponse => ({
    type: "secret",
    parts: [validationContext("s", salt()), certificate("t", salt() > 1 ? 2 : 1)],
  });
  const others = [clusters, endpoints, endpoints, listeners, tables, tables, secrets];
  const next = (): Move => {
    if (chance(0.12)) return { do: "reconnect" };
    const first = pick([clusters, endpoints, listeners, tables, secrets])();
    return { do: "send", responses: chance(0.4) ? [first, pick(others)()] : [first] };
  };
  const begin: Move[] = [
    { do: "send", responses: [clusters()] },
    { do: "send", responses: [endpoints()] },
  ];
  const rest = Array.from({ length: movesOfScenario - begin.length }, next);
  const moves = [...begin, ...rest].flatMap((move) => (changesListeners(move) ? [move, drained] : [move]));
  return { name: `seed ${seed}`, protocols: [protocol], moves };
}

/** When a drain ends must not decide in which move it is seen. */
const drained: Move = { do: "pass", ms: drainMs + 500 };

function changesListeners(move: Move): boolean {
  return move.do === "send" && move.responses.some(({ type }) => type === "listener");
}

/** One line a move: what was sent. */
export function textOfMoves({ moves }: Scenario): string {
  return moves.map((move, index) => `${index + 1}: ${textOfMove(move)}`).join("\n");
}

function textOfMove(move: Move): string {
  if (move.do !== "send") return move.do;
  return move.responses
    .map(({ type, parts, removed = [] }) =>
      [
        type,
        ...parts.map(({ resource, digest }) => `${resource}#${digest.slice(0, 3)}`),
        ...removed.map((name) => `-${name}`),
      ].join(" "),
    )
    .join(", ");
}
