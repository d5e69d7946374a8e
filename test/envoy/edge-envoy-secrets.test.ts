/** Secrets and extension configs, which a listener waits for: a real Envoy behind an edge, snapshots made by hand. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { type MessageTypes, packAny } from "@routeledger/protos";
import type { Part } from "@routeledger/xds-model";
import { partOf } from "@routeledger/xds-model/testing";
import { EnvoyWorld, noFaults, variants } from "./edge/envoy-world.ts";
import { certificateA, certificateB, type TestCertificate } from "./edge/test-certificates.ts";
import { TlsLoad } from "./edge/tls-load.ts";

type HttpFilter = MessageTypes["envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"];
type TransportSocket = MessageTypes["envoy.config.core.v3.TransportSocket"];

/** Less than Envoy's own 15 s of waiting for what was not sent again, milliseconds. */
const recoveryMaxMs = 1_000;

for (const variant of variants) {
  test(`rule 43, ${variant.name}: a certificate rotates, its reference changes, and no handshake fails`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port }) => tlsParts(port, certificateA));
    const { envoy, port } = world;
    const load = new TlsLoad(port);
    t.after(() => load.stop());
    await load.more(5, "a.example 204");
    await world.publish(tlsParts(port, certificateB));
    await load.more(5, "b.example 204");
    equal(await envoy.stat("listener_manager.listener_modified"), 0);
    for (let change = 1; change <= 5; change++) {
      await world.publish(tlsParts(port, certificateB, { fetchTimeoutSeconds: 5 + change }));
      const tookMs = await envoy.until(
        `listener ${change}`,
        async () =>
          (await envoy.stat("listener_manager.listener_modified")) === change &&
          (await envoy.stat("listener_manager.total_listeners_warming")) === 0,
      );
      ok(tookMs < recoveryMaxMs, `live within ${recoveryMaxMs} ms, got ${tookMs}`);
      await load.more(5, "b.example 204");
    }
    ok(
      load.hasOnly("a.example 204", "b.example 204"),
      `no other answers, got ${JSON.stringify(load.counts)}`,
    );
    deepEqual(await world.faults(), noFaults);
    t.diagnostic(JSON.stringify(load.counts));
  });

  test(`rule 34 and 43, ${variant.name}: an extension config changes, goes and comes back, and none is missed`, async (t) => {
    const world = await EnvoyWorld.start(t, variant, ({ port }) => extensionParts(port, 418));
    const { envoy, port } = world;
    const load = world.load();
    await load.more(10, "418");
    await world.publish(extensionParts(port, 419));
    await load.more(10, "419");
    for (let round = 1; round <= 3; round++) {
      await world.publish(extensionParts(port, undefined));
      await load.more(10, "204");
      await world.publish(extensionParts(port, 419));
      const start = performance.now();
      await load.more(10, "419");
      ok(performance.now() - start < recoveryMaxMs, `back within ${recoveryMaxMs} ms`);
    }
    ok(load.hasOnly("418", "419", "204"), `no other answers, got ${JSON.stringify(load.counts)}`);
    equal(await envoy.stat("listener_manager.total_listeners_warming"), 0);
    deepEqual(await world.faults(), noFaults);
    t.diagnostic(JSON.stringify(load.counts));
  });
}

/** A TLS listener that answers 204, with its certificate as a secret. */
function tlsParts(
  port: number,
  { certificate, privateKey }: TestCertificate,
  { fetchTimeoutSeconds = 5 }: { readonly fetchTimeoutSeconds?: number } = {},
): Part[] {
  const sdsConfig = {
    ads: {},
    resourceApiVersion: "V3",
    initialFetchTimeout: { seconds: fetchTimeoutSeconds },
  } as const;
  const transportSocket: TransportSocket = {
    name: "envoy.transport_sockets.tls",
    typedConfig: packAny("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
      commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: "certificate", sdsConfig }] },
    }),
  };
  const secret = partOf("secret", "certificate", {
    tlsCertificate: {
      certificateChain: { inlineString: certificate },
      privateKey: { inlineString: privateKey },
    },
  });
  return [httpListener(port, [], transportSocket), secret];
}

/** A listener that answers 204, or with the status of a fault filter that is an extension config. */
function extensionParts(port: number, status: number | undefined): Part[] {
  if (status === undefined) return [httpListener(port, [])];
  const filter: HttpFilter = {
    name: "fault",
    configDiscovery: {
      configSource: { ads: {}, resourceApiVersion: "V3", initialFetchTimeout: { seconds: 5 } },
      typeUrls: ["type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"],
    },
  };
  const percentage = { numerator: 100, denominator: "HUNDRED" } as const;
  const typedConfig = packAny("envoy.extensions.filters.http.fault.v3.HTTPFault", {
    abort: { httpStatus: status, percentage },
  });
  return [httpListener(port, [filter]), partOf("extensionConfig", "fault", { typedConfig })];
}

function httpListener(port: number, filters: readonly HttpFilter[], transportSocket?: TransportSocket): Part {
  const router: HttpFilter = {
    name: "envoy.filters.http.router",
    typedConfig: packAny("envoy.extensions.filters.http.router.v3.Router", {}),
  };
  const routes = [{ match: { prefix: "/" }, directResponse: { status: 204 } }];
  const typedConfig = packAny(
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    {
      statPrefix: "l",
      routeConfig: { name: "inline", virtualHosts: [{ name: "all", domains: ["*"], routes }] },
      httpFilters: [...filters, router],
    },
  );
  const manager = { name: "envoy.filters.network.http_connection_manager", typedConfig };
  return partOf("listener", "l", {
    address: { socketAddress: { address: "127.0.0.1", portValue: port } },
    filterChains: [{ filters: [manager], ...(transportSocket === undefined ? {} : { transportSocket }) }],
  });
}
