import type { Player } from "./player.ts";
import { requestPlayers } from "./request-players.ts";
import { statusPlayers } from "./status-players.ts";

/** The suite's helpers that are played; a case that needs another one cannot run. */
export const players: Readonly<Record<string, Player>> = { ...statusPlayers, ...requestPlayers };
