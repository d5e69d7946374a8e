/**
 * Connections that nobody should make, from raw sockets: no HTTP/2, wrong frames, wrong headers, floods. The edge
 * closes the connection, ends the stream, or bears it; the process and the other connections do not notice.
 */
import { equal } from "node:assert/strict";
import { test } from "node:test";
import { FuzzWorld } from "./edge-fuzz/fuzz-world.ts";
import { type Http2Attack, http2Attacks } from "./edge-fuzz/http2-attacks.ts";
import { randomBytes } from "./edge-fuzz/malformed.ts";
import { frameTypes, RawConnection } from "./edge-fuzz/raw-http2.ts";
import { seededRandom } from "./seeded-random.ts";

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** How often all of them are made, after a first time. */
const rounds = Number(process.env.FUZZ_RUNS ?? 1);
const timeout = 120_000 * (1 + rounds);

test("a connection that is no HTTP/2, breaks its rules or floods is told so and ended, and leaves nothing behind; nobody else notices", {
  timeout,
}, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const world = await FuzzWorld.start(t);
  const attacks = http2Attacks(randomBytes(seededRandom(seed), 512));
  const attackAll = async (): Promise<void> => {
    for (const attack of attacks) {
      const connection = new RawConnection(t, world.edge.address);
      await attack.act(connection);
      equal(await outcomeOf(connection, attack), attack.outcome, `seed ${seed}: ${attack.name}`);
      connection.socket.destroy();
      // The next change of the good clients begins behind this attack.
      await world.changed();
    }
  };
  await world.assertFlat(attackAll, { warmUps: 1, rounds });
});

/** What the edge did of it; waits for what it should do. */
async function outcomeOf(connection: RawConnection, { outcome }: Http2Attack): Promise<string> {
  connection.socket.resume();
  if (outcome === "closed") {
    await connection.closed;
    return "closed";
  }
  if (outcome.startsWith("goaway")) await connection.saw(({ type }) => type === frameTypes.goAway);
  if (outcome.startsWith("reset")) await connection.saw(({ type }) => type === frameTypes.reset);
  for (const { type, payload } of connection.frames) {
    if (type === frameTypes.goAway) return `goaway ${payload.readUInt32BE(4)}`;
    if (type === frameTypes.reset) return `reset ${payload.readUInt32BE(0)}`;
  }
  return connection.isClosed ? "closed" : "borne";
}
