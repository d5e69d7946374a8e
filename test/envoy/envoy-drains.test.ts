/** Which changes of a listener end connections, and when the new one serves: seen again with a scripted server. */
import { equal, ok } from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Part } from "@routeledger/xds-model";
import {
  answering,
  certificateSecret,
  type HttpListenerChoices,
  httpChain,
  httpListener,
  serverTls,
} from "./edge/envoy-parts.ts";
import { type Variant, variants } from "./edge/envoy-world.ts";
import { KeptConnection } from "./edge/kept-connection.ts";
import { type ScriptedPorts, ScriptedWorld } from "./edge/scripted-world.ts";
import { certificateA, certificateB } from "./edge/test-certificates.ts";

/** The other filter chain is for whoever comes from here. */
const otherAddress = "127.0.0.2";

for (const variant of variants) {
  describe(`${variant.name} drains`, { concurrency: 4 }, () => {
    test("[E] 1.3.9: the same listener again, and a changed route table, close no connection", async (t) => {
      const world = await start(t, variant);
      const kept = await connection(t, world.port);
      equal(await kept.status(), "204");
      await world.server.sendAndWait({ type: "listener", parts: [twoChains(world)] });
      await world.server.sendAndWait({ type: "route", parts: [answering("r", 418)] });
      equal(await kept.status(), "418");
      equal(await world.envoy.stat("listener_manager.listener_modified"), 0);
    });

    test("[E] 1.3.9: a filter chain that changes drains its own connections and no others", async (t) => {
      const world = await start(t, variant);
      const kept = await connection(t, world.port);
      const drained = await connection(t, world.port, otherAddress);
      equal(await drained.status(), "204");
      const changed = twoChains(world, { otherServerName: "changed" });
      equal((await world.server.sendAndWait({ type: "listener", parts: [changed] })).kind, "ack");
      await world.envoy.until("end of the drained connection", async () => drained.isClosed);
      equal(await world.envoy.stat("listener_manager.listener_in_place_updated"), 1);
      equal(await kept.status(), "204");
      ok(!kept.isClosed, "the other chain's connection goes on");
    });

    test("[E] 1.3.9: a filter chain that goes leaves the connections of the other alone", async (t) => {
      const world = await start(t, variant);
      const kept = await connection(t, world.port);
      const drained = await connection(t, world.port, otherAddress);
      equal(await drained.status(), "204");
      const one = httpListener("l", { port: world.port, table: "r" });
      await world.server.sendAndWait({ type: "listener", parts: [one] });
      await world.envoy.until("end of the drained connection", async () => drained.isClosed);
      equal(await kept.status(), "204");
    });

    for (const [field, change] of [
      ["a limit", { bufferBytesMax: 65_536 }],
      ["metadata", { metadata: "changed" }],
    ] as const) {
      test(`[E] 1.3.9: ${field} of the listener itself drains all its connections`, async (t) => {
        const world = await start(t, variant);
        const [one, other] = [await connection(t, world.port), await connection(t, world.port, otherAddress)];
        await Promise.all([one.status(), other.status()]);
        await world.server.sendAndWait({ type: "listener", parts: [twoChains(world, change)] });
        await world.envoy.until("end of both", async () => one.isClosed && other.isClosed);
        equal(await world.status(), "204");
      });
    }

    test("[E] 1.3.9: the ACK of a listener comes while the old one serves, and the ACK of its new table says that the new one does", async (t) => {
      const world = await start(t, variant);
      const { server } = world;
      server.answer([], []);
      const moved = httpListener("l", { port: world.port, table: "r2" });
      equal((await server.sendAndWait({ type: "listener", parts: [moved] })).kind, "ack");
      equal(await world.status(), "204");
      await server.until("request for the table", ({ names }) => names.includes("r2"));
      await server.sendAndWait({ type: "route", parts: [answering("r2", 418)] });
      await world.envoy.until("answer of the new one", async () => (await world.status()) === "418");
    });

    test("[E] 1.3.9: a certificate that rotates closes no connection", async (t) => {
      const secured = ({ port }: ScriptedPorts): Part[] => [
        httpListener("l", { port, transportSocket: serverTls("certificate") }),
        certificateSecret("certificate", certificateA),
      ];
      const world = await ScriptedWorld.start(t, variant, secured);
      const kept = await connection(t, world.port, undefined, true);
      equal(await kept.status(), "204");
      await world.server.sendAndWait({
        type: "secret",
        parts: [certificateSecret("certificate", certificateB)],
      });
      equal(await kept.status(), "204");
    });
  });
}

async function start(t: TestContext, variant: Variant): Promise<ScriptedWorld> {
  return ScriptedWorld.start(t, variant, (ports) => [twoChains(ports), answering("r", 204)]);
}

/** One filter chain for everybody, and one for whoever comes from the other address. */
function twoChains(
  { port }: ScriptedPorts,
  {
    otherServerName = "",
    ...more
  }: { readonly otherServerName?: string } & Partial<HttpListenerChoices> = {},
): Part {
  const sourcePrefixRanges = [{ addressPrefix: otherAddress, prefixLen: { value: 32 } }];
  const other = {
    ...httpChain({ table: "r", serverName: otherServerName }),
    name: "other",
    filterChainMatch: { sourcePrefixRanges },
  };
  return httpListener("l", { port, table: "r", moreChains: [other], ...more });
}

async function connection(
  t: TestContext,
  port: number,
  from = "127.0.0.1",
  tls = false,
): Promise<KeptConnection> {
  const opened = await KeptConnection.open(port, { from, tls });
  t.after(() => opened.close());
  return opened;
}
